/* Source: Vela 5.1.0, ethos_u55_register_cs_generator.cpp: CalcCommandWaits, UpdateMemoryAccesses. */
#include "npu/watch/internal.h"

#include <inttypes.h>
#include <string.h>

#include "npu/memory/internal.h"
#include "npu/operations/internal.h"
#include "npu/watch/rules.h"

/* Where internal memory stands beside the regions. */
#define INTERNAL NS_NPU_REGIONS

/* Of one operation: three feature maps, four weight and two scale streams, a table. */
#define MAX_ACCESSES 12

/* More than any product lets run. */
#define MAX_OUTSTANDING 8

typedef struct hazard_access {
    const char *what;
    int memory; /* region, or INTERNAL */
    int64_t low, high;
    bool write;
    bool gaps; /* the bytes between low and high are not all touched */
} hazard_access;

typedef struct hazard_job {
    size_t command;
    int count;
    hazard_access accesses[MAX_ACCESSES];
} hazard_job;

typedef struct hazard_queue {
    int limit, count; /* oldest first */
    hazard_job jobs[MAX_OUTSTANDING];
} hazard_queue;

struct ns_npu_hazards {
    hazard_queue dma, kernels;
    bool has_previous; /* block operation before this one */
    ns_npu_operation previous;
    size_t previous_command;
};

ns_npu_hazards *ns_npu_hazards_new(ns_arena *arena, int dma_limit, int kernel_limit)
{
    ns_npu_hazards *hazards = NS_ARENA_NEW(arena, ns_npu_hazards);
    if (hazards) {
        hazards->dma.limit = dma_limit;
        hazards->kernels.limit = kernel_limit;
    }
    return hazards;
}

static void drop_oldest(hazard_queue *queue, int keep)
{
    if (queue->count <= keep)
        return;
    memmove(queue->jobs, queue->jobs + (queue->count - keep), (size_t)keep * sizeof queue->jobs[0]);
    queue->count = keep;
}

static void push(hazard_queue *queue, const hazard_job *job)
{
    drop_oldest(queue, queue->limit - 1);
    queue->jobs[queue->count++] = *job;
}

static void count_hazard(ns_npu_machine *machine, bool possible)
{
    ns_npu_statistics *statistics = machine->statistics;
    if (statistics->hazards++ == 0) {
        statistics->hazard_command = machine->command;
        statistics->hazard_word = machine->commands[machine->command].word;
        statistics->hazard_name = ns_npu_running(machine);
    }
    statistics->possible_hazards += possible;
}

static void add(hazard_job *job, const char *what, int memory, int64_t low, int64_t high, bool write)
{
    if (low < high && job->count < MAX_ACCESSES)
        job->accesses[job->count++] = (hazard_access){what, memory, low, high, write, false};
}

/* False for a scalar, for a chain buffer and for accumulators that stay, whose address registers are stale.
 */
static bool in_memory(const ns_npu_map *map)
{
    return !map->scalar && !map->chain && !map->unused;
}

static void add_map(hazard_job *job, const ns_npu_map *map, bool write)
{
    int64_t low, high;
    if (!in_memory(map) || map->height <= 0 || map->width <= 0 || map->depth <= 0)
        return;
    ns_npu_map_extent(map, &low, &high);
    add(job, map->name, map->region, low, high, write);
    const ns_npu_map stored = ns_npu_map_stored(map);
    if (low < high && job->count)
        job->accesses[job->count - 1].gaps =
            high - low != stored.height * stored.width * stored.depth * map->bytes;
}

/* True when both touch the memory `region` names: fast scratch may be the same memory as scratch. */
static bool same_memory(const ns_npu_machine *machine, int a, int b)
{
    if (a == b)
        return true;
    return a != INTERNAL && b != INTERNAL && machine->regions[a].data &&
           machine->regions[a].data == machine->regions[b].data;
}

static void check(ns_npu_machine *machine, const hazard_job *job, const hazard_queue *queue, const char *wait)
{
    for (int q = 0; q < queue->count; q++)
        for (int i = 0; i < job->count; i++)
            for (int j = 0; j < queue->jobs[q].count; j++) {
                const hazard_access *now = &job->accesses[i], *before = &queue->jobs[q].accesses[j];
                if (!(now->write || before->write) || !same_memory(machine, now->memory, before->memory) ||
                    now->low >= before->high || before->low >= now->high)
                    continue;
                const bool possible = now->gaps || before->gaps;
                count_hazard(machine, possible);
                ns_npu_warn(machine,
                            "%shazard: %s %s bytes 0x%" PRIx64 " to 0x%" PRIx64
                            " of %s %d, which command %zu (%s, bytes 0x%" PRIx64 " to 0x%" PRIx64
                            ") may still be %s: %s is missing",
                            possible ? "possible " : "", now->what, now->write ? "writes" : "reads", now->low,
                            now->high, now->memory == INTERNAL ? "internal memory" : "region",
                            now->memory == INTERNAL ? 0 : now->memory, queue->jobs[q].command, before->what,
                            before->low, before->high, before->write ? "writing" : "reading", wait);
                return;
            }
}

static void check_block_dependency(ns_npu_machine *machine, const ns_npu_operation *operation)
{
    ns_npu_hazards *hazards = machine->hazards;
    const ns_npu_map *maps[2] = {&operation->ifm, &operation->ifm2};
    if (!hazards->has_previous || hazards->kernels.count == 0 || operation->block_dependency == 0 ||
        !in_memory(&hazards->previous.ofm))
        return;
    for (int i = 0; i < (operation->has_ifm2 ? 2 : 1); i++) {
        int64_t low, high, written_low, written_high;
        if (!in_memory(maps[i]) || !same_memory(machine, maps[i]->region, hazards->previous.ofm.region))
            continue;
        ns_npu_map_extent(maps[i], &low, &high);
        ns_npu_map_extent(&hazards->previous.ofm, &written_low, &written_high);
        if (low >= written_high || written_low >= high ||
            !ns_npu_jobs_collide(machine->config, operation, maps[i], &hazards->previous))
            continue;
        /* Vela's own rule leaves upscaling out of the size of a job (MLBEDSW-8498), and RESIZE has no kernel.
         */
        const bool possible = maps[i]->upscale != NS_NPU_UPSCALE_NONE || operation->kind == NS_NPU_RESIZE;
        count_hazard(machine, possible);
        ns_npu_warn(
            machine,
            "%shazard: with BLOCKDEP %d its first blocks read %s while command %zu may still write its "
            "last blocks there",
            possible ? "possible " : "", operation->block_dependency, maps[i]->name,
            hazards->previous_command);
        return;
    }
}

/* ---- events ---- */

void ns_npu_hazards_operation(ns_npu_machine *machine, const ns_npu_operation *operation)
{
    ns_npu_hazards *hazards = machine->hazards;
    if (!hazards)
        return;
    hazard_job job = {.command = machine->command};
    add_map(&job, &operation->ifm, false);
    if (operation->has_ifm2)
        add_map(&job, &operation->ifm2, false);
    add_map(&job, &operation->ofm, true);
    for (int i = 0; i < NS_WEIGHT_STREAMS_MAX; i++)
        add(&job, "weights", operation->weight_region, operation->weight_base[i],
            operation->weight_base[i] + (int64_t)operation->weight_length[i], false);
    for (int i = 0; i < 2; i++)
        add(&job, "scales", operation->scale_region, operation->scale_base[i],
            operation->scale_base[i] + (int64_t)operation->scale_length[i], false);
    add(&job, "table", INTERNAL, (int64_t)operation->table_address,
        (int64_t)(operation->table_address + ns_npu_table_size(operation->table)), false);
    check(machine, &job, &hazards->dma, "OP_DMA_WAIT");
    check_block_dependency(machine, operation);
    push(&hazards->kernels, &job);
    hazards->has_previous = true;
    hazards->previous = *operation;
    hazards->previous_command = machine->command;
}

/* Strides have 40 bits and indices 31, so that offsets need more than 64. A transfer that reaches beyond 64
 * bits faults when it runs; here it only must not be mistaken for another place. */
static int64_t clamped(__int128 value)
{
    return value > INT64_MAX ? INT64_MAX : value < INT64_MIN ? INT64_MIN : (int64_t)value;
}

static void add_side(hazard_job *job, const ns_npu_dma *dma, const ns_npu_dma_side *side, bool write)
{
    if (dma->runs == 0 || dma->groups == 0)
        return;
    const __int128 last[2] = {(side->indexed ? (__int128)dma->index_max : (__int128)dma->runs - 1) *
                                  side->stride0,
                              ((__int128)dma->groups - 1) * side->stride1};
    __int128 low = side->address, high = low + dma->length;
    for (int i = 0; i < 2; i++) {
        low += last[i] < 0 ? last[i] : 0;
        high += last[i] > 0 ? last[i] : 0;
    }
    add(job, write ? "DMA destination" : "DMA source", side->internal ? INTERNAL : side->region, clamped(low),
        clamped(high), write);
}

static void add_indices(hazard_job *job, const ns_npu_dma *dma)
{
    if (!dma->source.indexed && !dma->destination.indexed)
        return;
    const __int128 end =
        dma->index_address + (__int128)dma->runs * dma->groups * 4 + (__int128)dma->groups * dma->index_skip;
    add(job, "DMA indices", dma->index_region, dma->index_address, clamped(end), false);
}

void ns_npu_hazards_dma(ns_npu_machine *machine, const ns_npu_dma *dma)
{
    ns_npu_hazards *hazards = machine->hazards;
    if (!hazards)
        return;
    hazard_job job = {.command = machine->command};
    add_side(&job, dma, &dma->source, false);
    add_side(&job, dma, &dma->destination, true);
    add_indices(&job, dma);
    if (hazards->dma.limit > 1)
        check(machine, &job, &hazards->dma, "OP_DMA_WAIT");
    check(machine, &job, &hazards->kernels, "OP_KERNEL_WAIT");
    push(&hazards->dma, &job);
}

void ns_npu_hazards_dma_wait(ns_npu_machine *machine, int outstanding)
{
    if (machine->hazards)
        drop_oldest(&machine->hazards->dma, outstanding);
}

void ns_npu_hazards_kernel_wait(ns_npu_machine *machine, int outstanding)
{
    if (machine->hazards)
        drop_oldest(&machine->hazards->kernels, outstanding);
}
