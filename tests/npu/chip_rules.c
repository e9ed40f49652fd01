/* Chip rules: the simulator does what the chip does, and says which rule struck at which command.
 *
 * tests/data/npu/vela_versions/u85_mean_int16: the graph of ExecuTorch's mean.dim test rand_3 (a16w8,
 * Ethos-U85) compiled by Vela 5.0.0, whose stream gives zeros on Arm's model of the chip, and by 5.1.0, which
 * has the fix. */
#include "npu/chip_rules.h"

#include "base/file.h"
#include "formats/npy.h"
#include "npuscope/npu.h"
#include "support/test.h"

typedef struct messages {
    int count;
    char last[NS_MESSAGE_SIZE];
} messages;

static void keep_message(void *context, const char *text)
{
    messages *kept = context;
    kept->count++;
    snprintf(kept->last, sizeof kept->last, "%s", text);
}

static void load_tensor(const char *name, ns_arena *arena, ns_tensor *out)
{
    char path[512], file[64];
    ns_npy array;
    ns_error error = {0};
    snprintf(file, sizeof file, "npu/vela_versions/u85_mean_int16/%s", name);
    ASSERT_OK(ns_npy_load(test_data(path, sizeof path, file), arena, &array, &error));
    ASSERT_OK(ns_npy_to_tensor(&array, NS_DTYPE_INT16, out, &error));
}

static void run(const char *version, ns_arena *arena, messages *kept, ns_npu_statistics *statistics,
                ns_tensor *output)
{
    char path[512], file[64];
    ns_error error = {0};
    ns_bytes bytes;
    ns_npu_stream *stream;
    ns_tensor input;
    const ns_npu_options options = {.message = keep_message, .context = kept};
    snprintf(file, sizeof file, "npu/vela_versions/u85_mean_int16/%s.npz", version);
    ASSERT_OK(ns_file_read(test_data(path, sizeof path, file), arena, &bytes, &error));
    ASSERT_OK(ns_npu_load_npz(bytes.data, bytes.size, NS_ACCELERATOR_U85_128, arena, &stream, &error));
    load_tensor("in0.npy", arena, &input);
    ASSERT_OK(ns_npu_run(stream, &options, &input, 1, arena, output, statistics, &error));
}

static void test_a_48_bit_reduce_sum_gives_zeros(void **state)
{
    (void)state;
    ns_arena *arena = ns_arena_new();
    messages kept = {0};
    ns_npu_statistics statistics;
    ns_tensor output;
    run("wrong-5.0.0", arena, &kept, &statistics, &output);
    assert_int_equal(ns_tensor_count(&output), 35);
    for (size_t i = 0; i < ns_tensor_count(&output); i++)
        assert_int_equal(ns_tensor_get(&output, i), 0);
    assert_int_equal(statistics.chip_rules, 1);
    assert_int_equal(kept.count, 1);
    assert_non_null(strstr(kept.last, "OP_POOL"));
    assert_non_null(strstr(kept.last, "chip rule REDUCE_SUM_48"));
    ns_arena_free(arena);
}

static void test_a_32_bit_reduce_sum_is_right(void **state)
{
    (void)state;
    ns_arena *arena = ns_arena_new();
    messages kept = {0};
    ns_npu_statistics statistics;
    ns_tensor output, expected;
    run("right-5.1.0", arena, &kept, &statistics, &output);
    load_tensor("out0.npy", arena, &expected);
    assert_int_equal(ns_tensor_count(&output), ns_tensor_count(&expected));
    for (size_t i = 0; i < ns_tensor_count(&output); i++)
        assert_int_equal(ns_tensor_get(&output, i), ns_tensor_get(&expected, i));
    assert_int_not_equal(ns_tensor_get(&expected, 0), 0);
    assert_int_equal(statistics.chip_rules, 0);
    assert_int_equal(kept.count, 0);
    ns_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_48_bit_reduce_sum_gives_zeros),
        cmocka_unit_test(test_a_32_bit_reduce_sum_is_right),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
