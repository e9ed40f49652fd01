/* Planted faults behind Vela: the row must blame the compiler. */
#define _GNU_SOURCE
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "suite/internal.h"
#include "support/row.h"
#include "support/with_vela.h"

static ns_case_result run(const char *op, const char *name, const char *target, double qtol,
                          const ns_stage_hooks *hooks)
{
    ns_case_options options = {.hooks = hooks};
    const ns_suite_row row = test_row(arena, op, name, target, qtol, &options.stages);
    const ns_vela_options vela_options = {.cache = cache};
    ns_case_result result;
    ns_error error;
    ASSERT_OK(ns_suite_run_case(&row, &options, &vela, &vela_options, arena, &result, &error));
    return result;
}

static void assert_compile(const ns_case_result *result, const char *reason)
{
    assert_int_equal(result->verdict, NS_VERDICT_FAIL);
    assert_string_equal(ns_stage_blame(result->at_fault), "compile");
    if (!strstr(result->reason, reason))
        fail_msg("'%s' is not in: %s", reason, result->reason);
}

static void test_nothing_planted(void **state)
{
    (void)state;
    static const char *const targets[] = {"u55", "u65", "u85", "ethos-u85-1024"};
    for (int i = 0; i < 4; i++) {
        const ns_case_result result = run("exp", "rank1", targets[i], NAN, NULL);
        assert_int_equal(result.verdict, NS_VERDICT_PASS);
        assert_int_equal(result.stages[result.stage_count - 1].stage, NS_STAGE_NPU);
        assert_true(result.stages[result.stage_count - 1].measured);
        assert_int_equal(result.configuration_count, 0);
        assert_int_equal(result.suspect, NS_SUSPECT_NONE);
    }
}

/* NPU_SET_OFM_ZERO_POINT, code 0x118 of the commands without data (cmd0), its parameter in the upper half. */
#define OFM_ZERO_POINT 0x118u

static uint32_t crc32_of(const uint8_t *bytes, size_t size)
{
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < size; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
    }
    return ~crc;
}

/* Adds one to the last OFM_ZERO_POINT of the stream, in the member cmd_data.npy of Vela's npz, which is
 * stored without compression; the member's checksums follow. */
static ns_code change_register(void *context, ns_vela_request *request, ns_arena *memory, ns_error *error)
{
    int *changed = context;
    uint8_t *zip = ns_arena_copy(memory, request->npz, request->npz_size);
    if (!zip)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory");
    request->npz = zip;
    const size_t end = request->npz_size - 46 - 12;
    size_t entry = 0; /* of the zip's directory */
    while (entry < end &&
           (memcmp(zip + entry, "PK\1\2", 4) != 0 || memcmp(zip + entry + 46, "cmd_data.npy", 12) != 0))
        entry++;
    assert_true(entry < end);
    uint8_t *local = zip + ns_load_u32(zip + entry + 42);
    uint8_t *data = local + 30 + ns_load_u16(local + 26) + ns_load_u16(local + 28);
    const size_t size = ns_load_u32(zip + entry + 20);
    for (size_t i = size - 4; i > 0 && !*changed; i--)
        if (ns_load_u32(data + i) == OFM_ZERO_POINT) {
            data[i + 2] = 1;
            ++*changed;
        }
    ns_store_u32(local + 14, crc32_of(data, size));
    ns_store_u32(zip + entry + 16, crc32_of(data, size));
    return NS_OK;
}

static void test_a_changed_register(void **state)
{
    (void)state;
    static const char *const targets[] = {"u55", "u85"};
    for (int i = 0; i < 2; i++) {
        int changed = 0;
        const ns_case_result result =
            run("conv1d", "k3_per_channel", targets[i], 1e9,
                &(ns_stage_hooks){.context = &changed, .compiled = change_register});
        assert_int_equal(changed, 1);
        /* A few steps, far inside the tolerance. */
        assert_compile(&result, "differ from eval, at most by ");
        /* Every other configuration is compiled anew and so is right: Vela's stream is at fault. */
        assert_int_equal(result.suspect, NS_SUSPECT_VELA);
        assert_non_null(strstr(result.reason, "Vela is to be suspected: compiled with ethos-u"));
        assert_int_equal(result.configuration_count, i == 0 ? 3 + 3 : 4 + 5);
        for (int k = 0; k < result.configuration_count; k++) {
            assert_int_equal(result.configurations[k].agreement, NS_AGREEMENT_AGREES);
            assert_int_equal(result.configurations[k].differing, 0);
        }
    }
}

static ns_code refuse(void *context, ns_vela_request *request, ns_arena *memory, ns_error *error)
{
    (void)memory;
    (void)error;
    request->outcome = *(ns_vela_outcome *)context;
    request->reason = "planted";
    return NS_OK;
}

static void test_refused_and_crashed(void **state)
{
    (void)state;
    ns_vela_outcome outcome = NS_VELA_REFUSED;
    const ns_stage_hooks hooks = {.context = &outcome, .compiled = refuse};
    ns_case_result result = run("exp", "rank1", "u55", NAN, &hooks);
    assert_int_equal(result.verdict, NS_VERDICT_REJECTED);
    assert_non_null(strstr(result.reason, "planted"));
    outcome = NS_VELA_CRASHED;
    result = run("exp", "rank1", "u55", NAN, &hooks);
    assert_int_equal(result.at_fault, NS_STAGE_VELA);
    assert_compile(&result, "planted");
    assert_int_equal(result.stages[result.stage_count - 1].verdict, NS_VERDICT_SKIPPED);
}

static int run_group(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_planted),
        cmocka_unit_test(test_a_changed_register),
        cmocka_unit_test(test_refused_and_crashed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
    return with_vela(run_group);
}
