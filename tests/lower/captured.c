/* Each captured case, lowered with the captured scales, is the graph that ExecuTorch made, and computes the
 * same integers. */
#include "base/interface.h"
#include "formats/interface.h"
#include "lower/interface.h"
#include "npuscope/cpu.h"
#include "npuscope/eval.h"
#include "support/data.h"
#include "support/graph.h"
#include "support/same_graph.h"

static ns_error error;

static ns_target target_of(const char *name)
{
    return strstr(name, "_u55_") ? NS_TARGET_U55 : NS_TARGET_U85;
}

static void test_structure(void **state)
{
    (void)state;
    ns_arena *arena = ns_arena_new();
    const char *const *names = NULL;
    int count = 0, different = 0;
    ASSERT_OK(captured_list(arena, &names, &count, &error));
    assert_true(count > 100);
    for (int i = 0; i < count; i++) {
        ns_arena *work = ns_arena_new();
        captured_case one;
        ASSERT_OK(captured_load(names[i], work, &one, &error));
        ns_graph *native = NULL;
        if (ns_lower(one.program, target_of(names[i]), &native, &error) != NS_OK)
            fail_msg("%s: %s", names[i], error.message);
        ASSERT_OK(ns_graph_validate(native, &error));
        ns_graph *expected = test_read_graph(ns_arena_format(work, "captured/%s/delegate0.tosa", names[i]));
        char text[512];
        if (!same_graph(native, expected, text, sizeof text)) {
            print_error("%s: %s\n", names[i], text);
            different++;
        }
        ns_graph_free(native);
        ns_graph_free(expected);
        ns_arena_free(work);
    }
    ns_arena_free(arena);
    assert_int_equal(different, 0);
}

/* One graph, evaluated beside the captured one. */
typedef struct pair {
    const ns_graph *native, *captured;
    ns_arena *arena; /* for one evaluation */
    ns_random random;
    int64_t tensors, elements, unpredictable;
} pair;

static void fill(pair *p, ns_tensor *inputs)
{
    const ns_block *block = &p->captured->regions[0].blocks[0];
    for (int i = 0; i < block->input_count; i++) {
        const ns_tensor *declared = &block->tensors[block->inputs[i]].tensor;
        ASSERT_OK(
            ns_tensor_new(p->arena, declared->dtype, declared->rank, declared->shape, &inputs[i], &error));
        int16_t *values = inputs[i].data;
        for (size_t k = 0; k < ns_tensor_count(declared); k++)
            values[k] = (int16_t)ns_random_u64(&p->random);
        p->elements += (int64_t)ns_tensor_count(declared);
    }
    p->tensors++;
}

/* Both graphs on the same inputs: the same integers, or unpredictable at the same place. */
static void compare(pair *p, const char *name, const ns_tensor *inputs)
{
    const ns_eval_options options = {.cpu_mask = ns_cpu_detect()};
    const int count = p->captured->regions[0].blocks[0].input_count;
    ns_tensor native[2], captured[2];
    ns_error other = {0};
    const ns_code expected = ns_eval(p->captured, &options, inputs, count, p->arena, captured, &other);
    const ns_code code = ns_eval(p->native, &options, inputs, count, p->arena, native, &error);
    assert_int_equal(p->captured->regions[0].blocks[0].output_count, 1);
    if (expected == NS_ERROR_UNPREDICTABLE) {
        assert_int_equal(code, expected);
        assert_string_equal(error.message, other.message);
        p->unpredictable++;
        return;
    }
    if (code != NS_OK || expected != NS_OK)
        fail_msg("%s: %s", name, code != NS_OK ? error.message : other.message);
    assert_int_equal(ns_tensor_count(&native[0]), ns_tensor_count(&captured[0]));
    for (size_t i = 0; i < ns_tensor_count(&native[0]); i++)
        if (ns_tensor_get(&native[0], i) != ns_tensor_get(&captured[0], i))
            fail_msg("%s: element %zu is %lld, expected %lld", name, i,
                     (long long)ns_tensor_get(&native[0], i), (long long)ns_tensor_get(&captured[0], i));
}

/* The inputs that the captured delegate was called with, compared as any others. */
static void compare_recorded(pair *p, const char *name)
{
    const ns_block *block = &p->captured->regions[0].blocks[0];
    ns_tensor inputs[2];
    ns_npy array;
    for (int i = 0; i < block->input_count; i++) {
        const char *file = ns_arena_format(p->arena, "delegate0_in%d.npy", i);
        ASSERT_OK(test_data_array(captured_path(name, file, p->arena), p->arena, &array, &error));
        ASSERT_OK(ns_npy_to_tensor(&array, NS_DTYPE_INT16, &inputs[i], &error));
    }
    compare(p, name, inputs);
}

/* Whole tensors: 10,000 of them where they are small, else as many as make 400,000 values, and never fewer
 * than make 10,000 values. NPUSCOPE_RANDOM_TENSORS sets another number, which may make fewer values. */
static int64_t tensors_for(const ns_graph *graph)
{
    const ns_block *block = &graph->regions[0].blocks[0];
    int64_t values = 0;
    for (int i = 0; i < block->input_count; i++)
        values += (int64_t)ns_tensor_count(&block->tensors[block->inputs[i]].tensor);
    const char *wanted = getenv("NPUSCOPE_RANDOM_TENSORS");
    if (wanted)
        return atoll(wanted);
#ifdef __SANITIZE_ADDRESS__
    const int64_t most = 10000; /* the sanitizers look at memory, not at arithmetic */
#else
    const int64_t most = 400000;
#endif
    int64_t tensors = (most + values - 1) / values;
    return tensors < 10000 ? tensors : 10000;
}

static void test_integers(void **state)
{
    (void)state;
    ns_arena *arena = ns_arena_new();
    const char *const *names = NULL;
    int count = 0;
    int64_t tensors = 0, values = 0, unpredictable = 0;
    ASSERT_OK(captured_list(arena, &names, &count, &error));
    for (int i = 0; i < count; i++) {
        ns_arena *work = ns_arena_new();
        ns_aten_program *program = NULL;
        ns_graph *native = NULL;
        ASSERT_OK(captured_load_program(names[i], work, &program, &error));
        ASSERT_OK(ns_lower(program, target_of(names[i]), &native, &error));
        ns_graph *captured = test_read_graph(ns_arena_format(work, "captured/%s/delegate0.tosa", names[i]));
        pair p = {.native = native,
                  .captured = captured,
                  .arena = ns_arena_new(),
                  .random = {.state = (uint64_t)i}};
        compare_recorded(&p, names[i]);
        for (int64_t k = tensors_for(captured); k > 0; k--) {
            ns_tensor inputs[2];
            ns_arena_reset(p.arena);
            fill(&p, inputs);
            compare(&p, names[i], inputs);
        }
        assert_true(p.elements >= (getenv("NPUSCOPE_RANDOM_TENSORS") ? 1 : 10000));
        if (p.unpredictable)
            print_message("%s: unpredictable for both on %lld of %lld random tensors\n", names[i],
                          (long long)p.unpredictable, (long long)p.tensors);
        tensors += p.tensors;
        values += p.elements;
        unpredictable += p.unpredictable;
        ns_graph_free(native);
        ns_graph_free(captured);
        ns_arena_free(p.arena);
        ns_arena_free(work);
    }
    print_message("%d cases, %lld random tensors of %lld values: all equal, %lld unpredictable for both\n",
                  count, (long long)tensors, (long long)values, (long long)unpredictable);
    ns_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_structure), cmocka_unit_test(test_integers)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
