/* Whole models, three accelerators, two releases of Vela: every combination is right, or is the finding that
 * docs/diagnose-compile.md names. A stated subset of the table there, which has all accelerators and memory
 * modes. The second release is 5.2.0 where it is installed (NPUSCOPE_VELA_5_2_0 or build/venv-5.2.0),
 * else 5.0.0; without either, 5.1.0 alone. tests/data/diagnose.zip: models recorded by `scripts/record-models
 * ordinary`. */
#include "npuscope/diagnose.h"

#include "support/data.h"
#include "support/with_vela.h"

static const char *const models[] = {"linear_relu", "gru_step", "squeeze_excite", "layernorm_ffn"};
static const ns_accelerator accelerators[] = {NS_ACCELERATOR_U55_128, NS_ACCELERATOR_U65_256,
                                              NS_ACCELERATOR_U85_128};
enum { MODELS = sizeof models / sizeof *models, ACCELERATORS = 3, MAX_INPUTS = 3 };

/* Everything else is right. */
static const struct {
    const char *model, *vela, *accelerator, *verdict, *defect; /* defect NULL: none is known */
} findings[] = {
    {"linear_relu", "5.1.0", "ethos-u55-128", "wrong", "fused_activation"},
    {"linear_relu", "5.1.0", "ethos-u65-256", "wrong", "fused_activation"},
    {"linear_relu", "5.1.0", "ethos-u85-128", "wrong", "fused_activation"},
    {"gru_step", "5.2.0", "ethos-u55-128", "wrong", "rescale_moved"},
    {"gru_step", "5.2.0", "ethos-u65-256", "wrong", "rescale_moved"},
    {"squeeze_excite", "5.0.0", "ethos-u85-128", "hazard", "reduce_sum_int16"},
    {"squeeze_excite", "5.1.0", "ethos-u85-128", "hazard", NULL},
    {"squeeze_excite", "5.2.0", "ethos-u85-128", "hazard", NULL},
};

static int find_velas(ns_vela velas[2])
{
    const char *const places[] = {getenv("NPUSCOPE_VELA_5_2_0"), "build/venv-5.2.0",
                                  getenv("NPUSCOPE_VELA_5_0_0"), "build/venv-5.0.0"};
    velas[0] = vela;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        if (places[i] && ns_vela_find(places[i], arena, &velas[1], NULL) == NS_OK)
            return 2;
    return 1;
}

static void assert_row(const char *model, const ns_diagnose_compile *row)
{
    const char *verdict = "right", *defect = NULL;
    for (size_t i = 0; i < sizeof findings / sizeof *findings; i++)
        if (strcmp(findings[i].model, model) == 0 && strcmp(findings[i].vela, row->vela) == 0 &&
            strcmp(findings[i].accelerator, row->accelerator) == 0) {
            verdict = findings[i].verdict;
            defect = findings[i].defect;
        }
    if (strcmp(row->verdict, verdict) != 0)
        fail_msg("%s, Vela %s, %s: %s, expected %s", model, row->vela, row->accelerator, row->verdict,
                 verdict);
    if (defect && (!row->known_defect || strcmp(row->known_defect, defect) != 0))
        fail_msg("%s, Vela %s, %s: %s, expected %s", model, row->vela, row->accelerator,
                 row->known_defect ? row->known_defect : "no known defect", defect);
    assert_int_equal(row->is_finding, strcmp(verdict, "right") != 0);
    assert_int_equal(row->departs, row->is_finding);
}

static void judge(const char *name, const ns_vela *velas, int vela_count)
{
    static const char *const mode = "Shared_Sram";
    ns_error error = {0};
    ns_bytes model;
    ns_tensor inputs[MAX_INPUTS];
    ns_graph *graph = NULL;
    const ns_diagnose_compile *rows;
    int count;
    ASSERT_OK(test_data_read(ns_arena_format(arena, "diagnose/%s/model.tosa", name), arena, &model, &error));
    ASSERT_OK(ns_graph_read(model.data, model.size, &graph, &error));
    const ns_block *block = &graph->regions[0].blocks[0];
    const int input_count = block->input_count;
    assert_in_range(input_count, 1, MAX_INPUTS);
    for (int i = 0; i < input_count; i++) {
        ns_npy array;
        ASSERT_OK(
            test_data_array(ns_arena_format(arena, "diagnose/%s/in%d.npy", name, i), arena, &array, &error));
        ASSERT_OK(
            ns_npy_to_tensor(&array, block->tensors[block->inputs[i]].tensor.dtype, &inputs[i], &error));
    }
    ns_graph_free(graph);
    const ns_vela_options kept = {.cache = cache};
    const ns_diagnose_compile_options options = {.model = model.data,
                                                 .model_size = model.size,
                                                 .inputs = inputs,
                                                 .input_count = input_count,
                                                 .samples = 1,
                                                 .accelerators = accelerators,
                                                 .accelerator_count = ACCELERATORS,
                                                 .memory_modes = &mode,
                                                 .memory_mode_count = 1,
                                                 .velas = velas,
                                                 .vela_count = vela_count,
                                                 .vela = &kept,
                                                 .no_advice = true};
    ASSERT_OK(ns_diagnose_compile_run(&options, arena, &rows, &count, &error));
    assert_int_equal(count, ACCELERATORS * vela_count);
    for (int i = 0; i < count; i++)
        assert_row(name, &rows[i]);
}

static void every_combination_is_right_or_named(void **state)
{
    (void)state;
    ns_vela velas[2];
    const int count = find_velas(velas);
    if (strcmp(vela.version, "5.1.0") != 0)
        skip();
    for (int i = 0; i < MODELS; i++)
        judge(models[i], velas, count);
    print_message("%d models, %d accelerators, Vela %s and %s\n", MODELS, ACCELERATORS, velas[0].version,
                  count > 1 ? velas[1].version : "no other");
}

static int run_group(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_combination_is_right_or_named)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
    return with_vela(run_group);
}
