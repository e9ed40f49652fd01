#include "tosa/internal.h"
#include "tosa/operator_info.h"

#include <stdio.h>
#include <string.h>

ns_code ns_check_level(const ns_check *check, const char *what, int64_t value, const char *limit_name,
                       int64_t limit)
{
    if (value <= limit)
        return NS_OK;
    return ns_fail(check->error, NS_ERROR_UNSUPPORTED, "%s is %lld; level 8K allows %lld (%s)", what,
                   (long long)value, (long long)limit, limit_name);
}

/* ---- one operand ---- */

static ns_code check_rank_and_size(const ns_check *check, const ns_check_operand *o)
{
    const ns_tensor *tensor = o->tensor;
    if (tensor->rank < o->info->rank_min)
        return NS_CHECK_FAIL(check, "%s has rank %d; it must be at least %d", o->label, tensor->rank,
                             o->info->rank_min);
    if (tensor->rank > o->info->rank_max) {
        if (o->info->rank_max >= NS_LEVEL_MAX_RANK - 1)
            return ns_check_level(check, o->label, tensor->rank, "MAX_RANK", o->info->rank_max);
        return NS_CHECK_FAIL(check, "%s has rank %d; it must be at most %d", o->label, tensor->rank,
                             o->info->rank_max);
    }
    int64_t size = 1;
    for (int i = 0; i < tensor->rank; i++) {
        if (tensor->shape[i] < 1)
            return NS_CHECK_FAIL(check, "dim %d of %s is %lld; dims are at least 1", i, o->label,
                                 (long long)tensor->shape[i]);
        /* Below 2^31 before, so the product cannot overflow for dims below 2^32. */
        size = tensor->shape[i] > INT32_MAX ? INT64_MAX : size * tensor->shape[i];
        NS_TRY(ns_check_level(check, "the number of elements", size, "MAX_LOG2_SIZE",
                              ((int64_t)1 << NS_LEVEL_MAX_LOG2_SIZE) - 1));
    }
    return NS_OK;
}

/* A shape operand: values of one dim, made by CONST_SHAPE or a shape operator. */
static ns_code check_shape_operand(const ns_check *check, const ns_check_operand *o)
{
    if (o->tensor->dtype != NS_DTYPE_SHAPE)
        return NS_CHECK_FAIL(check, "%s has type %s; it must be a shape", o->label,
                             ns_dtype_text(o->tensor->dtype));
    if (o->tensor->rank != 1)
        return NS_CHECK_FAIL(check, "%s has rank %d; a shape is a list", o->label, o->tensor->rank);
    return ns_check_level(check, o->label, o->tensor->shape[0], "MAX_SHAPE_LEN", NS_LEVEL_MAX_SHAPE_LEN);
}

static ns_code check_operand(ns_check *check, const ns_check_operand *o, const ns_graph_tensor *entry)
{
    const bool is_shape = o->info->kind == NS_OPERAND_SHAPE || o->info->kind == NS_OPERAND_SHAPE_LIST;
    if (entry->is_unranked)
        return ns_fail(check->error, NS_ERROR_UNSUPPORTED, "%s (\"%s\") is unranked: give it a shape",
                       o->label, entry->name);
    if (is_shape) {
        NS_TRY(check_shape_operand(check, o));
    } else {
        if (o->tensor->dtype == NS_DTYPE_SHAPE || o->tensor->dtype == NS_DTYPE_UNKNOWN)
            return NS_CHECK_FAIL(check, "%s has type %s; it must be a tensor", o->label,
                                 ns_dtype_text(o->tensor->dtype));
        NS_TRY(check_rank_and_size(check, o));
    }
    /* A shape without values comes from shape operators, which compute with constants only. */
    if (o->info->constant && !is_shape && !o->tensor->data &&
        ns_op_get_info(check->operator->op)->version[2] == '0')
        return NS_CHECK_FAIL(check, "%s (\"%s\") must be a compile-time constant: make it with CONST",
                             o->label, entry->name);
    return ns_check_shape(check, o);
}

/* ---- types ---- */

/* Which variable of `names` is called `name`; -1 when none. */
static int variable_index(const char *names, const char *name)
{
    int index = 0;
    for (const char *p = names; p && *p; index++) {
        const size_t length = strcspn(p, " ");
        if (strlen(name) == length && !strncmp(p, name, length))
            return index;
        p += length;
        p += strspn(p, " ");
    }
    return -1;
}

typedef struct bound_types {
    ns_dtype types[NS_MAX_TYPE_VARIABLES];
    bool bound[NS_MAX_TYPE_VARIABLES];
} bound_types;

/* "in_t int8, out_t int48": the types that the operands gave. */
static void describe_types(const char *names, const bound_types *types, char *text, size_t size)
{
    size_t used = 0;
    int index = 0;
    text[0] = 0;
    for (const char *p = names; *p && used < size; index++) {
        const int length = (int)strcspn(p, " ");
        if (types->bound[index])
            used += (size_t)snprintf(text + used, size - used, "%s%.*s %s", used ? ", " : "", length, p,
                                     ns_dtype_text(types->types[index]));
        p += length;
        p += strspn(p, " ");
    }
}

/* An operand's type: a fixed one, or the value of a type variable, which is the same for all its operands. */
static ns_code bind_type(const ns_check *check, const ns_check_operand *o, const char *names,
                         bound_types *types)
{
    const int index = variable_index(names, o->info->type);
    if (index < 0) {
        const char *text = ns_dtype_text(o->tensor->dtype);
        /* RESCALE's multiplier ("mul_t") depends on an attribute, which its own rule checks. */
        if (!o->info->type[0] || !strcmp(o->info->type, "mul_t") || !strcmp(o->info->type, text))
            return NS_OK;
        return NS_CHECK_FAIL(check, "%s has type %s; it must be %s", o->label, text, o->info->type);
    }
    if (!types->bound[index]) {
        types->bound[index] = true;
        types->types[index] = o->tensor->dtype;
        return NS_OK;
    }
    if (types->types[index] == o->tensor->dtype)
        return NS_OK;
    return NS_CHECK_FAIL(check, "%s has type %s; the operands of type %s before it have %s", o->label,
                         ns_dtype_text(o->tensor->dtype), o->info->type, ns_dtype_text(types->types[index]));
}

static ns_code check_types(ns_check *check, const char *names, bound_types *types)
{
    int count = 0;
    const ns_type_mode *modes = ns_op_type_modes(check->operator->op, &count);
    if (!count)
        return NS_OK;
    const ns_op_info *info = ns_op_get_info(check->operator->op);
    const int accumulator = variable_index(names, "acc_t");
    for (int i = 0; accumulator >= 0 && i < info->attribute_count; i++) {
        if (info->attributes[i] == NS_ATTRIBUTE_acc_type) {
            types->bound[accumulator] = true;
            types->types[accumulator] = check->operator->attributes.acc_type;
        }
    }
    for (int i = 0; i < count; i++) {
        bool matches = true;
        for (int j = 0; j < NS_MAX_TYPE_VARIABLES; j++)
            if (types->bound[j] && !(modes[i].types[j] >> types->types[j] & 1))
                matches = false;
        if (matches) {
            check->mode = &modes[i];
            return NS_OK;
        }
    }
    char text[256];
    describe_types(names, types, text, sizeof text);
    return NS_CHECK_FAIL(check, "the specification does not support this combination of types: %s", text);
}

/* ---- all operands ---- */

static ns_code check_count(const ns_check *check, const char *what, int count, const char *names)
{
    const ns_operand_counts wanted = ns_operand_names_count(names);
    if (count > wanted.fixed && wanted.any_number)
        return ns_check_level(check, what, count - wanted.fixed, "MAX_TENSOR_LIST_SIZE",
                              NS_LEVEL_MAX_TENSOR_LIST_SIZE);
    if (count == wanted.fixed)
        return NS_OK;
    /* The file names a variable by a tensor, as an operand that the specification does not count. */
    const ns_op op = check->operator->op;
    const bool is_variable = op == NS_OP_VARIABLE || op == NS_OP_VARIABLE_READ || op == NS_OP_VARIABLE_WRITE;
    if (is_variable && count == wanted.fixed + 1)
        return NS_OK;
    return NS_CHECK_FAIL(check, "it has %d %s; it takes %d%s", count, what, wanted.fixed,
                         wanted.any_number ? " or more" : "");
}

ns_code ns_check_operands(ns_check *check)
{
    const ns_operator *operator= check->operator;
    const ns_op_info *info = ns_op_get_info(operator->op);
    NS_TRY(check_count(check, "inputs", operator->input_count, info->inputs));
    NS_TRY(check_count(check, "outputs", operator->output_count, info->outputs));
    const char *names = ns_op_type_variables(operator->op);
    bound_types types = {0};
    int row_count = 0;
    const ns_operand_info *rows = ns_op_operands(operator->op, &row_count);
    int next[2] = {0, 0};
    int left[2] = {0, 0}; /* rows of each direction that are still to come */
    for (int i = 0; i < row_count; i++)
        left[rows[i].direction]++;
    for (int i = 0; i < row_count; i++) {
        const ns_operand_direction direction = rows[i].direction;
        const int given = direction == NS_OPERAND_INPUT    ? operator->input_count : operator->output_count;
        const int *indices = direction == NS_OPERAND_INPUT ? operator->inputs : operator->outputs;
        const bool is_list = rows[i].kind == NS_OPERAND_TENSOR_LIST || rows[i].kind == NS_OPERAND_SHAPE_LIST;
        /* A list ends where the operands behind it begin. */
        left[direction]--;
        const int end = is_list ? given - left[direction] : next[direction] + 1;
        for (; next[direction] < end && next[direction] < given; next[direction]++) {
            const ns_graph_tensor *entry = &check->block->tensors[indices[next[direction]]];
            ns_check_operand o = {.info = &rows[i], .tensor = &entry->tensor};
            o.number = next[direction] + (direction == NS_OPERAND_OUTPUT ? operator->input_count : 0);
            ns_check_label(check, o.number, o.label, sizeof o.label);
            NS_TRY(bind_type(check, &o, names, &types));
            NS_TRY(check_operand(check, &o, entry));
        }
    }
    return names ? check_types(check, names, &types) : NS_OK;
}

/* ---- shared rules ---- */

ns_code ns_check_list(const ns_check *check, const char *name, const ns_int_list *list, int count,
                      int32_t least, const char *level_name, int64_t level)
{
    if (list->count != count)
        return NS_CHECK_FAIL(check, "%s has %d values; it takes %d", name, list->count, count);
    for (int i = 0; i < count; i++) {
        if (list->values[i] < least)
            return NS_CHECK_FAIL(check, "%s[%d] is %d; it must be at least %d", name, i, list->values[i],
                                 least);
        if (level)
            NS_TRY(ns_check_level(check, name, list->values[i], level_name, level));
    }
    return NS_OK;
}

ns_code ns_check_zero_point(const ns_check *check, int input)
{
    const ns_tensor *zero_point = ns_check_input(check, input);
    if (!zero_point->data || zero_point->dtype == NS_DTYPE_INT8)
        return NS_OK;
    /* Floating-point zero has all bits but the sign clear; -0.0 equals 0. */
    int64_t value = ns_tensor_get(zero_point, 0);
    if (!ns_dtype_is_integer(zero_point->dtype))
        value &= (int64_t)(UINT64_MAX >> (65 - ns_dtype_bits(zero_point->dtype)));
    char label[64];
    if (value)
        return NS_CHECK_FAIL(check, "%s is not 0; only int8 has a zero point",
                             ns_check_label(check, input, label, sizeof label));
    return NS_OK;
}

ns_code ns_check_broadcast(const ns_check *check, int inputs)
{
    const ns_tensor *output = ns_check_output(check, 0);
    char label[64];
    for (int i = 0; i < inputs; i++) {
        const ns_tensor *input = ns_check_input(check, i);
        if (input->rank != output->rank)
            return NS_CHECK_FAIL(check, "%s has rank %d, the output has %d: they must be equal",
                                 ns_check_label(check, i, label, sizeof label), input->rank, output->rank);
    }
    for (int dim = 0; dim < output->rank; dim++) {
        int64_t expected = 1;
        for (int i = 0; i < inputs; i++) {
            const int64_t value = ns_check_input(check, i)->shape[dim];
            if (value != 1 && expected != 1 && value != expected)
                return NS_CHECK_FAIL(
                    check, "dim %d of %s is %lld; an input before it has %lld: only 1 is broadcast", dim,
                    ns_check_label(check, i, label, sizeof label), (long long)value, (long long)expected);
            if (expected == 1)
                expected = value;
        }
        if (output->shape[dim] != expected)
            return NS_CHECK_FAIL(check, "dim %d of the output is %lld; the inputs broadcast to %lld", dim,
                                 (long long)output->shape[dim], (long long)expected);
    }
    return NS_OK;
}
