/* ExecuTorch's names of the constants that lowering makes. */
#include <ctype.h>
#include <string.h>

#include "lower/lowering.h"

const char *ns_lowering_edge_name(const ns_lowering *lowering, int node)
{
    char *name =
        (char *)(uintptr_t)ns_arena_string(lowering->arena, ns_aten_text(&lowering->program->nodes[node]));
    for (char *c = name; c && *c; c++)
        *c = *c == '.' ? '_' : (char)tolower((unsigned char)*c);
    return name;
}

ns_code ns_lowering_take_numbers(ns_lowering *lowering, const char *edge, int count, int *first,
                                 ns_error *error)
{
    ns_name_count *known = lowering->names;
    while (known && strcmp(known->name, edge) != 0)
        known = known->next;
    if (!known) {
        known = NS_ARENA_NEW(lowering->arena, ns_name_count);
        const char *name = ns_arena_string(lowering->arena, edge);
        if (!known || !name)
            return ns_fail(error, NS_ERROR_MEMORY, "no memory for the lowered graph");
        *known = (ns_name_count){name, 0, lowering->names};
        lowering->names = known;
    }
    *first = known->count;
    known->count += count;
    return NS_OK;
}

const char *ns_lowering_name(const ns_lowering *lowering, const char *prefix, const char *edge, int number,
                             const char *suffix)
{
    if (number)
        return ns_arena_format(lowering->arena, "%s%s_%d%s", prefix, edge, number, suffix);
    return ns_arena_format(lowering->arena, "%s%s%s", prefix, edge, suffix);
}

const char *ns_lowering_parameter_name(const ns_lowering *lowering, int node)
{
    int number = 0;
    for (int i = 0; i < node; i++)
        number += lowering->program->nodes[i].kind == NS_ATEN_PARAMETER;
    return ns_arena_format(lowering->arena, "b__frozen_param%d", number);
}
