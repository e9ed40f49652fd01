/* Which known defect of Vela explains a finding: the graph shows its pattern at the operator to blame, or a
 * few operators from it along the data, for Vela fuses neighbours. */
#include <string.h>

#include "diagnose/compile_parts.h"

/* Operators between the pattern and the operator to blame. */
#define REACH 4

static bool share_tensor(const ns_operator *from, const ns_operator *to)
{
    for (int i = 0; i < from->output_count; i++)
        for (int k = 0; k < to->input_count; k++)
            if (from->outputs[i] == to->inputs[k])
                return true;
    return false;
}

/* Whether a defect of this kind looks like the row. */
static bool looks_alike(const ns_defect_match *match, const ns_diagnose_compile *row)
{
    switch (ns_defect_get_info(match->defect)->kind) {
    case NS_DEFECT_KIND_FAULT:
        return strcmp(row->verdict, "undefined") == 0;
    case NS_DEFECT_KIND_CRASH:
        return strcmp(row->verdict, "refused") == 0;
    case NS_DEFECT_KIND_HAZARD:
        return strcmp(row->verdict, "hazard") == 0;
    default:
        return strcmp(row->verdict, "wrong") == 0;
    }
}

/* Steps along the data, either way, from operator `from`; REACH + 1 for more. */
static ns_code distances(const ns_block *block, int from, ns_arena *arena, int **out, ns_error *error)
{
    int *steps = NS_ARENA_ARRAY(arena, (size_t)block->operator_count, int);
    if (!steps)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for %d operators", block->operator_count);
    for (int i = 0; i < block->operator_count; i++)
        steps[i] = i == from ? 0 : REACH + 1;
    for (int n = 0; n < REACH; n++)
        for (int i = 0; i < block->operator_count; i++)
            for (int k = 0; steps[i] == n && k < block->operator_count; k++)
                if (steps[k] > n + 1 && block->operators[k].op != NS_OP_CONST &&
                    block->operators[k].op != NS_OP_CONST_SHAPE &&
                    (share_tensor(&block->operators[i], &block->operators[k]) ||
                     share_tensor(&block->operators[k], &block->operators[i])))
                    steps[k] = n + 1;
    *out = steps;
    return NS_OK;
}

ns_code ns_compile_name_defect(const ns_compile_reference *reference, ns_accelerator accelerator,
                               const char *release, ns_diagnose_compile *row, ns_arena *arena,
                               ns_error *error)
{
    ns_defect_match *matches = NULL;
    int count = 0, best = -1, least = 0, *steps = NULL,
        at = row->departs ? row->first_wrong.operator_index : -1;
    if (!row->is_finding)
        return NS_OK;
    NS_TRY(ns_defects_find(reference->graph, ns_accelerator_family(accelerator), release, arena, &matches,
                           &count, error));
    if (count && at >= 0)
        NS_TRY(distances(reference->block, at, arena, &steps, error));
    for (int i = 0; i < count; i++) {
        const bool near = matches[i].block == reference->block && (!steps || steps[matches[i].op] <= REACH);
        const int cost =
            (steps && near ? steps[matches[i].op] : 0) + (looks_alike(&matches[i], row) ? 0 : REACH + 1);
        if (near && (best < 0 || cost < least)) {
            best = i;
            least = cost;
        }
    }
    row->known_defect = best < 0 ? NULL : ns_defect_get_info(matches[best].defect)->id;
    return NS_OK;
}
