/* A graph input that nothing reads is none of the stream's: Vela drops it. */
#include "stage/interface.h"

#include "support/data.h"
#include "support/test.h"

#define CASE "vela_versions/u55_max_pool_rescale/"

static ns_error error;

static ns_tensor tensor(ns_arena *arena, const char *name)
{
    ns_npy array;
    ns_tensor out;
    ASSERT_OK(test_data_array(name, arena, &array, &error));
    ASSERT_OK(ns_npy_to_tensor(&array, ns_dtype_of_size((int)array.item_size), &out, &error));
    return out;
}

static void unread_inputs_are_left_out(void **state)
{
    (void)state;
    ns_arena *arena = ns_arena_new();
    ns_bytes npz;
    ASSERT_OK(test_data_read(CASE "right-5.2.0.npz", arena, &npz, &error));
    const ns_vela_request request = {
        .npz = npz.data, .npz_size = npz.size, .accelerator = NS_ACCELERATOR_UNKNOWN};
    const ns_tensor in = tensor(arena, CASE "in0.npy"), expected = tensor(arena, CASE "out0.npy");
    const ns_tensor inputs[] = {expected, in}; /* the first is another's */
    const bool read[] = {false, true};
    ns_stage_execution execution = {
        .request = &request, .input_count = 2, .output_count = 1, .inputs = inputs, .read = read};
    ns_tensor output;
    ASSERT_OK(ns_stage_execute(&execution, arena, &output, NULL, &error));
    assert_memory_equal(output.data, expected.data,
                        ns_tensor_count(&expected) * (size_t)ns_dtype_bytes(expected.dtype));
    execution.read = NULL;
    assert_int_equal(ns_stage_execute(&execution, arena, &output, NULL, &error), NS_ERROR_INPUT);
    assert_non_null(strstr(error.message, "the stream has 1 inputs and 1 outputs, the graph 2 and 1"));
    ns_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(unread_inputs_are_left_out)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
