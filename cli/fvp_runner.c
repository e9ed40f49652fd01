/* The runner that -a names: which kernels it links, and how much memory it has.
 *
 * Kernels: loading a program that calls another one fails, as in ExecuTorch (Method::resolve_operator,
 * runtime/executor/method.cpp). Of an ELF, a kernel is linked when its registered name stands in the file, as
 * a string of its own. Of another file (nothing executes it, so that a placeholder will do): what
 * setup_testing.sh links into the runner of its folder's name. Of a file that is neither, and without -a:
 * every kernel that npuscope has.
 *
 * Memory: the pools of a runner that lies in a folder of setup_testing.sh's (ExecuTorch 1.5.0,
 * examples/arm/executor_runner/arm_executor_runner.cpp). What the runtime itself puts into them is not
 * counted. Of another runner nothing is known, and all that npuscope has is given. */
#include "fvp.h"

#include <inttypes.h>
#include <string.h>

#include "base/interface.h"

/* arm_executor_runner.cpp's default of ET_ARM_BAREMETAL_SEMIHOSTING_FILE_ALLOCATOR_POOL_SIZE, and what
 * setup_testing.sh sets ET_ARM_BAREMETAL_METHOD_ALLOCATOR_POOL_SIZE to. */
#define FILE_POOL ((uint64_t)60 << 20)
#define METHOD_POOL ((uint64_t)80 << 20)

/* FAST_MEMORY_REGION of arm_executor_runner.cpp, as a mem_id. */
enum { FAST_MEMORY = 3 };

/* The kind of a runner, by its folder (setup_testing.sh: build_root_test_dir); 0: none of them. */
static ns_runner kind_of_path(const char *path, const char *family)
{
    static const char folder[] = "arm_semihosting_executor_runner_";
    const char *name = strstr(path, folder);
    if (!name)
        return 0;
    if (strncmp(name + strlen(folder), "portable-ops_", strlen("portable-ops_")) != 0)
        return NS_RUNNER_STANDARD;
    return strcmp(family, "ethos-u85") == 0 ? NS_RUNNER_PORTABLE_U85 : NS_RUNNER_PORTABLE_U55;
}

ns_code ns_fvp_runner_open(const ns_fvp *fvp, const char *application, ns_arena *arena, ns_fvp_runner *out,
                           ns_error *error)
{
    static const uint8_t magic[] = {0x7f, 'E', 'L', 'F'};
    *out = (ns_fvp_runner){.fvp = fvp, .path = application};
    if (!application)
        return NS_OK;
    ns_bytes file;
    NS_TRY(ns_file_read(application, arena, &file, error));
    out->kind = kind_of_path(application, fvp->family);
    if (file.size >= sizeof magic && memcmp(file.data, magic, sizeof magic) == 0)
        out->elf = file;
    return NS_OK;
}

ns_code ns_fvp_runner_take_file(ns_fvp_runner *runner, size_t size, ns_error *error)
{
    if (runner->kind && size > FILE_POOL - runner->file_bytes)
        return ns_fail(error, NS_ERROR_MEMORY,
                       "Failed to allocate input file size:%zu (the runner has %" PRIu64
                       " bytes for the program and its inputs; another build may have more: "
                       "ET_ARM_BAREMETAL_SEMIHOSTING_FILE_ALLOCATOR_POOL_SIZE)",
                       size, FILE_POOL);
    runner->file_bytes += size;
    return NS_OK;
}

static ns_code check_planned(const ns_fvp_runner *runner, const ns_program *program, ns_error *error)
{
    uint64_t left = METHOD_POOL;
    for (int i = 1; runner->kind && i < ns_program_buffer_count(program); i++) {
        const uint64_t size = ns_program_buffer_size(program, i);
        if (size && i == FAST_MEMORY)
            return ns_fail(error, NS_ERROR_MEMORY,
                           "Planned buffer uses mem_id=%d/FAST_MEMORY_REGION, but the runner has none "
                           "(ET_ARM_BAREMETAL_PLANNED_FAST_MEMORY_SIZE is not set)",
                           i);
        if (size > left)
            return ns_fail(error, NS_ERROR_MEMORY,
                           "Could not allocate memory for planned buffer with mem_id=%d, size %" PRIu64
                           " (the runner has %" PRIu64 " bytes in all: "
                           "ET_ARM_BAREMETAL_METHOD_ALLOCATOR_POOL_SIZE)",
                           i, size, METHOD_POOL);
        left -= size;
    }
    return NS_OK;
}

/* The name with the bytes that end the string before it and itself. */
static bool has_string(ns_bytes file, const char *text)
{
    const size_t size = strlen(text) + 1;
    for (size_t at = 1; size <= file.size && at <= file.size - size; at++)
        if (file.data[at - 1] == 0 && file.data[at] == (uint8_t)text[0] &&
            memcmp(file.data + at, text, size) == 0)
            return true;
    return false;
}

static ns_code check_kernels(const ns_fvp_runner *runner, const ns_program *program, ns_arena *arena,
                             ns_error *error)
{
    const int count = runner->elf.data || runner->kind ? ns_program_kernel_count(program) : 0;
    for (int i = 0; i < count; i++) {
        const char *name = NULL;
        NS_TRY(ns_program_kernel_name(program, i, arena, &name, error));
        if (!(runner->elf.data ? has_string(runner->elf, name)
                               : ns_program_kernel_linked(program, i, runner->kind)))
            return ns_fail(error, NS_ERROR_UNSUPPORTED,
                           "Missing operator: %s: %s does not link it (a runner with it, or a program "
                           "that has the operator inside the delegate, would do)",
                           name, runner->path);
    }
    return NS_OK;
}

ns_code ns_fvp_runner_load(const ns_fvp_runner *runner, const ns_program *program, ns_arena *arena,
                           ns_error *error)
{
    NS_TRY(check_planned(runner, program, error));
    return check_kernels(runner, program, arena, error);
}

ns_code ns_fvp_runner_start(const ns_fvp_runner *runner, const ns_program *program, ns_error *error)
{
    for (int i = 0; runner->kind && i < ns_program_delegate_count(program); i++) {
        const ns_npu_stream *stream = ns_program_delegate(program, i);
        const uint64_t size = ns_npu_scratch_size(stream);
        if (size > runner->fvp->scratch)
            return ns_fail(error, NS_ERROR_MEMORY,
                           "Failed to allocate scratch buffer of %" PRIu64
                           " bytes from temp_allocator (the runner has %" PRIu64
                           ": ET_ARM_BAREMETAL_SCRATCH_TEMP_ALLOCATOR_POOL_SIZE)",
                           size, runner->fvp->scratch);
        if (!runner->fvp->fast_scratch && ns_npu_has_fast_scratch(stream))
            return ns_fail(
                error, NS_ERROR_MEMORY,
                "delegate %d uses a fast scratch memory (Vela's Dedicated_Sram), which the runner, "
                "built for Shared_Sram, does not have",
                i);
    }
    return NS_OK;
}
