#include "ir/program.h"

#include <inttypes.h>
#include <stdio.h>

size_t ns_aten_count(const ns_aten_node *node)
{
    size_t count = 1;
    for (int i = 0; i < node->rank; i++)
        count *= (size_t)node->shape[i];
    return count;
}

const ns_aten_node *ns_aten_operand(const ns_aten_program *program, const ns_aten_node *node, int index)
{
    int operand = index < node->input_count ? node->inputs[index] : -1;
    return operand < 0 ? NULL : &program->nodes[operand];
}

const char *ns_aten_shape_text(const ns_aten_node *node, char *text, size_t size)
{
    size_t used = (size_t)snprintf(text, size, "[");
    for (int i = 0; i < node->rank && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, "%s%" PRId64, i ? ", " : "", node->shape[i]);
    if (used < size)
        snprintf(text + used, size - used, "]");
    return text;
}
