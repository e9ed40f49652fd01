#include "support/captured.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "formats/npy.h"

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

static int first_of(const json_t *list, int otherwise)
{
    return json_array_size(list) ? (int)json_integer_value(json_array_get(list, 0)) : otherwise;
}

static ns_code add_conv1d(loader *l, const json_t *json, const int *inputs, int *node, ns_error *error)
{
    const json_t *groups = argument(json, 6);
    NS_TRY(ns_aten_add_conv1d(l->program, inputs[0], inputs[1], inputs[2], first_of(argument(json, 3), 1),
                              first_of(argument(json, 4), 0), first_of(argument(json, 5), 1),
                              groups ? (int)json_integer_value(groups) : 1, node, error));
    static const char *const kinds[] = {"weight", "bias"};
    for (int i = 0; i < 2 && !l->integers_only; i++) {
        if (inputs[1 + i] < 0)
            continue;
        ns_aten_node *parameter = &l->program->nodes[inputs[1 + i]];
        const char *file = ns_arena_format(l->arena, "float_conv_%d.%s.npy", l->conv_count, kinds[i]);
        NS_TRY(read_float(l, file, ns_aten_count(parameter), &parameter->data, error));
    }
    l->conv_count++;
    return NS_OK;
}

static ns_code add_operator(loader *l, const json_t *json, ns_aten_op op, ns_error *error)
{
    int inputs[NS_ATEN_MAX_INPUTS] = {-1, -1, -1}, node = 0;
    for (size_t i = 0; i < NS_ATEN_MAX_INPUTS; i++) {
        const binding *b = operand(l, json, i);
        inputs[i] = b ? b->node : -1;
    }
    ns_aten_node prototype = {
        .op = op, .input_count = inputs[1] >= 0 ? 2 : 1, .inputs = {inputs[0], inputs[1]}};
    const json_t *list = argument(json, 1);
    size_t count = json_array_size(list);
    switch (op) {
    case NS_ATEN_CONV1D:
        NS_TRY(add_conv1d(l, json, inputs, &node, error));
        bind(l, json_string_value(json_object_get(json, "name")), node);
        return NS_OK;
    case NS_ATEN_GELU: {
        const char *form = json_string_value(json_object_get(json_object_get(json, "kwargs"), "approximate"));
        prototype.tanh_approximation = form && strcmp(form, "tanh") == 0;
        break;
    }
    case NS_ATEN_SUM:
        prototype.dim_count = (int)count;
        for (size_t i = 0; i < count && i < NS_MAX_RANK; i++)
            prototype.dims[i] = (int)json_integer_value(json_array_get(list, i));
        prototype.keepdim = json_is_true(argument(json, 2));
        break;
    case NS_ATEN_RESHAPE:
        prototype.rank = (int)count;
        for (size_t i = 0; i < count && i < NS_MAX_RANK; i++)
            prototype.shape[i] = json_integer_value(json_array_get(list, i));
        break;
    case NS_ATEN_PAD: {
        const char *mode = json_string_value(argument(json, 2));
        prototype.pad_left = (int)json_integer_value(json_array_get(list, 0));
        prototype.pad_right = (int)json_integer_value(json_array_get(list, 1));
        prototype.pad_mode = !mode || strcmp(mode, "constant") == 0 ? NS_PAD_CONSTANT
                             : strcmp(mode, "reflect") == 0         ? NS_PAD_REFLECT
                             : strcmp(mode, "replicate") == 0       ? NS_PAD_REPLICATE
                                                                    : NS_PAD_CIRCULAR;
        prototype.pad_value = json_number_value(argument(json, 3));
        break;
    }
    default:
        break;
    }
    NS_TRY(ns_aten_add(l->program, &prototype, &node, error));
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
    for (int op = 0; op < NS_ATEN_COUNT; op++) {
        if (strcmp(ns_aten_op_text((ns_aten_op)op), target) == 0)
            return add_operator(l, json, (ns_aten_op)op, error);
    }
    return bad(l, json, error);
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
    ns_aten_op op;
    int dim_count;
    int dims[4];
    bool keepdim;
    double correction;
} original;

static const original originals[] = {
    {"[rank_2_keepdim]", NS_ATEN_MEAN, 2, {0, 1}, true, 0},
    {"[rank_3_keepdim]", NS_ATEN_MEAN, 3, {0, 1, 2}, true, 0},
    {"[rand_23_keepdim]", NS_ATEN_MEAN, 2, {2, 3}, true, 0},
    {"[rand_0123_keepdim]", NS_ATEN_MEAN, 4, {0, 1, 2, 3}, true, 0},
    {"[rand_none_keepdim]", NS_ATEN_MEAN, 0, {0}, true, 0},
    {"[rank_2]", NS_ATEN_MEAN, 2, {-2, -1}, false, 0},
    {"[rand_123]", NS_ATEN_MEAN, 3, {-3, -2, -1}, false, 0},
    {"[rank_1_keepdim]", NS_ATEN_MEAN, 1, {0}, true, 0},
    {"[rand_1_keepdim]", NS_ATEN_MEAN, 1, {1}, true, 0},
    {"[rank_1]", NS_ATEN_MEAN, 1, {-1}, false, 0},
    {"[rand_3]", NS_ATEN_MEAN, 1, {-1}, false, 0},
    {"[var_4d_keep_dim_0_correction]", NS_ATEN_VAR, 0, {0}, true, 0},
    {"[var_4d_keep_dim_1_correction]", NS_ATEN_VAR, 0, {0}, true, 1},
};

ns_code captured_original(const captured_case *c, ns_arena *arena, ns_aten_program **out, ns_error *error)
{
    const original *o = NULL;
    for (size_t i = 0; i < sizeof originals / sizeof *originals; i++) {
        const char *op = originals[i].op == NS_ATEN_MEAN ? "test_mean_dim_" : "test_var_";
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
    if (o->op == NS_ATEN_MEAN)
        NS_TRY(ns_aten_add_mean(*out, input, o->dim_count, o->dims, o->keepdim, &node, error));
    else
        NS_TRY(ns_aten_add_var(*out, input, o->dim_count, o->dims, o->correction, o->keepdim, &node, error));
    return ns_aten_add_output(*out, node, error);
}
