/* What a recorded case must be, and the messages for what it is not. The graphs are written here; cases that
 * ExecuTorch made are read by tests/recorded/lowered.py. */
#include "recorded/interface.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/interface.h"
#include "ir/interface.h"
#include "ir/operator.h"
#include "support/arena.h"
#include "support/test.h"

static const char *folder;

static void put(const char *name, const char *text, size_t size)
{
    ns_error error = {0};
    char path[512];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    ASSERT_OK(ns_file_write(path, (ns_bytes){(const uint8_t *)text, size}, &error));
}

/* A case with one input x of two elements and one call, written as FX node text. */
static ns_code read_call_of(const char *shape, const char *call, ns_recorded *out, ns_error *error)
{
    const char *graph = ns_arena_format(
        arena,
        "[{\"name\": \"x\", \"kind\": \"placeholder\", \"shape\": %s, \"dtype\": \"torch.float32\"},"
        " {\"name\": \"y\", \"kind\": \"call_function\", %s},"
        " {\"name\": \"output\", \"kind\": \"output\", \"args\": [[{\"node\": \"y\"}]]}]",
        shape, call);
    put("float.json", graph, strlen(graph));
    return ns_recorded_read(&(ns_case_files){.name = "x", .where = folder}, arena, out, error);
}

static ns_code read_call(const char *call, ns_recorded *out, ns_error *error)
{
    return read_call_of("[2]", call, out, error);
}

static void a_case_is_read(void **state)
{
    (void)state;
    ns_recorded recorded;
    ns_error error = {0};
    ASSERT_OK(
        read_call("\"target\": \"aten.exp.default\", \"args\": [{\"node\": \"x\"}]", &recorded, &error));
    assert_int_equal(recorded.program->node_count, 2);
    assert_int_equal(recorded.program->output_count, 1);
    assert_true(((const float *)recorded.inputs[0].data)[1] == 2.0f);
    assert_true(recorded.settings.epsilon == 0x1p-16);
    assert_false(recorded.settings.per_channel);
    assert_true(recorded.settings.has_target && recorded.settings.target == NS_TARGET_U85);
}

/* x * 3: the number is a constant parameter of x's rank. */
static void a_number_is_a_constant(void **state)
{
    (void)state;
    ns_recorded recorded;
    ns_error error = {0};
    ASSERT_OK(
        read_call("\"target\": \"aten.mul.Tensor\", \"args\": [{\"node\": \"x\"}, 3]", &recorded, &error));
    const ns_aten_node *constant = &recorded.program->nodes[1];
    assert_int_equal(constant->kind, NS_ATEN_PARAMETER);
    assert_int_equal(constant->rank, 1);
    assert_true(constant->data[0] == 3.0f);
}

static void what_is_not_known_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *call, *message;
        ns_code code;
    } wrong[] = {
        {"\"target\": \"aten.frobnicate.default\", \"args\": [{\"node\": \"x\"}]",
         "aten.frobnicate.default is not among npuscope's operators", NS_ERROR_UNSUPPORTED},
        {"\"target\": \"aten.exp.default\", \"args\": [{\"node\": \"x\"}], \"kwargs\": {\"fast\": true}",
         "argument 'fast' of aten.exp.default is not known", NS_ERROR_UNSUPPORTED},
        {"\"target\": \"aten.exp.default\", \"args\": [{\"node\": \"x\"}, 1]",
         "argument 1 of aten.exp.default is not known", NS_ERROR_UNSUPPORTED},
        {"\"target\": \"aten.exp.default\", \"args\": [{\"node\": \"z\"}]", "is no earlier node",
         NS_ERROR_INPUT},
        {"\"target\": \"aten.exp.default\", \"args\": [null]", "a tensor is missing", NS_ERROR_INPUT},
        {"\"target\": \"aten.cat.default\", \"args\": [[]]", "aten.cat.default needs its operand 0",
         NS_ERROR_INPUT},
        {"\"target\": \"aten.softmax.int\", \"args\": [{\"node\": \"x\"}, 5]", "dim 5 is outside -1 to 0",
         NS_ERROR_INPUT},
        {"\"target\": \"aten.layer_norm.default\", \"args\": [{\"node\": \"x\"}, [3]]",
         "normalized_shape is not the end of x's shape", NS_ERROR_INPUT},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        ns_recorded recorded;
        ns_error error = {0};
        assert_int_equal(read_call(wrong[i].call, &recorded, &error), wrong[i].code);
        if (!strstr(error.message, wrong[i].message))
            fail_msg("%s does not say: %s", error.message, wrong[i].message);
    }
}

/* Other names of operators; std.dim's truth value is std's correction. */
static void other_spellings_are_read(void **state)
{
    (void)state;
    ns_recorded recorded;
    ns_error error = {0};
    ASSERT_OK(read_call("\"target\": \"aten.std.dim\", \"args\": [{\"node\": \"x\"}, [0], false, true]",
                        &recorded, &error));
    const ns_aten_node *call = &recorded.program->nodes[1];
    assert_string_equal(call->op->name, "std");
    assert_true(call->attributes[2].real == 0 && call->attributes[3].integer == 1);
    assert_int_equal(call->rank, 1);
    assert_int_equal(read_call("\"target\": \"aten.pow.Tensor_Tensor\", \"args\": [{\"node\": \"x\"}, "
                               "{\"node\": \"x\"}]",
                               &recorded, &error),
                     NS_ERROR_UNSUPPORTED);
    assert_non_null(strstr(error.message, "near it is aten.pow.Tensor_Scalar"));
}

/* y = exp x; z = relu_ y; the result is z, or z and y. */
static ns_code read_in_place(const char *result, ns_recorded *out, ns_error *error)
{
    const char *graph = ns_arena_format(
        arena,
        "[{\"name\": \"x\", \"kind\": \"placeholder\", \"shape\": [2], \"dtype\": \"torch.float32\"},"
        " {\"name\": \"y\", \"kind\": \"call_function\", \"target\": \"aten.exp.default\", \"args\": "
        "[{\"node\": "
        "\"x\"}]}, {\"name\": \"z\", \"kind\": \"call_function\", \"target\": \"aten.relu_.default\", "
        "\"args\": "
        "[{\"node\": \"y\"}]}, {\"name\": \"output\", \"kind\": \"output\", \"args\": [[%s]]}]",
        result);
    put("float.json", graph, strlen(graph));
    return ns_recorded_read(&(ns_case_files){.name = "x", .where = folder}, arena, out, error);
}

static void what_is_changed_in_place_is_read_no_more(void **state)
{
    (void)state;
    ns_recorded recorded;
    ns_error error = {0};
    ASSERT_OK(read_in_place("{\"node\": \"z\"}", &recorded, &error));
    assert_string_equal(recorded.program->nodes[2].op->name, "relu");
    assert_int_equal(read_in_place("{\"node\": \"z\"}, {\"node\": \"y\"}", &recorded, &error),
                     NS_ERROR_UNSUPPORTED);
    assert_non_null(strstr(error.message, "changes 'y' in place"));
}

/* A split that takes itself, and one in place behind it: the walk back ends. Who reads by keyword reads too.
 */
static void what_is_walked_back_ends(void **state)
{
    (void)state;
    static const char circle[] =
        "[{\"name\": \"s\", \"kind\": \"call_function\", \"target\": \"aten.split.Tensor\", \"args\": "
        "[{\"node\": \"s\"}, 1]}, {\"name\": \"z\", \"kind\": \"call_function\", \"target\": "
        "\"aten.relu_.default\", \"args\": [{\"node\": \"s\"}]}]";
    ns_recorded recorded;
    ns_error error = {0};
    put("float.json", circle, sizeof circle - 1);
    assert_int_equal(
        ns_recorded_read(&(ns_case_files){.name = "x", .where = folder}, arena, &recorded, &error),
        NS_ERROR_INPUT);
    assert_non_null(strstr(error.message, "node 'z': an argument is no earlier node"));
    assert_int_equal(
        read_in_place("{\"node\": \"z\"}]], \"kwargs\": {\"more\": {\"node\": \"y\"}}, \"x\": [[", &recorded,
                      &error),
        NS_ERROR_UNSUPPORTED);
    assert_non_null(strstr(error.message, "changes 'y' in place"));
}

/* Lists that are shorter than what an operator reads of them, found by fuzzing, and what is beyond 64 bits.
 */
static void lists_have_their_lengths(void **state)
{
    (void)state;
    static const struct {
        const char *shape, *call, *message;
    } rows[] = {
        {"[1, 1, 1, 2]",
         "\"target\": \"aten.upsample_bilinear2d.vec\", \"args\": [{\"node\": \"x\"}, null, false, [2.0]]",
         "needs [n, c, h, w] and two sizes or factors"},
        {"[1, 1, 1, 2]",
         "\"target\": \"aten.upsample_nearest2d.vec\", \"args\": [{\"node\": \"x\"}, [2], [2.0, 2.0]]",
         "needs [n, c, h, w] and two sizes or factors"},
        {"[1, 1, 1, 2]",
         "\"target\": \"aten.upsample_nearest2d.vec\", \"args\": [{\"node\": \"x\"}, null, [2.0, 1e300]]",
         "a size of 2e+300"},
        {"[2]", "\"target\": \"aten.repeat.default\", \"args\": [{\"node\": \"x\"}, [9223372036854775807]]",
         "9223372036854775807 repeats of axis 0"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ns_recorded recorded;
        ns_error error = {0};
        assert_int_equal(read_call_of(rows[i].shape, rows[i].call, &recorded, &error), NS_ERROR_INPUT);
        if (!strstr(error.message, rows[i].message))
            fail_msg("%s: %s", rows[i].message, error.message);
    }
}

/* A file that JSON names lies in the case's folder. */
static void names_do_not_leave_the_folder(void **state)
{
    (void)state;
    static const char graph[] = "[{\"name\": \"w\", \"kind\": \"get_attr\", \"dtype\": \"torch.float32\", "
                                "\"tensor\": \"../../etc/passwd\"}]";
    ns_recorded recorded;
    ns_error error = {0};
    put("float.json", graph, sizeof graph - 1);
    assert_int_equal(
        ns_recorded_read(&(ns_case_files){.name = "x", .where = folder}, arena, &recorded, &error),
        NS_ERROR_INPUT);
    assert_non_null(strstr(error.message, "lies in its folder"));
}

/* A test may give its quantiser another least scale than the pipeline says: ExecuTorch's of sigmoid do. */
static void the_observers_epsilon_counts(void **state)
{
    (void)state;
    static const char info[] =
        "{\"board\": \"corstone-320\", \"params\": {\"epsilon\": 0.000244140625},"
        " \"quantizer\": {\"set_global\": {\"input\": {\"observer_args\": {\"eps\": 1.52587890625e-05}}}}}";
    static const char graph[] = "[{\"name\": \"x\", \"kind\": \"placeholder\", \"target\": \"x\", \"shape\": "
                                "[2], \"dtype\": \"torch.float32\"},"
                                " {\"name\": \"y\", \"kind\": \"call_function\", \"target\": "
                                "\"aten.exp.default\", \"args\": [{\"node\": \"x\"}]},"
                                " {\"name\": \"output\", \"kind\": \"output\", \"target\": \"output\", "
                                "\"args\": [[{\"node\": \"y\"}]]}]";
    ns_recorded recorded;
    ns_error error = {0};
    put("info.json", info, sizeof info - 1);
    put("float.json", graph, sizeof graph - 1);
    ASSERT_OK(ns_recorded_read(&(ns_case_files){.name = "x", .where = folder}, arena, &recorded, &error));
    assert_true(recorded.settings.epsilon == 0x1p-16);
}

/* An input that lies channels last in memory is the program's input as it lies there, and so is the result of
 * what keeps the format; between them the axes are the logical ones. */
static void channels_last_is_the_form_of_the_inputs(void **state)
{
    (void)state;
    static const char info[] = "{\"board\": \"corstone-320\", \"params\": {\"epsilon\": 0.5},"
                               " \"inputs\": [{\"dim_order\": [0, 2, 3, 1]}]}";
    static const char graph[] =
        "[{\"name\": \"x\", \"kind\": \"placeholder\", \"shape\": [1, 2, 1, 1], \"dtype\": "
        "\"torch.float32\"},"
        " {\"name\": \"y\", \"kind\": \"call_function\", \"target\": \"aten.cat.default\","
        " \"args\": [[{\"node\": \"x\"}, {\"node\": \"x\"}], 3]},"
        " {\"name\": \"output\", \"kind\": \"output\", \"args\": [[{\"node\": \"y\"}]]}]";
    ns_recorded recorded;
    ns_error error = {0};
    double **values;
    put("info.json", info, sizeof info - 1);
    put("float.json", graph, sizeof graph - 1);
    ASSERT_OK(ns_recorded_read(&(ns_case_files){.name = "x", .where = folder}, arena, &recorded, &error));
    const ns_aten_program *program = recorded.program;
    const ns_aten_node *input = &program->nodes[program->inputs[0]],
                       *output = &program->nodes[program->outputs[0]];
    assert_memory_equal(input->shape, ((int64_t[]){1, 1, 1, 2}), 4 * sizeof *input->shape);
    assert_memory_equal(output->shape, ((int64_t[]){1, 1, 2, 2}), 4 * sizeof *output->shape);
    ASSERT_OK(ns_aten_evaluate(program, NS_ATEN_IDEAL, recorded.inputs, arena, &values, &error));
    const double *out = values[program->outputs[0]];
    assert_true(out[0] == 1 && out[1] == 2 && out[2] == 1 && out[3] == 2);
}

int main(void)
{
    static char name[] = "/tmp/npuscope-recorded-XXXXXX";
    static const char info[] =
        "{\"board\": \"corstone-320\","
        " \"params\": {\"epsilon\": 1.52587890625e-05, \"per_channel_quantization\": false}}";
    const float values[] = {1, 2};
    folder = mkdtemp(name);
    put("info.json", info, sizeof info - 1);
    put("i0.bin", (const char *)values, sizeof values);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_case_is_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_number_is_a_constant, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_not_known_is_named, set_up, tear_down),
        cmocka_unit_test_setup_teardown(other_spellings_are_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_changed_in_place_is_read_no_more, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_walked_back_ends, set_up, tear_down),
        cmocka_unit_test_setup_teardown(lists_have_their_lengths, set_up, tear_down),
        cmocka_unit_test_setup_teardown(names_do_not_leave_the_folder, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_observers_epsilon_counts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(channels_last_is_the_form_of_the_inputs, set_up, tear_down),
    };
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    for (size_t i = 0; i < 3; i++) {
        char path[512];
        snprintf(path, sizeof path, "%s/%s", folder,
                 ((const char *[]){"info.json", "i0.bin", "float.json"})[i]);
        unlink(path);
    }
    rmdir(folder);
    return failed;
}
