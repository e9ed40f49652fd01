/* Chip rules: the simulator does what the chip does, and says which rule struck at which command.
 *
 * tests/data/vela_versions.zip, <case>: one graph compiled by a version of Vela whose stream meets a rule,
 * and by one whose stream does not and is right. u85_mean_int16 is ExecuTorch's mean.dim test rand_3 (a16w8),
 * whose stream of 5.0.0 gives zeros on Arm's model of the chip; u85_scatter_one_index its index_copy test
 * rand_single_index_not_zero, whose stream of 5.0.0 is wrong there where its test with index 0 is right. */
#include "npu/watch/rules.h"

#include "npuscope/npu.h"
#include "support/data.h"
#include "support/test.h"

#define MAX_INPUTS 3

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

static void load_tensor(const char *name, const char *array_name, ns_arena *arena, ns_tensor *out)
{
    static const ns_dtype dtypes[] = {[1] = NS_DTYPE_INT8, [2] = NS_DTYPE_INT16, [4] = NS_DTYPE_INT32};
    char file[96];
    ns_npy array;
    ns_error error = {0};
    snprintf(file, sizeof file, "vela_versions/%s/%s", name, array_name);
    ASSERT_OK(test_data_array(file, arena, &array, &error));
    ASSERT_OK(ns_npy_to_tensor(&array, dtypes[array.item_size], out, &error));
}

/* With `index` in the place of element 0 of the last input, unless it is negative. */
static void run_with_index(const char *name, const char *version, int index, ns_arena *arena, messages *kept,
                           ns_npu_statistics *statistics, ns_tensor *output)
{
    char file[96];
    ns_error error = {0};
    ns_bytes bytes;
    ns_npu_stream *stream;
    ns_tensor inputs[MAX_INPUTS];
    const ns_npu_options options = {.message = keep_message, .context = kept};
    snprintf(file, sizeof file, "vela_versions/%s/%s.npz", name, version);
    ASSERT_OK(test_data_read(file, arena, &bytes, &error));
    ASSERT_OK(ns_npu_load_npz(bytes.data, bytes.size, NS_ACCELERATOR_UNKNOWN, arena, &stream, &error));
    assert_in_range(ns_npu_input_count(stream), 1, MAX_INPUTS);
    for (int i = 0; i < ns_npu_input_count(stream); i++) {
        snprintf(file, sizeof file, "in%d.npy", i);
        load_tensor(name, file, arena, &inputs[i]);
    }
    if (index >= 0)
        ((int32_t *)inputs[ns_npu_input_count(stream) - 1].data)[0] = index;
    ASSERT_OK(
        ns_npu_run(stream, &options, inputs, ns_npu_input_count(stream), arena, output, statistics, &error));
}

static void run(const char *name, const char *version, ns_arena *arena, messages *kept,
                ns_npu_statistics *statistics, ns_tensor *output)
{
    run_with_index(name, version, -1, arena, kept, statistics, output);
}

/* Elements that differ from the reference model's; the rules that struck are in `statistics` and `kept`. */
static size_t differing(const char *name, const char *version, messages *kept, ns_npu_statistics *statistics)
{
    ns_arena *arena = ns_arena_new();
    ns_tensor output, expected;
    size_t count = 0;
    *kept = (messages){0};
    run(name, version, arena, kept, statistics, &output);
    load_tensor(name, "out0.npy", arena, &expected);
    assert_int_equal(ns_tensor_count(&output), ns_tensor_count(&expected));
    for (size_t i = 0; i < ns_tensor_count(&output); i++)
        count += ns_tensor_get(&output, i) != ns_tensor_get(&expected, i);
    ns_arena_free(arena);
    return count;
}

static void the_rule_that_struck_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *name, *wrong, *right, *operation, *rule;
    } cases[] = {
        {"u85_mean_int16", "wrong-5.0.0", "right-5.1.0", "OP_POOL", "chip rule REDUCE_SUM_48:"},
        {"u85_scatter_one_index", "wrong-5.0.0", "right-5.1.0", "OP_DMA_START", "chip rule DMA_INDEX_SIZE:"},
        {"u55_max_pool_rescale", "wrong-5.1.0", "right-5.2.0", "OP_POOL", "chip rule MAX_POOL_SCALE:"},
        {"u55_add_small_integers", "wrong-5.1.0", "right-5.0.0", "OP_ELEMENTWISE",
         "chip rule OPERAND_SHIFT:"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        messages kept;
        ns_npu_statistics statistics;
        assert_true(differing(cases[i].name, cases[i].wrong, &kept, &statistics) > 0);
        assert_int_equal(statistics.chip_rules, 1);
        assert_int_equal(kept.count, 1);
        assert_non_null(strstr(kept.last, cases[i].operation));
        assert_non_null(strstr(kept.last, cases[i].rule));
        assert_int_equal(differing(cases[i].name, cases[i].right, &kept, &statistics), 0);
        assert_int_equal(statistics.chip_rules, 0);
        assert_int_equal(kept.count, 0);
    }
}

static void a_48_bit_reduce_sum_gives_zeros(void **state)
{
    (void)state;
    ns_arena *arena = ns_arena_new();
    messages kept = {0};
    ns_npu_statistics statistics;
    ns_tensor output, expected;
    run("u85_mean_int16", "wrong-5.0.0", arena, &kept, &statistics, &output);
    assert_int_equal(ns_tensor_count(&output), 35);
    for (size_t i = 0; i < ns_tensor_count(&output); i++)
        assert_int_equal(ns_tensor_get(&output, i), 0);
    load_tensor("u85_mean_int16", "out0.npy", arena, &expected);
    assert_int_not_equal(ns_tensor_get(&expected, 0), 0);
    ns_arena_free(arena);
}

/* Index 0 is what an index that is not read comes to: row 0 whatever it is, and right for 0 only. */
static void an_index_that_is_not_read_is_0(void **state)
{
    (void)state;
    ns_arena *arena = ns_arena_new();
    for (int index = 0; index < 4; index++) {
        messages kept = {0};
        ns_npu_statistics statistics;
        ns_tensor right, wrong;
        run_with_index("u85_scatter_one_index", "wrong-5.0.0", index, arena, &kept, &statistics, &wrong);
        run_with_index("u85_scatter_one_index", "right-5.1.0", index, arena, &kept, &statistics, &right);
        for (size_t i = 0; i < 20; i++) {
            const int row = (int)i / 5;
            assert_int_equal(ns_tensor_get(&wrong, i), row == 0 ? 101 + i % 5 : 1 + i);
            assert_int_equal(ns_tensor_get(&right, i), row == index ? 101 + i % 5 : 1 + i);
        }
    }
    ns_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_rule_that_struck_is_named),
        cmocka_unit_test(a_48_bit_reduce_sum_gives_zeros),
        cmocka_unit_test(an_index_that_is_not_read_is_0),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
