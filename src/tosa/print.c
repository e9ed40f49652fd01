#include "tosa/internal.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/interface.h"

#define COLUMNS 80

/* ---- pieces ---- */

void ns_print_element(ns_buffer *buffer, const ns_tensor *tensor, size_t index)
{
    /* 9 digits give a float32 back (17 would show digits that it does not have). */
    if (ns_real_is(tensor->dtype))
        ns_buffer_format(buffer, "%.9g", ns_real_get(tensor, index));
    else
        ns_buffer_format(buffer, "%" PRId64, ns_tensor_get(tensor, index));
}

bool ns_attribute_is_given(const ns_attributes *attributes, ns_attribute attribute)
{
    const void *field = ns_attribute_const_field(attributes, attribute);
    switch (ns_attribute_get_info(attribute)->kind) {
    case NS_ATTRIBUTE_KIND_INT_LIST:
        return ((const ns_int_list *)field)->count > 0;
    case NS_ATTRIBUTE_KIND_BYTE_LIST:
        return ((const ns_byte_list *)field)->count > 0;
    case NS_ATTRIBUTE_KIND_STRING:
        return *(const char *const *)field != NULL;
    default:
        return true;
    }
}

static void print_bytes(ns_buffer *buffer, const ns_byte_list *list, ns_attribute attribute, ns_dtype dtype)
{
    const bool is_limit = attribute == NS_ATTRIBUTE_min_val || attribute == NS_ATTRIBUTE_max_val;
    const size_t size = (size_t)ns_dtype_bytes(dtype);
    if (is_limit && size && size <= 8 && list->count >= size) {
        uint64_t data = 0;
        memcpy(&data, list->values, size);
        const ns_tensor tensor = {.dtype = dtype, .data = &data};
        ns_print_element(buffer, &tensor, 0);
        return;
    }
    for (size_t i = 0; i < list->count; i++)
        ns_buffer_format(buffer, "%s0x%02x", i ? " " : "", list->values[i]);
}

/* "" for NULL, and where memory is out: the listing's end asks ns_arena_was_short. */
static const char *printable(ns_arena *arena, const char *text)
{
    const char *copy = ns_printable_copy(arena, text);
    return copy ? copy : "";
}

void ns_print_attribute(ns_buffer *buffer, ns_arena *arena, const ns_attributes *attributes,
                        ns_attribute attribute, ns_dtype dtype)
{
    const void *field = ns_attribute_const_field(attributes, attribute);
    switch (ns_attribute_get_info(attribute)->kind) {
    case NS_ATTRIBUTE_KIND_BOOL:
        ns_buffer_format(buffer, "%s", *(const bool *)field ? "true" : "false");
        break;
    case NS_ATTRIBUTE_KIND_INT32:
        ns_buffer_format(buffer, "%d", *(const int32_t *)field);
        break;
    case NS_ATTRIBUTE_KIND_ENUM: {
        const uint32_t value = *(const uint32_t *)field;
        const char *text = ns_attribute_value_text(attribute, value);
        if (text)
            ns_buffer_format(buffer, "%s", text);
        else
            ns_buffer_format(buffer, "%u", value);
        break;
    }
    case NS_ATTRIBUTE_KIND_DTYPE:
        ns_buffer_format(buffer, "%s", ns_dtype_text(*(const ns_dtype *)field));
        break;
    case NS_ATTRIBUTE_KIND_INT_LIST: {
        const ns_int_list *list = field;
        for (int i = 0; i < list->count; i++)
            ns_buffer_format(buffer, "%s%d", i ? ", " : "", list->values[i]);
        break;
    }
    case NS_ATTRIBUTE_KIND_BYTE_LIST:
        print_bytes(buffer, field, attribute, dtype);
        break;
    case NS_ATTRIBUTE_KIND_STRING:
        ns_buffer_format(buffer, "\"%s\"", printable(arena, *(const char *const *)field));
        break;
    }
}

/* ---- the listing ---- */

typedef struct printer {
    ns_buffer buffer;
    ns_arena *arena;
    const char *only; /* NULL: all */
    bool folded;      /* constants stand at their operands alone */
    int shown;        /* operators so far */
} printer;

static bool is_kind(const char *text)
{
    for (int i = 0; i < NS_OP_COUNT; i++)
        if (strcasecmp(text, ns_op_text((ns_op)i)) == 0)
            return true;
    return false;
}

bool ns_print_is_wanted(const ns_block *block, int index, const char *only)
{
    const ns_operator *operator= & block->operators[index];
    if (!only)
        return true;
    if (*only && only[strspn(only, "0123456789")] == 0)
        return strtol(only, NULL, 10) == index;
    if (is_kind(only))
        return strcasecmp(only, ns_op_text(operator->op)) == 0;
    bool wanted = false;
    for (int i = 0; i < operator->output_count && * only; i++)
        wanted = wanted || strstr(block->tensors[operator->outputs[i]].name, only);
    return wanted;
}

/* Appends `text` to a line that begins at `start`, or to a new one with `indent` blanks when it would pass
 * the last column. */
static void add_piece(printer *p, size_t *start, int indent, const char *text)
{
    ns_buffer *buffer = &p->buffer;
    const size_t used = buffer->size - *start;
    if (used > (size_t)indent && used + 2 + strlen(text) > COLUMNS) {
        ns_buffer_format(buffer, "\n%*s", indent, "");
        *start = buffer->size - (size_t)indent;
    }
    ns_buffer_format(buffer, "  %s", text);
}

/* As many values of a constant as the line takes, or the next one where this takes none; ".." where there are
 * more. */
static void add_values(ns_buffer *buffer, size_t start, const ns_tensor *tensor)
{
    enum { INDENT = 17, LEAST = 18 }; /* a line's, and columns for two values */
    const size_t count = tensor->data ? ns_tensor_count(tensor) : 0;
    if (count && buffer->size - start + LEAST > COLUMNS) {
        ns_buffer_format(buffer, "\n%*s", INDENT, "");
        start = buffer->size - INDENT;
    }
    for (size_t i = 0; i < count && !buffer->failed; i++) {
        const size_t before = buffer->size;
        ns_buffer_format(buffer, "%s", i ? ", " : " = ");
        ns_print_element(buffer, tensor, i);
        /* The dots need 4 columns, unless this was the last value. */
        if (buffer->size - start > (size_t)(i + 1 < count ? COLUMNS - 4 : COLUMNS)) {
            buffer->size = before;
            ns_buffer_format(buffer, "%s", i ? ", .." : "");
            break;
        }
    }
}

/* "label  name  [2, 3] int16 = 1, 2, ..". Names are whole: behind a long one the rest has a line of its own.
 */
static void print_operand(printer *p, const char *label, const ns_graph_tensor *tensor)
{
    enum { NAME = 18, TYPE = 52 };
    ns_buffer *buffer = &p->buffer;
    const char *name = printable(p->arena, tensor->name);
    size_t start = buffer->size;
    char text[256], type[320];
    ns_tensor_describe(&tensor->tensor, text, sizeof text);
    snprintf(type, sizeof type, "%s%s", text, tensor->is_unranked ? " (unranked)" : "");
    ns_buffer_format(buffer, "      %-*s %-*s", NAME - 7, label, TYPE - NAME - 2, name);
    if (buffer->size - start + 2 + strlen(type) > COLUMNS) {
        ns_buffer_format(buffer, "\n%*s", TYPE - 10, "");
        start = buffer->size - (TYPE - 10);
    }
    ns_buffer_format(buffer, "  %s", type);
    if (tensor->is_variable)
        add_piece(p, &start, NAME,
                  ns_arena_format(p->arena, "variable %s", printable(p->arena, tensor->variable_name)));
    add_values(buffer, start, &tensor->tensor);
    ns_buffer_append(buffer, "\n", 1);
}

size_t ns_print_factors(const ns_block *block, const ns_operator *operator, const ns_tensor ** multipliers,
                        const ns_tensor **shifts)
{
    if (operator->op != NS_OP_RESCALE || operator->input_count<3)
        return 0;
    *multipliers = &block->tensors[operator->inputs[1]].tensor;
    *shifts = &block->tensors[operator->inputs[2]].tensor;
    const size_t count = (*multipliers)->data && (*shifts)->data ? ns_tensor_count(*multipliers) : 0;
    return count && ns_tensor_count(*shifts) == count ? count : 0;
}

double ns_print_factor(const ns_tensor *multipliers, const ns_tensor *shifts, size_t index)
{
    return ldexp((double)ns_tensor_get(multipliers, index), -(int)ns_tensor_get(shifts, index));
}

/* What a RESCALE multiplies with, as real numbers. */
static void print_factors(printer *p, const ns_block *block, const ns_operator *operator)
{
    enum { SHOWN = 4 };
    ns_buffer *buffer = &p->buffer;
    const ns_tensor *multipliers, *shifts;
    const size_t count = ns_print_factors(block, operator, & multipliers, &shifts);
    for (size_t i = 0; i < count && i < SHOWN; i++)
        ns_buffer_format(buffer, i ? ", %.5g" : "      factor      %.5g",
                         ns_print_factor(multipliers, shifts, i));
    if (count == 1)
        ns_buffer_format(buffer, " = %" PRId64 " >> %" PRId64, ns_tensor_get(multipliers, 0),
                         ns_tensor_get(shifts, 0));
    if (count)
        ns_buffer_format(buffer, count > SHOWN ? ", ..\n" : "\n");
}

static void print_operator(printer *p, const ns_block *block, int index)
{
    const ns_operator *operator= & block->operators[index];
    const ns_op_info *info = ns_op_get_info(operator->op);
    const ns_dtype dtype = operator->input_count
        ? block->tensors[operator->inputs[0]].tensor.dtype : NS_DTYPE_UNKNOWN;
    size_t start = p->buffer.size;
    ns_buffer_format(&p->buffer, "%5d %s", index, info->name);
    for (int i = 0; i < info->attribute_count; i++) {
        const ns_attribute attribute = info->attributes[i];
        if (!ns_attribute_is_given(&operator->attributes, attribute))
            continue;
        ns_buffer piece = {.arena = p->arena};
        ns_buffer_format(&piece, "%s ", ns_attribute_get_info(attribute)->name);
        ns_print_attribute(&piece, p->arena, &operator->attributes, attribute, dtype);
        ns_buffer_append(&piece, "", 1);
        if (piece.failed)
            p->buffer.failed = true;
        else
            add_piece(p, &start, 10, (const char *)piece.data);
    }
    const int64_t macs = ns_operator_macs(block, operator);
    p->shown++;
    if (macs) {
        char text[48];
        snprintf(text, sizeof text, "(%" PRId64 " MACs)", macs);
        add_piece(p, &start, 10, text);
    }
    ns_buffer_append(&p->buffer, "\n", 1);
    char name[48], label[64];
    for (int i = 0; i < operator->input_count; i++)
        print_operand(p, ns_operand_name(info->inputs, i, name, sizeof name),
                      &block->tensors[operator->inputs[i]]);
    print_factors(p, block, operator);
    for (int i = 0; i < operator->output_count; i++) {
        snprintf(label, sizeof label, "-> %s", ns_operand_name(info->outputs, i, name, sizeof name));
        print_operand(p, label, &block->tensors[operator->outputs[i]]);
    }
    const char *source = NULL;
    if (ns_operator_source(block, index, p->arena, &source, NULL) != NS_OK)
        p->buffer.failed = true;
    else if (source)
        ns_buffer_format(&p->buffer, "      source      %s\n", source);
}

static bool is_constant(ns_op op)
{
    return op == NS_OP_CONST || op == NS_OP_CONST_SHAPE;
}

static void print_block(printer *p, const ns_region *region, const ns_block *block)
{
    const char *region_name = printable(p->arena, region->name);
    const char *block_name = printable(p->arena, block->name);
    ns_buffer_format(&p->buffer, "\nblock %s", block_name);
    if (strcmp(region_name, block_name) != 0)
        ns_buffer_format(&p->buffer, " of region %s", region_name);
    ns_buffer_format(&p->buffer, "\n  inputs %d, outputs %d, tensors %d, operators %d\n", block->input_count,
                     block->output_count, block->tensor_count, block->operator_count);
    char label[32];
    for (int i = 0; i < block->input_count; i++) {
        snprintf(label, sizeof label, "input %d", i);
        print_operand(p, label, &block->tensors[block->inputs[i]]);
    }
    for (int i = 0; i < block->output_count; i++) {
        snprintf(label, sizeof label, "output %d", i);
        print_operand(p, label, &block->tensors[block->outputs[i]]);
    }
    for (int i = 0; i < block->operator_count; i++)
        if (p->only ? ns_print_is_wanted(block, i, p->only)
                    : !p->folded || !is_constant(block->operators[i].op))
            print_operator(p, block, i);
}

static void print_statistics(printer *p, const ns_graph_statistics *statistics)
{
    ns_buffer *buffer = &p->buffer;
    ns_buffer_format(buffer, "\n%-12s", "operators");
    size_t start = buffer->size - 12;
    char text[80];
    snprintf(text, sizeof text, "%" PRId64 ":", statistics->operator_count);
    add_piece(p, &start, 12, text);
    for (int i = 0; i < NS_OP_COUNT; i++) {
        if (!statistics->operators[i])
            continue;
        snprintf(text, sizeof text, "%s %" PRId64, ns_op_text((ns_op)i), statistics->operators[i]);
        add_piece(p, &start, 12, text);
    }
    ns_buffer_format(buffer, "\n%-12s  %" PRId64 "\n", "MACs", statistics->macs);
    ns_buffer_format(buffer, "%-12s  %" PRId64 " bytes\n", "constants", statistics->constant_bytes);
    if (*statistics->profiles)
        ns_buffer_format(buffer, "%-12s  %.*s\n", "profiles", COLUMNS - 14, statistics->profiles);
}

static ns_code print(printer *p, const ns_graph *graph, const char **text, ns_error *error)
{
    ns_graph_statistics statistics;
    NS_TRY(ns_graph_count(graph, p->arena, &statistics, error));
    ns_buffer_format(&p->buffer, "TOSA %d.%d.%d%s\n", graph->version_major, graph->version_minor,
                     graph->version_patch, graph->version_draft ? " draft" : "");
    for (int i = 0; i < graph->region_count; i++)
        for (int j = 0; j < graph->regions[i].block_count; j++)
            print_block(p, &graph->regions[i], &graph->regions[i].blocks[j]);
    print_statistics(p, &statistics);
    ns_buffer_append(&p->buffer, "", 1);
    if (p->buffer.failed || ns_arena_was_short(p->arena))
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the listing");
    *text = (const char *)p->buffer.data;
    return NS_OK;
}

ns_code ns_graph_print_text(const ns_graph *graph, ns_arena *arena, const char **text, ns_error *error)
{
    return print(&(printer){.buffer = {.arena = arena}, .arena = arena}, graph, text, error);
}

ns_code ns_graph_print_some(const ns_graph *graph, const char *only, ns_arena *arena, const char **text,
                            ns_error *error)
{
    printer p = {.buffer = {.arena = arena}, .arena = arena, .only = only, .folded = true};
    NS_TRY(print(&p, graph, text, error));
    return !only || p.shown ? NS_OK : ns_fail(error, NS_ERROR_USAGE, NS_NOTHING_SHOWN, only);
}
