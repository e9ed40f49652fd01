/* Graphs of the search are valid, are evaluated as the generator says, use all there is, and are the same on
 * every machine. */
#include "fuzzvela/blocks.h"
#include "fuzzvela/internal.h"

#include "support/arena.h"
#include "support/test.h"

enum { GRAPHS = 400 };

static uint64_t mix(uint64_t hash, const void *data, size_t size)
{
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ ((const uint8_t *)data)[i]) * 0x100000001b3u; /* FNV-1a */
    return hash;
}

/* The file and the inputs' bytes. */
static uint64_t hash_of(uint64_t seed, uint64_t number)
{
    ns_error error;
    ns_draft draft = {.arena = arena};
    ns_tensor inputs[512];
    int count = 0;
    size_t size = 0;
    const void *file = NULL;
    ns_graph *graph = NULL;
    ASSERT_OK(ns_fuzz_generate(seed, number, &draft, &error));
    ASSERT_OK(ns_draft_to_graph(&draft, &graph, inputs, &count, &error));
    ASSERT_OK(ns_graph_write(graph, arena, &file, &size, &error));
    uint64_t hash = mix(0xcbf29ce484222325u, file, size);
    for (int i = 0; i < count; i++)
        hash =
            mix(hash, inputs[i].data, ns_tensor_count(&inputs[i]) * (size_t)ns_dtype_bytes(inputs[i].dtype));
    ns_graph_free(graph);
    return hash;
}

/* Recorded with gcc 12 on x86-64; NS_FUZZ_VERSION goes up when they change. */
static void same_everywhere(void **state)
{
    (void)state;
    assert_int_equal(NS_FUZZ_VERSION, 3);
    uint64_t all = 0;
    for (uint64_t number = 0; number < 50; number++)
        all = mix(all, &(uint64_t){hash_of(7, number)}, 8);
    if (all != 0x6a168a8472f2c223u)
        fail_msg("the graphs of seed 7 hash to 0x%016llx", (unsigned long long)all);
    assert_int_equal(hash_of(7, 3), hash_of(7, 3));
    assert_true(hash_of(7, 3) != hash_of(8, 3));
}

/* Each validated graph, evaluated whole, gives the values that its nodes had when they were made. */
static void valid_and_evaluated(void **state)
{
    (void)state;
    int operators[NS_OP_COUNT] = {0};
    for (uint64_t number = 0; number < GRAPHS; number++) {
        ns_error error;
        ns_arena_reset(arena);
        ns_draft draft = {.arena = arena};
        ns_tensor inputs[512], outputs[NS_DRAFT_OUTPUTS];
        int count = 0;
        ns_graph *graph = NULL;
        ASSERT_OK(ns_fuzz_generate(0, number, &draft, &error));
        ASSERT_OK(ns_draft_to_graph(&draft, &graph, inputs, &count, &error));
        ASSERT_OK(ns_eval(graph, &(ns_eval_options){0}, inputs, count, arena, outputs, &error));
        for (int i = 0; i < draft.output_count; i++) {
            const ns_tensor *wanted = ns_draft_value(&draft, draft.outputs[i]);
            assert_memory_equal(outputs[i].data, wanted->data,
                                ns_tensor_count(wanted) * (size_t)ns_dtype_bytes(wanted->dtype));
            assert_true(ns_gen_informative(wanted));
        }
        for (int i = 0; i < draft.count; i++)
            operators[draft.nodes[i].op]++;
        ns_graph_free(graph);
    }
    static const ns_op wanted[] = {NS_OP_CONV2D,
                                   NS_OP_DEPTHWISE_CONV2D,
                                   NS_OP_TRANSPOSE_CONV2D,
                                   NS_OP_MATMUL,
                                   NS_OP_MAX_POOL2D,
                                   NS_OP_AVG_POOL2D,
                                   NS_OP_RESIZE,
                                   NS_OP_TABLE,
                                   NS_OP_SLICE,
                                   NS_OP_PAD,
                                   NS_OP_CONCAT,
                                   NS_OP_TILE,
                                   NS_OP_REVERSE,
                                   NS_OP_TRANSPOSE,
                                   NS_OP_RESHAPE,
                                   NS_OP_REDUCE_SUM,
                                   NS_OP_REDUCE_MAX,
                                   NS_OP_REDUCE_MIN,
                                   NS_OP_SELECT,
                                   NS_OP_GATHER,
                                   NS_OP_SCATTER,
                                   NS_OP_CONV3D,
                                   NS_OP_COND_IF,
                                   NS_OP_WHILE_LOOP,
                                   NS_OP_LOGICAL_AND,
                                   NS_OP_CAST,
                                   NS_OP_NEGATE,
                                   NS_OP_CLAMP,
                                   NS_OP_ARITHMETIC_RIGHT_SHIFT};
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        if (!operators[wanted[i]])
            fail_msg("%s is in none of %d graphs", ns_op_text(wanted[i]), GRAPHS);
}

/* A graph that was written and read again is the same draft. */
static void read_again(void **state)
{
    (void)state;
    for (uint64_t number = 0; number < 20; number++) {
        ns_error error;
        ns_draft draft = {.arena = arena}, again;
        ns_tensor inputs[512];
        int count = 0;
        ns_graph *graph = NULL;
        ASSERT_OK(ns_fuzz_generate(3, number, &draft, &error));
        ASSERT_OK(ns_draft_to_graph(&draft, &graph, inputs, &count, &error));
        ASSERT_OK(ns_draft_from_graph(graph, inputs, count, arena, &again, &error));
        assert_int_equal(ns_draft_operators(&again), ns_draft_operators(&draft));
        assert_string_equal(ns_draft_words(&again, arena), ns_draft_words(&draft, arena));
        for (int i = 0; i < draft.output_count; i++) {
            const ns_tensor *a = ns_draft_value(&draft, draft.outputs[i]),
                            *b = ns_draft_value(&again, again.outputs[i]);
            assert_memory_equal(a->data, b->data, ns_tensor_count(a) * (size_t)ns_dtype_bytes(a->dtype));
        }
        ns_graph_free(graph);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(same_everywhere, set_up, tear_down),
        cmocka_unit_test_setup_teardown(valid_and_evaluated, set_up, tear_down),
        cmocka_unit_test_setup_teardown(read_again, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
