/* Programs of ExecuTorch's own tests, and of scripts/executorch/several_delegates.py, whose delegates use
 * what the captured cases do not. The expected outputs are those of tosa_reference_model in the NPU's place
 * (scripts/executorch/reference_in_place.py). */
#include "support/data.h"
#include "support/test.h"

/* Ethos-U65, memory mode Dedicated_Sram: intermediate results lie in region 2, which is larger than the
 * scratch memory and apart from it. */
static void test_fast_scratch(void **state)
{
    (void)state;
    program_case_check("dedicated_sram", 1);
}

/* A device with less fast memory than the stream uses: an access beyond it is a fault. */
static void test_fast_scratch_too_small(void **state)
{
    (void)state;
    ns_arena *arena = ns_arena_new();
    ns_error error = {0};
    ns_program_tensor output;
    const ns_npu_options options = {.fast_scratch = 16};
    assert_int_equal(program_case_run("dedicated_sram", &options, 1, arena, &output, &error),
                     NS_ERROR_UNDEFINED);
    assert_non_null(strstr(error.message, "reach outside region 2, which has 0x10 bytes"));
    ns_arena_free(arena);
}

/* Conversions from and to int32 on the CPU around the delegate; int32 inputs. */
static void test_mixed_graph(void **state)
{
    (void)state;
    program_case_check("mixed_graph", 1);
}

/* Two delegates and a convolution on the CPU between them; each delegate's results feed others, or are
 * outputs. */
static void test_several_delegates(void **state)
{
    (void)state;
    program_case_check("several_delegates_u55_a16w8", 2);
    program_case_check("several_delegates_u65_int8", 2);
    program_case_check("several_delegates_u85_a16w8", 2);
    program_case_check("several_delegates_u85_int8", 2);
}

/* Arm's own Conformer on Ethos-U55: the mask of its attention is made on the CPU, between two delegates. */
static void test_conformer(void **state)
{
    (void)state;
    program_case_check("conformer_u55", 2);
}

/* A cache of keys and values that the program keeps: one row is scattered into each of two mutable buffers.
 */
static void test_mutable_buffers(void **state)
{
    (void)state;
    program_case_check("quantised_cache_u85", 2);
}

/* Of each call of a delegate: what it was, and how often it was told. */
typedef struct seen {
    int before, after, order[4];
} seen;

static ns_code take_call(void *context, const ns_program_delegate_call *call, ns_error *error)
{
    seen *s = context;
    (void)error;
    assert_int_equal(call->input_count, 1);
    assert_int_equal(call->inputs[0].dtype, NS_DTYPE_INT16);
    if (!call->outputs)
        s->order[s->before++] = call->delegate;
    s->after += call->outputs != NULL;
    return NS_OK;
}

/* Delegates that hold TOSA graphs, run by the evaluator; a convolution on the CPU between them. The input
 * is so small that its scale is the quantiser's epsilon. */
static void test_graphs(void **state)
{
    (void)state;
    ns_arena *arena = ns_arena_new();
    ns_error error = {0};
    ns_bytes file, input;
    ns_program *program = NULL;
    ns_program_tensor output;
    ns_program_scale scale;
    seen calls = {0};
    size_t size = 0;
    program_case_check("two_delegates", 1);
    ASSERT_OK(test_data_read("program/two_delegates/program.pte", arena, &file, &error));
    ASSERT_OK(test_data_read("program/two_delegates/in0.bin", arena, &input, &error));
    ASSERT_OK(ns_program_read(file.data, file.size, NS_ACCELERATOR_UNKNOWN, arena, &program, &error));
    assert_int_equal(ns_program_delegate_count(program), 2);
    assert_string_equal(ns_program_delegate_id(program, 0), "TOSABackend");
    assert_null(ns_program_delegate(program, 0));
    assert_non_null(ns_program_delegate_graph(program, 1, &size));
    assert_true(ns_program_input_scale(program, 0, 0, &scale));
    assert_int_equal(scale.tensor, 0);
    assert_int_equal(scale.zero_point, 0);
    assert_true(scale.scale == 0x1p-12);
    assert_true(ns_program_input_scale(program, 1, 0, &scale));
    assert_int_equal(scale.tensor, -1);
    assert_true(ns_program_output_scale(program, 1, 0, &scale));
    assert_int_equal(scale.tensor, 0);
    assert_false(ns_program_input_scale(program, 1, 9, &scale));
    const void *data[] = {input.data};
    const ns_program_inputs inputs = {1, data, &input.size};
    const ns_program_watch watch = {take_call, &calls};
    ASSERT_OK(ns_program_run_watched(program, NULL, &inputs, &watch, arena, &output, NULL, &error));
    assert_int_equal(calls.before, 2);
    assert_int_equal(calls.after, 2);
    assert_int_equal(calls.order[0], 0);
    assert_int_equal(calls.order[1], 1);
    ns_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fast_scratch), cmocka_unit_test(test_fast_scratch_too_small),
        cmocka_unit_test(test_mixed_graph),  cmocka_unit_test(test_several_delegates),
        cmocka_unit_test(test_conformer),    cmocka_unit_test(test_mutable_buffers),
        cmocka_unit_test(test_graphs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
