#include "tosa/internal.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *ns_check_label(const ns_check *check, int number, char *text, size_t size)
{
    const ns_op_info *info = ns_op_get_info(check->operator->op);
    char name[48];
    const bool is_output = number >= check->operator->input_count;
    ns_operand_name(is_output ? info->outputs : info->inputs,
                    is_output ? number - check->operator->input_count : number, name, sizeof name);
    snprintf(text, size, "%s \"%s\"", is_output ? "output" : "input", name);
    return text;
}

static ns_symbol *find_symbol(const ns_check *check, const char *name, int length)
{
    for (int i = 0; i < check->symbol_count; i++)
        if (check->symbols[i].length == length && !strncmp(check->symbols[i].name, name, (size_t)length))
            return (ns_symbol *)&check->symbols[i];
    return NULL;
}

int64_t ns_check_dim(const ns_check *check, const char *name)
{
    const ns_symbol *symbol = find_symbol(check, name, (int)strlen(name));
    return symbol ? symbol->value : 0;
}

static ns_symbol *add_symbol(ns_check *check, const char *name, int length, int number)
{
    if (check->symbol_count == NS_MAX_SYMBOLS)
        return NULL;
    ns_symbol *symbol = &check->symbols[check->symbol_count++];
    *symbol = (ns_symbol){.name = name, .length = length, .operand = number};
    return symbol;
}

/* The value of a dim's expression where it is a number, or a product of numbers, bound names and
 * rank(name); false for others ("W/2+1", "TABLE_SIZE"), which the operator's own rule checks. */
static bool evaluate(const ns_check *check, const char *text, int length, int64_t *value)
{
    *value = 1;
    for (int i = 0; i < length;) {
        int end = i;
        while (end < length && text[end] != '*')
            end++;
        if (isdigit((unsigned char)text[i])) {
            *value *= atoi(text + i);
        } else if (end - i > 6 && !strncmp(text + i, "rank(", 5)) {
            const ns_symbol *symbol = find_symbol(check, text + i + 5, end - i - 6);
            if (!symbol || !symbol->shape)
                return false;
            *value *= symbol->shape->rank;
        } else {
            const ns_symbol *symbol = find_symbol(check, text + i, end - i);
            if (!symbol || symbol->shape)
                return false;
            *value *= symbol->value;
        }
        i = end + 1;
    }
    return true;
}

static bool is_name(const char *text, int length)
{
    for (int i = 0; i < length; i++)
        if (!isalnum((unsigned char)text[i]) && text[i] != '_')
            return false;
    const bool is_table_size = length == 10 && !strncmp(text, "TABLE_SIZE", 10);
    return length > 0 && isalpha((unsigned char)text[0]) && !is_table_size;
}

/* One dim of an operand against its name or expression in the specification. */
static ns_code check_dim(ns_check *check, const ns_check_operand *o, int dim, const char *text, int length)
{
    const int64_t value = o->tensor->dtype == NS_DTYPE_SHAPE ? o->tensor->shape[0] : o->tensor->shape[dim];
    const ns_symbol *symbol = find_symbol(check, text, length);
    if (!symbol && is_name(text, length)) {
        ns_symbol *added = add_symbol(check, text, length, o->number);
        if (!added)
            return ns_fail(check->error, NS_ERROR_INTERNAL, "more than %d dims", NS_MAX_SYMBOLS);
        added->value = value;
        return NS_OK;
    }
    int64_t expected = 0;
    if (!evaluate(check, text, length, &expected) || value == expected)
        return NS_OK;
    char other[64] = "the specification";
    if (symbol)
        ns_check_label(check, symbol->operand, other, sizeof other);
    return NS_CHECK_FAIL(check, "dim %d of %s is %lld; %.*s is %lld by %s", dim, o->label, (long long)value,
                         length, text, (long long)expected, other);
}

ns_code ns_check_shape(ns_check *check, const ns_check_operand *o)
{
    const char *text = o->info->shape;
    if (text[0] != '[') {
        const int length = (int)strlen(text);
        if (!length || o->info->kind == NS_OPERAND_TENSOR_LIST)
            return NS_OK;
        const ns_symbol *symbol = find_symbol(check, text, length);
        if (!symbol) {
            ns_symbol *added = add_symbol(check, text, length, o->number);
            if (!added)
                return ns_fail(check->error, NS_ERROR_INTERNAL, "more than %d shapes", NS_MAX_SYMBOLS);
            added->shape = o->tensor;
            return NS_OK;
        }
        if (ns_shape_equal(symbol->shape, o->tensor))
            return NS_OK;
        char a[128], b[128], other[64];
        return NS_CHECK_FAIL(check, "%s is %s and %s is %s: their shapes must be equal", o->label,
                             ns_tensor_describe(o->tensor, a, sizeof a),
                             ns_check_label(check, symbol->operand, other, sizeof other),
                             ns_tensor_describe(symbol->shape, b, sizeof b));
    }
    int dim = 0;
    for (const char *p = text + 1; *p; dim++) {
        const int length = (int)strcspn(p, ",]");
        NS_TRY(check_dim(check, o, dim, p, length));
        p += length + 1;
    }
    return NS_OK;
}
