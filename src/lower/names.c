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
    for (int i = 0; i < node; i++) {
        const ns_aten_node *other = &lowering->program->nodes[i];
        number += other->kind == NS_ATEN_PARAMETER && other->dtype == NS_DTYPE_FP32 && !other->filled;
    }
    return ns_arena_format(lowering->arena, "b__frozen_param%d", number);
}

ns_code ns_lowering_reshape_constant(ns_lowering *lowering, int rank, const int64_t *shape, int *step,
                                     ns_error *error)
{
    static const char edge[] = "aten_view_copy_default";
    ns_step fused = lowering->plan.steps[*step];
    int number = 0;
    NS_TRY(ns_lowering_take_numbers(lowering, edge, 1, &number, error));
    fused.group = NS_CONSTANT_TABLE;
    fused.rank = rank;
    memcpy(fused.shape, shape, (size_t)rank * sizeof *shape);
    fused.name = ns_lowering_name(lowering, "", edge, number, "_fused_const");
    return fused.name ? ns_plan_add(&lowering->plan, &fused, NS_PLAN_FRONT, step, error)
                      : ns_fail(error, NS_ERROR_MEMORY, "no memory for the lowered graph");
}
