#include "recorded/interface.h"

#include <stdlib.h>
#include <string.h>

#include "ir/interface.h"
#include "npuscope/budget.h"
#include "ops/operators.h"

/* Arguments that say where and how PyTorch keeps a result, not what it is. */
static const char *const placement[] = {"dtype", "device", "pin_memory", "layout", "memory_format"};

enum { MOST_ARGUMENTS = 32, MOST_OPERANDS = 256, MOST_NODES = 1 << 14 };

/* What walking from one node to the one behind it counts as: chains may be walked again for each node. */
#define STEP_WORK ((uint64_t)1 << 12)

typedef struct named {
    const char *name;
    int node, last_read; /* FX nodes; last_read -1: nobody reads it */
} named;

typedef struct reader {
    const ns_case_files *files;
    ns_arena *arena;
    const json_t *nodes;
    named *names; /* sorted; of several nodes of one name the first */
    size_t name_count;
    int *map; /* FX node -> node of the program; -1: none */
    ns_aten_program *program;
} reader;

/* What a call's arguments come to. */
typedef struct call {
    const ns_aten_operator *op;
    const char *name;
    int operand_count;
    int operands[MOST_OPERANDS];
    int argument_count;
    ns_aten_argument arguments[MOST_ARGUMENTS + 1];
} call;

static const char *text_of(const json_t *node, const char *key)
{
    const char *text = json_string_value(json_object_get(node, key));
    return text ? text : "";
}

static ns_code fail_at(const reader *r, const char *node, ns_error *error, const char *what)
{
    return ns_fail(error, NS_ERROR_INPUT, "%s/float.json: node '%s': %s", r->files->where, node, what);
}

/* ---- names ---- */

static int compare_names(const void *a, const void *b)
{
    return strcmp(((const named *)a)->name, ((const named *)b)->name);
}

static int compare_entries(const void *a, const void *b)
{
    const int order = compare_names(a, b);
    return order ? order : ((const named *)a)->node - ((const named *)b)->node;
}

static named *find_named(const reader *r, const char *name)
{
    return bsearch(&(named){.name = name}, r->names, r->name_count, sizeof *r->names, compare_names);
}

static int find_node(const reader *r, const char *name)
{
    const named *found = find_named(r, name);
    return found ? found->node : -1;
}

/* Notes what an argument of FX node `at` reads. */
static void note_reads(const reader *r, json_t *value, int at)
{
    const char *key;
    json_t *item;
    named *found = json_is_object(value) ? find_named(r, text_of(value, "node")) : NULL;
    if (found)
        found->last_read = at;
    json_object_foreach(value, key, item) note_reads(r, item, at);
    for (size_t i = 0; json_is_array(value) && i < json_array_size(value); i++)
        note_reads(r, json_array_get(value, i), at);
}

static ns_code list_names(reader *r, ns_error *error)
{
    const size_t count = json_array_size(r->nodes);
    r->names = NS_ARENA_ARRAY(r->arena, count, named);
    if (!r->names)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the names of %zu nodes", count);
    for (size_t i = 0; i < count; i++)
        r->names[i] = (named){text_of(json_array_get(r->nodes, i), "name"), (int)i, -1};
    qsort(r->names, count, sizeof *r->names, compare_entries);
    for (size_t i = 0; i < count; i++)
        if (!r->name_count || strcmp(r->names[r->name_count - 1].name, r->names[i].name) != 0)
            r->names[r->name_count++] = r->names[i];
    for (size_t i = 0; i < count; i++) {
        note_reads(r, json_object_get(json_array_get(r->nodes, i), "args"), (int)i);
        note_reads(r, json_object_get(json_array_get(r->nodes, i), "kwargs"), (int)i);
    }
    return NS_OK;
}

/* ---- arguments ---- */

/* The program's node behind {"node": name}. */
static ns_code find_operand(const reader *r, const call *c, const json_t *value, int *out, ns_error *error)
{
    const char *name = text_of(value, "node");
    const int index = find_node(r, name);
    if (index < 0 || r->map[index] < 0)
        return fail_at(r, c->name, error, "an argument is no earlier node");
    *out = r->map[index];
    return NS_OK;
}

static ns_code add_operand(call *c, const reader *r, int node, ns_error *error)
{
    if (c->operand_count == MOST_OPERANDS)
        return fail_at(r, c->name, error, "it has too many operands");
    c->operands[c->operand_count++] = node;
    return NS_OK;
}

/* A number where a tensor is expected is a constant of as many axes as the first operand has
 * (ReplaceScalarWithTensorByProfilePass, ScalarsToAttributePass); one that is compared with stays a call of
 * full. */
static ns_code add_scalar(call *c, const reader *r, double value, ns_error *error)
{
    const int rank = c->operand_count && c->operands[0] >= 0 ? r->program->nodes[c->operands[0]].rank : 1;
    int64_t shape[NS_MAX_RANK] = {1};
    for (int i = 0; i < rank; i++)
        shape[i] = 1;
    const float single = (float)value;
    int node = 0;
    if (c->op->annotation == NS_ANNOTATION_OPERANDS_ALIKE) {
        NS_TRY(ns_aten_add_full(r->program, 1, shape, single, &node, error));
        return add_operand(c, r, node, error);
    }
    NS_TRY(ns_aten_add_parameter(r->program, NULL, rank, shape, &single, &node, error));
    return add_operand(c, r, node, error);
}

static ns_code bind_tensor(call *c, const reader *r, const ns_aten_parameter *p, const json_t *value,
                           ns_error *error)
{
    int node = -1;
    if (p->type == NS_ATEN_TENSORS) {
        for (size_t i = 0; i < json_array_size(value); i++) {
            NS_TRY(find_operand(r, c, json_array_get(value, i), &node, error));
            NS_TRY(add_operand(c, r, node, error));
        }
        return json_is_array(value) ? NS_OK : fail_at(r, c->name, error, "a list of tensors is expected");
    }
    if (json_is_number(value))
        return add_scalar(c, r, json_number_value(value), error);
    if (!json_is_null(value))
        NS_TRY(find_operand(r, c, value, &node, error));
    else if (p->type != NS_ATEN_OPTIONAL_TENSOR)
        return fail_at(r, c->name, error, "a tensor is missing");
    return add_operand(c, r, node, error);
}

static ns_code bind_choice(const call *c, const reader *r, const ns_aten_parameter *p, const json_t *value,
                           ns_aten_attribute *out, ns_error *error)
{
    const char *word = json_string_value(value);
    for (int i = 0; word && p->choices[i]; i++)
        if (strcmp(p->choices[i], word) == 0) {
            out->integer = i;
            return NS_OK;
        }
    return fail_at(r, c->name, error, "an argument is none of the words that its operator knows");
}

static ns_code bind_list(const call *c, const reader *r, const ns_aten_parameter *p, const json_t *value,
                         ns_aten_attribute *out, ns_error *error)
{
    if (json_is_string(value) && p->choices)
        return bind_choice(c, r, p, value, out, error);
    const size_t count = json_is_array(value) ? json_array_size(value) : 1;
    int64_t *list = NS_ARENA_ARRAY(r->arena, count, int64_t);
    if (!list)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the arguments of '%s'", c->name);
    for (size_t i = 0; i < count; i++) {
        const json_t *item = json_is_array(value) ? json_array_get(value, i) : value;
        if (!json_is_integer(item))
            return fail_at(r, c->name, error, "a list of integers is expected");
        list[i] = json_integer_value(item);
    }
    *out = (ns_aten_attribute){.count = (int)count, .list = list};
    return NS_OK;
}

static ns_code bind_reals(const call *c, const reader *r, const json_t *value, ns_aten_attribute *out,
                          ns_error *error)
{
    const size_t count = json_array_size(value);
    double *list = NS_ARENA_ARRAY(r->arena, count, double);
    if (!list)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the arguments of '%s'", c->name);
    for (size_t i = 0; i < count; i++) {
        if (!json_is_number(json_array_get(value, i)))
            return fail_at(r, c->name, error, "a list of numbers is expected");
        list[i] = json_number_value(json_array_get(value, i));
    }
    *out = (ns_aten_attribute){.count = (int)count, .reals = list};
    return json_is_array(value) ? NS_OK : fail_at(r, c->name, error, "a list of numbers is expected");
}

static ns_code bind_value(const call *c, const reader *r, const ns_aten_parameter *p, const json_t *value,
                          ns_aten_attribute *out, ns_error *error)
{
    *out = (ns_aten_attribute){.none = json_is_null(value)};
    if (out->none)
        return NS_OK;
    switch (p->type) {
    case NS_ATEN_CHOICE:
        return bind_choice(c, r, p, value, out, error);
    case NS_ATEN_INTS:
        return bind_list(c, r, p, value, out, error);
    case NS_ATEN_REALS:
        return bind_reals(c, r, value, out, error);
    case NS_ATEN_REAL:
        out->real = json_is_boolean(value) ? json_is_true(value) : json_number_value(value);
        return json_is_boolean(value) || json_is_number(value)
                   ? NS_OK
                   : fail_at(r, c->name, error, "a number is expected");
    default:
        out->integer = json_is_boolean(value) ? json_is_true(value) : json_integer_value(value);
        return json_is_boolean(value) || json_is_integer(value)
                   ? NS_OK
                   : fail_at(r, c->name, error, "an integer or a truth value is expected");
    }
}

static bool is_tensor(const ns_aten_parameter *p)
{
    return p->type == NS_ATEN_TENSOR || p->type == NS_ATEN_OPTIONAL_TENSOR || p->type == NS_ATEN_TENSORS;
}

static ns_code bind(call *c, const reader *r, const ns_aten_parameter *p, const json_t *value,
                    ns_error *error)
{
    if (is_tensor(p))
        return bind_tensor(c, r, p, value, error);
    if (c->argument_count == MOST_ARGUMENTS)
        return fail_at(r, c->name, error, "it has too many arguments");
    ns_aten_argument *argument = &c->arguments[c->argument_count++];
    argument->name = p->name;
    return bind_value(c, r, p, value, &argument->value, error);
}

static const json_t *argument_of(const json_t *node, const ns_aten_operator *op, int index)
{
    const json_t *args = json_object_get(node, "args");
    if ((size_t)index < json_array_size(args))
        return json_array_get(args, (size_t)index);
    return json_object_get(json_object_get(node, "kwargs"), op->parameters[index].name);
}

/* Nothing that the caller gave may go unread: an operator that does not declare an argument does not know
 * what it means. */
static ns_code check_all_known(const reader *r, const call *c, const json_t *node, ns_error *error)
{
    const char *key;
    json_t *value;
    for (size_t i = (size_t)c->op->parameter_count; i < json_array_size(json_object_get(node, "args")); i++)
        return ns_fail(error, NS_ERROR_UNSUPPORTED,
                       "%s/float.json: node '%s': argument %zu of %s is not known", r->files->where, c->name,
                       i, c->op->aten);
    json_object_foreach((json_t *)json_object_get(node, "kwargs"), key, value)
    {
        bool known = false;
        for (int p = 0; p < c->op->parameter_count; p++)
            known = known || strcmp(c->op->parameters[p].name, key) == 0;
        for (size_t p = 0; p < sizeof placement / sizeof placement[0]; p++)
            known = known || strcmp(placement[p], key) == 0;
        if (!known)
            return ns_fail(error, NS_ERROR_UNSUPPORTED,
                           "%s/float.json: node '%s': argument '%s' of %s is not known", r->files->where,
                           c->name, key, c->op->aten);
    }
    return NS_OK;
}

/* What works in place on a value that is read later, by its name or as part of what it was viewed from, has a
 * meaning that the graph's edges do not show. */
static ns_code check_in_place(const reader *r, const json_t *node, ns_error *error)
{
    const int self = find_node(r, text_of(node, "name"));
    int before = self;
    const char *operand = text_of(json_array_get(json_object_get(node, "args"), 0), "node");
    for (const named *at = find_named(r, operand); at && at->node < before; at = find_named(r, operand)) {
        const json_t *from = json_array_get(r->nodes, (size_t)at->node);
        NS_TRY(ns_budget_spend(ns_arena_budget(r->arena), STEP_WORK, error));
        if (at->last_read > self || strcmp(text_of(from, "kind"), "call_function") != 0)
            return ns_fail(error, NS_ERROR_UNSUPPORTED,
                           "%s/float.json: node '%s': %s changes '%s' in place, which is read elsewhere",
                           r->files->where, text_of(node, "name"), text_of(node, "target"), operand);
        const ns_aten_operator *op = ns_aten_find(text_of(from, "target"));
        if (!op || op->annotation != NS_ANNOTATION_SHARED)
            return NS_OK;
        before = at->node;
        operand = text_of(json_array_get(json_object_get(from, "args"), 0), "node");
    }
    return NS_OK;
}

static ns_code read_call(reader *r, const json_t *node, const char *target, int result, int *out,
                         ns_error *error)
{
    call c = {.op = ns_aten_find(target), .name = text_of(node, "name")};
    if (!c.op) {
        const char *near = ns_aten_near(target);
        return ns_fail(error, NS_ERROR_UNSUPPORTED,
                       "%s/float.json: node '%s': %s is not among npuscope's operators%s%s", r->files->where,
                       c.name, target, near ? "; near it is " : " (npuscope operators lists them)",
                       near ? near : "");
    }
    NS_TRY(check_all_known(r, &c, node, error));
    if (ns_aten_in_place(target))
        NS_TRY(check_in_place(r, node, error));
    for (int p = 0; p < c.op->parameter_count; p++) {
        const json_t *value = argument_of(node, c.op, p);
        if (value)
            NS_TRY(bind(&c, r, &c.op->parameters[p], value, error));
        else if (c.op->parameters[p].type == NS_ATEN_OPTIONAL_TENSOR)
            NS_TRY(add_operand(&c, r, -1, error));
        else if (result >= 0 && strcmp(c.op->parameters[p].name, "result") == 0)
            c.arguments[c.argument_count++] = (ns_aten_argument){"result", NS_INT(result)};
    }
    if (ns_aten_call(r->program, c.op, c.operand_count, c.operands, c.arguments, out, error) != NS_OK)
        return ns_add_context(error, "%s/float.json: node '%s'", r->files->where, c.name);
    return NS_OK;
}

/* An operator of several results: its node here makes none; getitem picks one, and that is the call, with the
 * number as its argument "result". One that nobody reads is none. */
static ns_code read_item(reader *r, const json_t *node, int *out, ns_error *error)
{
    const named *self = find_named(r, text_of(node, "name"));
    if (!self || self->last_read < 0)
        return NS_OK;
    const json_t *args = json_object_get(node, "args");
    const int index = find_node(r, text_of(json_array_get(args, 0), "node"));
    if (index < 0)
        return fail_at(r, text_of(node, "name"), error, "it picks from no earlier node");
    const json_t *from = json_array_get(r->nodes, (size_t)index);
    return read_call(r, from, text_of(from, "target"), (int)json_integer_value(json_array_get(args, 1)), out,
                     error);
}

static bool has_several_results(const ns_aten_operator *op)
{
    for (int p = 0; op && p < op->parameter_count; p++)
        if (strcmp(op->parameters[p].name, "result") == 0)
            return true;
    return false;
}

/* Types that PyTorch's tensors have here. int64 becomes INT32 (ConvertInt64ConstOpsToInt32Pass). */
static const struct {
    const char *name;
    ns_dtype dtype;
} types[] = {{"torch.float32", NS_DTYPE_FP32},
             {"torch.int32", NS_DTYPE_INT32},
             {"torch.int64", NS_DTYPE_INT32},
             {"torch.bool", NS_DTYPE_BOOL}};

static ns_code find_type(const reader *r, const json_t *node, ns_dtype *out, ns_error *error)
{
    const char *name = text_of(node, "dtype");
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (strcmp(types[i].name, name) == 0) {
            *out = types[i].dtype;
            return NS_OK;
        }
    return ns_fail(error, NS_ERROR_UNSUPPORTED, "%s/float.json: node '%s' is of type '%s'", r->files->where,
                   text_of(node, "name"), name);
}

static ns_code read_parameter(reader *r, const json_t *node, int *out, ns_error *error)
{
    ns_tensor values;
    ns_dtype dtype = NS_DTYPE_FP32;
    const char *name = text_of(node, "name"), *file = text_of(node, "tensor");
    NS_TRY(find_type(r, node, &dtype, error));
    if (dtype != NS_DTYPE_FP32) {
        NS_TRY(ns_case_integers(r->files, file, r->arena, &values, error));
        return ns_aten_add_integer_parameter(r->program, name, dtype, values.rank, values.shape, values.data,
                                             out, error);
    }
    NS_TRY(ns_case_array(r->files, file, r->arena, &values, error));
    return ns_aten_add_parameter(r->program, name, values.rank, values.shape, values.data, out, error);
}

static ns_code read_input(reader *r, const json_t *node, int *out, ns_error *error)
{
    const json_t *shape = json_object_get(node, "shape");
    ns_dtype dtype = NS_DTYPE_FP32;
    int64_t dims[NS_MAX_RANK];
    if (!json_is_array(shape) || json_array_size(shape) > NS_MAX_RANK)
        return fail_at(r, text_of(node, "name"), error, "it has no shape of at most eight dims");
    NS_TRY(find_type(r, node, &dtype, error));
    for (size_t i = 0; i < json_array_size(shape); i++)
        dims[i] = json_integer_value(json_array_get(shape, i));
    return ns_aten_add_typed_input(r->program, text_of(node, "name"), dtype, (int)json_array_size(shape),
                                   dims, out, error);
}

static ns_code read_outputs(reader *r, const json_t *node, ns_error *error)
{
    const json_t *list = json_array_get(json_object_get(node, "args"), 0);
    const call c = {.name = "output"};
    for (size_t i = 0; i < json_array_size(list); i++) {
        int result = 0;
        NS_TRY(find_operand(r, &c, json_array_get(list, i), &result, error));
        NS_TRY(ns_aten_add_output(r->program, result, error));
    }
    return json_array_size(list) ? NS_OK : fail_at(r, "output", error, "it has no results");
}

static ns_code read_node(reader *r, const json_t *node, int *out, ns_error *error)
{
    const char *kind = text_of(node, "kind"), *target = text_of(node, "target");
    /* A number or None that the module takes has no shape; the calls have it written out. */
    if (strcmp(kind, "placeholder") == 0)
        return json_object_get(node, "shape") ? read_input(r, node, out, error) : NS_OK;
    if (strcmp(kind, "get_attr") == 0)
        return read_parameter(r, node, out, error);
    if (strcmp(kind, "output") == 0)
        return read_outputs(r, node, error);
    if (strcmp(kind, "call_function") != 0)
        return fail_at(r, text_of(node, "name"), error, "its kind is not known");
    if (strstr(target, "getitem"))
        return read_item(r, node, out, error);
    return has_several_results(ns_aten_find(target)) ? NS_OK : read_call(r, node, target, -1, out, error);
}

static ns_code read_nodes(reader *r, ns_error *error)
{
    const size_t count = json_array_size(r->nodes);
    r->map = NS_ARENA_ARRAY(r->arena, count, int);
    if (!json_is_array(r->nodes) || !count || !r->map)
        return ns_fail(error, r->map ? NS_ERROR_INPUT : NS_ERROR_MEMORY, "%s/float.json: no list of nodes",
                       r->files->where);
    if (count > MOST_NODES)
        return ns_fail(error, NS_ERROR_UNSUPPORTED, "%s/float.json: %zu nodes, at most %d are read",
                       r->files->where, count, MOST_NODES);
    NS_TRY(ns_aten_program_new(r->arena, &r->program, error));
    NS_TRY(list_names(r, error));
    for (size_t i = 0; i < count; i++)
        r->map[i] = -1;
    for (size_t i = 0; i < count; i++)
        NS_TRY(read_node(r, json_array_get(r->nodes, i), &r->map[i], error));
    return NS_OK;
}

ns_code ns_recorded_float_graph(const ns_case_files *files, ns_arena *arena, ns_aten_program **out,
                                ns_error *error)
{
    json_t *nodes = NULL;
    NS_TRY(ns_case_json(files, "float.json", arena, &nodes, error));
    reader r = {.files = files, .arena = arena, .nodes = nodes};
    const ns_code code = read_nodes(&r, error);
    json_decref(nodes);
    *out = r.program;
    return code;
}

/* The target that all calls have, but for the picking of results; NULL: several, or none. */
static const char *single_target(const json_t *nodes)
{
    const char *single = NULL;
    for (size_t i = 0; i < json_array_size(nodes); i++) {
        const json_t *node = json_array_get(nodes, i);
        const char *target = text_of(node, "target");
        if (strcmp(text_of(node, "kind"), "call_function") != 0 || strstr(target, "getitem"))
            continue;
        if (single && strcmp(single, target) != 0)
            return NULL;
        single = target;
    }
    return single;
}

ns_code ns_recorded_operator(const ns_case_files *files, ns_arena *arena, const char **out, ns_error *error)
{
    json_t *nodes = NULL;
    NS_TRY(ns_case_json(files, "float.json", arena, &nodes, error));
    const char *target = single_target(nodes);
    const ns_aten_operator *op = target ? ns_aten_find(target) : NULL;
    *out = op ? op->name : target ? ns_arena_string(arena, target) : NULL;
    json_decref(nodes);
    return *out || !target ? NS_OK : ns_fail(error, NS_ERROR_MEMORY, "no memory for a name");
}
