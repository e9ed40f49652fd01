#include "support/aten.h"
#include "support/data.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "formats/interface.h"
#include "ir/interface.h"
#include "ops/operators.h"

enum { MAX_NAMES = 256 };

/* A name of the JSON file and what it stands for. */
typedef struct binding {
    const char *name;
    int node;         /* node of the program, or -1 */
    ns_npy tensor;    /* frozen tensor, where node is -1 */
    const char *file; /* of the frozen tensor */
} binding;

typedef struct loader {
    const char *name;
    ns_arena *arena;
    ns_aten_program *program;
    int binding_count, conv_count;
    bool integers_only; /* no float_*.npy: parameters keep their dequantised values */
    binding bindings[MAX_NAMES];
} loader;

const char *captured_path(const char *name, const char *file, ns_arena *arena)
{
    const bool elsewhere = strncmp(name, "../", 3) == 0;
    return ns_arena_format(arena, "%s%s/%s", elsewhere ? "" : "captured/", elsewhere ? name + 3 : name, file);
}

ns_code captured_list(ns_arena *arena, const char *const **names, int *count, ns_error *error)
{
    return test_data_list("captured", arena, names, count, error);
}

static binding *find(loader *l, const char *name)
{
    for (int i = 0; name && i < l->binding_count; i++) {
        if (strcmp(l->bindings[i].name, name) == 0)
            return &l->bindings[i];
    }
    return NULL;
}

static binding *bind(loader *l, const char *name, int node)
{
    if (l->binding_count == MAX_NAMES)
        abort();
    binding *b = &l->bindings[l->binding_count++];
    *b = (binding){.name = ns_arena_string(l->arena, name), .node = node};
    return b;
}

/* The binding that argument `index` of `json` names, or NULL. */
static binding *operand(loader *l, const json_t *json, size_t index)
{
    const json_t *argument = json_array_get(json_object_get(json, "args"), index);
    return find(l, json_string_value(json_object_get(argument, "node")));
}

static const json_t *argument(const json_t *json, size_t index)
{
    return json_array_get(json_object_get(json, "args"), index);
}

static ns_code bad(const loader *l, const json_t *json, ns_error *error)
{
    return ns_fail(error, NS_ERROR_INPUT, "%s/quantised.json: node %s is not understood", l->name,
                   json_string_value(json_object_get(json, "name")));
}

static ns_code read_frozen(loader *l, const json_t *json, ns_error *error)
{
    binding *b = bind(l, json_string_value(json_object_get(json, "name")), -1);
    b->file = json_string_value(json_object_get(json, "tensor"));
    return test_data_array(captured_path(l->name, b->file, l->arena), l->arena, &b->tensor, error);
}

static ns_code read_float(loader *l, const char *file, size_t count, const float **out, ns_error *error)
{
    ns_npy array;
    NS_TRY(test_data_array(captured_path(l->name, file, l->arena), l->arena, &array, error));
    if (array.type != NS_NPY_FLOAT32 || array.count != count)
        return ns_fail(error, NS_ERROR_INPUT, "%s/%s: expected %zu float32", l->name, file, count);
    *out = array.data;
    return NS_OK;
}

/* Quantisation parameters behind the first argument of a quantise or dequantise node. */
static ns_code read_quantisation(loader *l, const json_t *json, ns_quantisation *out, ns_error *error)
{
    bool channels = strstr(json_string_value(json_object_get(json, "target")), "per_channel") != NULL;
    size_t bounds = channels ? 4 : 3;
    *out = (ns_quantisation){.present = true, .axis = -1, .count = 1};
    out->qmin = json_integer_value(argument(json, bounds));
    out->qmax = json_integer_value(argument(json, bounds + 1));
    const char *type = json_string_value(argument(json, bounds + 2));
    if (!type)
        return bad(l, json, error);
    out->dtype = strcmp(type, "torch.int8") == 0    ? NS_DTYPE_INT8
                 : strcmp(type, "torch.int16") == 0 ? NS_DTYPE_INT16
                                                    : NS_DTYPE_INT32;
    if (!channels) {
        if (json_integer_value(argument(json, 2)) != 0)
            return bad(l, json, error);
        out->scales = NS_ARENA_NEW(l->arena, float);
        out->scales[0] = (float)json_number_value(argument(json, 1));
        return NS_OK;
    }
    binding *scales = operand(l, json, 1);
    if (!scales || scales->tensor.type != NS_NPY_FLOAT32 || scales->tensor.rank != 1)
        return bad(l, json, error);
    out->axis = (int)json_integer_value(argument(json, 3));
    out->count = (int)scales->tensor.count;
    out->scales = scales->tensor.data;
    return NS_OK;
}

/* A dequantised frozen tensor: a parameter with its integers. */
static ns_code add_frozen(loader *l, const json_t *json, const binding *frozen, ns_error *error)
{
    ns_quantisation quantisation;
    NS_TRY(read_quantisation(l, json, &quantisation, error));
    const ns_npy *array = &frozen->tensor;
    int32_t *integers = NS_ARENA_ARRAY(l->arena, array->count, int32_t);
    double *values = NS_ARENA_ARRAY(l->arena, array->count, double);
    float *floats = NS_ARENA_ARRAY(l->arena, array->count, float);
    ns_tensor tensor;
    NS_TRY(ns_npy_to_tensor(array, quantisation.dtype, &tensor, error));
    for (size_t i = 0; i < array->count; i++)
        integers[i] = (int32_t)ns_tensor_get(&tensor, i);
    NS_TRY(ns_dequantise_values(&quantisation, array->rank, array->shape, integers, values, error));
    for (size_t i = 0; i < array->count; i++)
        floats[i] = (float)values[i];
    int node = 0;
    NS_TRY(ns_aten_add_parameter(l->program, frozen->name, array->rank, array->shape, floats, &node, error));
    l->program->nodes[node].quantisation = quantisation;
    l->program->nodes[node].quantised = integers;
    bind(l, json_string_value(json_object_get(json, "name")), node);
    return NS_OK;
}

/* The float values of weight and bias. */
static ns_code read_floats(loader *l, const ns_aten_node *call, ns_error *error)
{
    const struct {
        int operand;
        const char *kind;
    } sources[] = {{call->op->weight, "weight"}, {call->op->bias, "bias"}};
    for (int i = 0; i < 2 && !l->integers_only; i++) {
        const int operand = sources[i].operand ? call->inputs[sources[i].operand] : -1;
        if (operand < 0)
            continue;
        ns_aten_node *parameter = &l->program->nodes[operand];
        const char *file = ns_arena_format(l->arena, "float_conv_%d.%s.npy", l->conv_count, sources[i].kind);
        NS_TRY(read_float(l, file, ns_aten_count(parameter), &parameter->data, error));
    }
    l->conv_count += call->op->weight > 0;
    return NS_OK;
}

/* A value of the JSON file as the operator's parameter. */
static ns_code read_attribute(loader *l, const ns_aten_parameter *parameter, const json_t *json,
                              ns_aten_attribute *out, ns_error *error)
{
    *out = (ns_aten_attribute){.integer = json_is_true(json) ? 1 : json_integer_value(json),
                               .real = json_number_value(json),
                               .count = (int)json_array_size(json)};
    int64_t *list = NS_ARENA_ARRAY(l->arena, (size_t)out->count, int64_t);
    for (int i = 0; i < out->count; i++)
        list[i] = json_integer_value(json_array_get(json, (size_t)i));
    out->list = list;
    for (int i = 0; parameter->type == NS_ATEN_CHOICE && json_is_string(json); i++) {
        if (!parameter->choices[i])
            return ns_fail(error, NS_ERROR_INPUT, "%s: '%s' is no %s", l->name, json_string_value(json),
                           parameter->name);
        if (strcmp(parameter->choices[i], json_string_value(json)) == 0) {
            out->integer = i;
            return NS_OK;
        }
    }
    return NS_OK;
}

enum { MAX_PARAMETERS = 16 };

/* A call, its arguments by place or by keyword, as the operator declares them. */
static ns_code add_operator(loader *l, const json_t *json, const ns_aten_operator *op, ns_error *error)
{
    int inputs[MAX_PARAMETERS], input_count = 0, named = 0, node = 0;
    ns_aten_argument arguments[MAX_PARAMETERS + 1] = {{0}};
    for (int p = 0; p < op->parameter_count && p < MAX_PARAMETERS; p++) {
        const ns_aten_parameter *parameter = &op->parameters[p];
        const json_t *value = argument(json, (size_t)p);
        if (parameter->type == NS_ATEN_TENSOR || parameter->type == NS_ATEN_OPTIONAL_TENSOR) {
            const binding *b = operand(l, json, (size_t)p);
            inputs[input_count++] = b ? b->node : -1;
            continue;
        }
        if (!value)
            value = json_object_get(json_object_get(json, "kwargs"), parameter->name);
        if (!value || json_is_null(value))
            continue;
        arguments[named].name = parameter->name;
        NS_TRY(read_attribute(l, parameter, value, &arguments[named++].value, error));
    }
    NS_TRY(ns_aten_call(l->program, op, input_count, inputs, arguments, &node, error));
    NS_TRY(read_floats(l, &l->program->nodes[node], error));
    bind(l, json_string_value(json_object_get(json, "name")), node);
    return NS_OK;
}

static ns_code add_input(loader *l, const json_t *json, ns_error *error)
{
    const json_t *list = json_object_get(json, "shape");
    int64_t shape[NS_MAX_RANK] = {0};
    int rank = (int)json_array_size(list), node = 0;
    for (int i = 0; i < rank && i < NS_MAX_RANK; i++)
        shape[i] = json_integer_value(json_array_get(list, (size_t)i));
    const char *name = json_string_value(json_object_get(json, "name"));
    NS_TRY(ns_aten_add_input(l->program, name, rank, shape, &node, error));
    bind(l, name, node);
    return NS_OK;
}

static ns_code read_node(loader *l, const json_t *json, ns_error *error)
{
    const char *kind = json_string_value(json_object_get(json, "kind"));
    const char *target = json_string_value(json_object_get(json, "target"));
    const char *name = json_string_value(json_object_get(json, "name"));
    if (!kind || !target || !name)
        return ns_fail(error, NS_ERROR_INPUT, "%s/quantised.json: a node without name, kind or target",
                       l->name);
    if (strcmp(kind, "placeholder") == 0)
        return add_input(l, json, error);
    if (strcmp(kind, "get_attr") == 0)
        return read_frozen(l, json, error);
    if (strcmp(kind, "output") == 0) {
        const json_t *list = argument(json, 0);
        for (size_t i = 0; i < json_array_size(list); i++) {
            const binding *b = find(l, json_string_value(json_object_get(json_array_get(list, i), "node")));
            if (!b)
                return bad(l, json, error);
            NS_TRY(ns_aten_add_output(l->program, b->node, error));
        }
        return NS_OK;
    }
    binding *source = operand(l, json, 0);
    if (!source)
        return bad(l, json, error);
    if (strstr(target, ".dequantize_per_")) {
        if (source->node < 0)
            return add_frozen(l, json, source, error);
        bind(l, name, source->node);
        return NS_OK;
    }
    if (strstr(target, ".quantize_per_tensor")) {
        NS_TRY(read_quantisation(l, json, &l->program->nodes[source->node].quantisation, error));
        bind(l, name, source->node);
        return NS_OK;
    }
    const ns_aten_operator *op = ns_aten_find(target);
    return op ? add_operator(l, json, op, error) : bad(l, json, error);
}

static ns_code read_inputs(const loader *l, captured_case *out, ns_error *error)
{
    const ns_aten_program *program = l->program;
    out->inputs = NS_ARENA_ARRAY(l->arena, (size_t)program->input_count, ns_tensor);
    for (int i = 0; i < program->input_count; i++) {
        const ns_aten_node *node = &program->nodes[program->inputs[i]];
        NS_TRY(ns_tensor_new(l->arena, NS_DTYPE_FP32, node->rank, node->shape, &out->inputs[i], error));
        const char *path = captured_path(l->name, ns_arena_format(l->arena, "i%d.bin", i), l->arena);
        ns_bytes bytes;
        NS_TRY(test_data_read(path, l->arena, &bytes, error));
        if (bytes.size != 4 * ns_aten_count(node))
            return ns_fail(error, NS_ERROR_INPUT, "%s: %zu bytes", path, bytes.size);
        memcpy(out->inputs[i].data, bytes.data, bytes.size);
    }
    return NS_OK;
}

static ns_code read_outputs(const loader *l, captured_case *out, ns_error *error)
{
    const ns_aten_program *program = l->program;
    out->outputs = NS_ARENA_ARRAY(l->arena, (size_t)program->output_count, ns_tensor);
    for (int i = 0; i < program->output_count; i++) {
        ns_npy array;
        const char *file = ns_arena_format(l->arena, "quantised_out%d.npy", i);
        NS_TRY(test_data_array(captured_path(l->name, file, l->arena), l->arena, &array, error));
        NS_TRY(ns_npy_to_tensor(&array, NS_DTYPE_FP32, &out->outputs[i], error));
    }
    return NS_OK;
}

static ns_code load_program(loader *l, ns_error *error)
{
    NS_TRY(ns_aten_program_new(l->arena, &l->program, error));
    json_t *json;
    NS_TRY(test_data_json(captured_path(l->name, "quantised.json", l->arena), &json, error));
    ns_code code = NS_OK;
    for (size_t i = 0; code == NS_OK && i < json_array_size(json); i++) {
        code = read_node(l, json_array_get(json, i), error);
        /* Strings of the document are needed until its nodes are read. */
    }
    json_decref(json);
    return code;
}

ns_code captured_load_program(const char *name, ns_arena *arena, ns_aten_program **program, ns_error *error)
{
    loader *l = NS_ARENA_NEW(arena, loader);
    *l = (loader){.name = ns_arena_string(arena, name), .arena = arena, .integers_only = true};
    NS_TRY(load_program(l, error));
    *program = l->program;
    return NS_OK;
}

ns_code captured_load(const char *name, ns_arena *arena, captured_case *out, ns_error *error)
{
    loader *l = NS_ARENA_NEW(arena, loader);
    *l = (loader){.name = ns_arena_string(arena, name), .arena = arena};
    NS_TRY(load_program(l, error));
    *out = (captured_case){.name = l->name, .program = l->program};
    NS_TRY(read_inputs(l, out, error));
    return read_outputs(l, out, error);
}

/* What the modules of ExecuTorch's tests compute (backends/arm/test/ops/test_mean_dim.py, test_var.py). */
typedef struct original {
    const char *bracket; /* text in the case's name */
    const ns_aten_operator *op;
    int dim_count;
    int dims[4];
    bool keepdim;
    double correction;
} original;

static const original originals[] = {
    {"[rank_2_keepdim]", &ns_aten_op_mean_dim, 2, {0, 1}, true, 0},
    {"[rank_3_keepdim]", &ns_aten_op_mean_dim, 3, {0, 1, 2}, true, 0},
    {"[rand_23_keepdim]", &ns_aten_op_mean_dim, 2, {2, 3}, true, 0},
    {"[rand_0123_keepdim]", &ns_aten_op_mean_dim, 4, {0, 1, 2, 3}, true, 0},
    {"[rand_none_keepdim]", &ns_aten_op_mean_dim, 0, {0}, true, 0},
    {"[rank_2]", &ns_aten_op_mean_dim, 2, {-2, -1}, false, 0},
    {"[rand_123]", &ns_aten_op_mean_dim, 3, {-3, -2, -1}, false, 0},
    {"[rank_1_keepdim]", &ns_aten_op_mean_dim, 1, {0}, true, 0},
    {"[rand_1_keepdim]", &ns_aten_op_mean_dim, 1, {1}, true, 0},
    {"[rank_1]", &ns_aten_op_mean_dim, 1, {-1}, false, 0},
    {"[rand_3]", &ns_aten_op_mean_dim, 1, {-1}, false, 0},
    {"[var_4d_keep_dim_0_correction]", &ns_aten_op_var, 0, {0}, true, 0},
    {"[var_4d_keep_dim_1_correction]", &ns_aten_op_var, 0, {0}, true, 1},
};

ns_code captured_original(const captured_case *c, ns_arena *arena, ns_aten_program **out, ns_error *error)
{
    const original *o = NULL;
    for (size_t i = 0; i < sizeof originals / sizeof *originals; i++) {
        const char *op = originals[i].op == &ns_aten_op_mean_dim ? "test_mean_dim_" : "test_var_";
        if (strncmp(c->name, op, strlen(op)) == 0 && strstr(c->name, originals[i].bracket))
            o = &originals[i];
    }
    *out = c->program;
    if (!o)
        return NS_OK;
    int input = 0, node = 0;
    const ns_tensor *x = &c->inputs[0];
    NS_TRY(ns_aten_program_new(arena, out, error));
    NS_TRY(ns_aten_add_input(*out, "x", x->rank, x->shape, &input, error));
    if (o->op == &ns_aten_op_mean_dim)
        NS_TRY(ns_aten_add_mean(*out, input, o->dim_count, o->dims, o->keepdim, &node, error));
    else
        NS_TRY(ns_aten_add_var(*out, input, o->dim_count, o->dims, o->correction, o->keepdim, &node, error));
    return ns_aten_add_output(*out, node, error);
}
