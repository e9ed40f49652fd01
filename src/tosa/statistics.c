#include "npuscope/graph.h"
#include "tosa/check.h"
#include "tosa/internal.h"
#include "tosa/operator_info.h"

#include <stdio.h>
#include <string.h>

static int64_t add(int64_t a, int64_t b)
{
    int64_t sum = 0;
    return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum;
}

static int64_t multiply(int64_t a, int64_t b)
{
    int64_t product = 0;
    return __builtin_mul_overflow(a, b, &product) ? INT64_MAX : product;
}

/* The elements of dims `first` to `last` of a tensor; 0 when it does not have them. */
static int64_t product(const ns_tensor *tensor, int first, int last)
{
    int64_t value = last < tensor->rank ? 1 : 0;
    for (int i = first; i <= last && value; i++)
        value = multiply(value, tensor->shape[i]);
    return value;
}

int64_t ns_operator_macs(const ns_block *block, const ns_operator *operator)
{
    if (operator->input_count<2 || operator->output_count<1)
        return 0;
    const ns_tensor *input = &block->tensors[operator->inputs[0]].tensor;
    const ns_tensor *weight = &block->tensors[operator->inputs[1]].tensor;
    const ns_tensor *output = &block->tensors[operator->outputs[0]].tensor;
    const int64_t outputs = product(output, 0, output->rank - 1);
    switch (operator->op) {
    case NS_OP_CONV2D: /* KH * KW * IC for each output element */
        return multiply(outputs, product(weight, 1, 3));
    case NS_OP_CONV3D:
        return multiply(outputs, product(weight, 1, 4));
    case NS_OP_DEPTHWISE_CONV2D: /* KH * KW */
        return multiply(outputs, product(weight, 0, 1));
    case NS_OP_TRANSPOSE_CONV2D: /* each input element meets OC * KH * KW weights */
        return multiply(product(input, 0, input->rank - 1), product(weight, 0, 2));
    case NS_OP_MATMUL: /* C */
    case NS_OP_MATMUL_T:
        return multiply(outputs, product(input, 2, 2));
    default:
        return 0;
    }
}

/* ---- profiles ---- */

#define MAX_PROFILES 24

/* Names without repetition, in order of appearance. They live in the tables. */
typedef struct name_set {
    int count;
    struct {
        const char *text;
        int length;
    } names[MAX_PROFILES];
} name_set;

static bool has_name(const name_set *set, const char *text, int length)
{
    for (int i = 0; i < set->count; i++)
        if (set->names[i].length == length && !strncmp(set->names[i].text, text, (size_t)length))
            return true;
    return false;
}

static void add_name(name_set *set, const char *text, int length)
{
    if (has_name(set, text, length) || set->count == MAX_PROFILES)
        return;
    set->names[set->count].text = text;
    set->names[set->count++].length = length;
}

/* Adds what "A+B" asks for. */
static void add_all(name_set *set, const char *text, int length)
{
    for (int i = 0; i < length;) {
        int end = i;
        while (end < length && text[end] != '+')
            end++;
        add_name(set, text + i, end - i);
        i = end + 1;
    }
}

/* What one operator needs: a mode's "A B" is satisfied by either, so those are kept apart. */
static void add_operator(name_set *needed, name_set *either, const ns_check *check)
{
    const ns_operator *operator= check->operator;
    const char *text = check->mode ? check->mode->profiles : ns_op_get_info(operator->op)->profiles;
    if (strchr(text, ' '))
        add_name(either, text, (int)strlen(text));
    else
        add_all(needed, text, (int)strlen(text));
    if (operator->op == NS_OP_RESCALE && operator->attributes.rounding_mode == NS_DOUBLE_ROUND)
        add_name(needed, "EXT-DOUBLEROUND", 15);
    if (operator->op == NS_OP_RESCALE && operator->attributes.rounding_mode == NS_INEXACT_ROUND)
        add_name(needed, "EXT-INEXACTROUND", 16);
}

static const char *join_profiles(ns_arena *arena, name_set *needed, const name_set *either)
{
    for (int i = 0; i < either->count; i++) {
        const char *text = either->names[i].text;
        bool satisfied = false;
        for (const char *p = text; *p; p += strspn(p, " ")) {
            const int length = (int)strcspn(p, " ");
            satisfied = satisfied || has_name(needed, p, length);
            p += length;
        }
        /* No operator decides: the first one that has it will do. */
        if (!satisfied)
            add_all(needed, text, (int)strcspn(text, " "));
    }
    ns_buffer buffer = {.arena = arena};
    for (int i = 0; i < needed->count; i++)
        ns_buffer_format(&buffer, "%s%.*s", i ? " " : "", needed->names[i].length, needed->names[i].text);
    ns_buffer_append(&buffer, "", 1);
    return buffer.failed ? NULL : (const char *)buffer.data;
}

static ns_code count_block(const ns_graph *graph, const ns_block *block, bool valid, name_set *needed,
                           name_set *either, ns_graph_statistics *out, ns_error *error)
{
    for (int i = 0; i < block->operator_count; i++) {
        const ns_operator *operator= & block->operators[i];
        out->operators[operator->op]++;
        out->operator_count++;
        out->macs = add(out->macs, ns_operator_macs(block, operator));
        if (!valid)
            continue;
        ns_check check = {.graph = graph, .block = block, .operator= operator, .error = error };
        NS_TRY(ns_check_operands(&check));
        add_operator(needed, either, &check);
    }
    for (int i = 0; i < block->tensor_count; i++) {
        const ns_tensor *tensor = &block->tensors[i].tensor;
        if (tensor->data)
            out->constant_bytes =
                add(out->constant_bytes, (int64_t)ns_constant_size(tensor->dtype, ns_tensor_count(tensor)));
    }
    return NS_OK;
}

ns_code ns_graph_count(const ns_graph *graph, ns_arena *arena, ns_graph_statistics *out, ns_error *error)
{
    *out = (ns_graph_statistics){.profiles = ""};
    ns_error fault = {0};
    const ns_code code = ns_graph_validate(graph, &fault);
    if (ns_code_ends_run(code))
        return ns_fail(error, code, "%s", fault.message);
    const bool valid = code == NS_OK;
    name_set needed = {0}, either = {0};
    for (int i = 0; i < graph->region_count; i++)
        for (int j = 0; j < graph->regions[i].block_count; j++)
            NS_TRY(count_block(graph, &graph->regions[i].blocks[j], valid, &needed, &either, out, error));
    if (valid)
        out->profiles = join_profiles(arena, &needed, &either);
    return out->profiles ? NS_OK : ns_fail(error, NS_ERROR_MEMORY, "no memory for the profiles");
}
