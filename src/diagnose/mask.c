/* Masks: a constant or an input of 0 and one value far below 0 that is added to scores, or such a value that
 * SELECT puts in the place of some, so that a softmax gives nothing to those. Where it is so large that
 * nothing is left of the scores beside it, exp meets one code for all that are not masked: they get the same
 * weight, the knots that are met tell no function, and with exp's scale every dB is lost. No other operator
 * up to that table is to blame. */
#include <math.h>
#include <string.h>

#include "diagnose/findings.h"

/* What is within this share of the lowest value counts as 0. */
#define NEAR 256

/* The constant or input behind what only moves and rescales; -1: something else. */
static int root_of(const ns_dg_plan *plan, int tensor)
{
    while (plan->producers[tensor] >= 0 && plan->node_of[tensor] < 0) {
        const ns_operator *op = ns_dg_operator(plan, plan->producers[tensor]);
        if (op->op != NS_OP_RESCALE && !ns_dg_moves(op->op))
            return -1;
        tensor = op->inputs[0];
    }
    return plan->values[tensor] || (plan->node_of[tensor] >= 0 && plan->node_of[tensor] < plan->input_count)
               ? tensor
               : -1;
}

static double element(const ns_dg_findings *f, int root, size_t i)
{
    return f->plan->values[root] ? f->plan->values[root][i]
                                 : ns_dg_stored_at(&f->session->q[0][f->plan->node_of[root]], i);
}

/* Smallest and largest element; how many there are. */
static size_t range_of(const ns_dg_findings *f, int root, double *low, double *high)
{
    const size_t count = root < 0 ? 0 : ns_tensor_count(ns_dg_tensor(f->plan, root));
    *low = INFINITY;
    *high = -INFINITY;
    for (size_t i = 0; i < count; i++) {
        *low = fmin(*low, element(f, root, i));
        *high = fmax(*high, element(f, root, i));
    }
    return count;
}

const char *ns_dg_mask_name(const ns_dg_findings *f, int tensor)
{
    const int root = root_of(f->plan, tensor);
    double low, high;
    size_t zeros = 0;
    const size_t count = range_of(f, root, &low, &high);
    for (size_t i = 0; i < count; i++)
        zeros += fabs(element(f, root, i)) <= -low / NEAR;
    return zeros && zeros < count && low < -NEAR && high <= -low / NEAR ? ns_dg_name(f->plan, root) : NULL;
}

/* Behind a mask, up to the table. */
static void mark(ns_dg_findings *f, int node)
{
    const ns_dg_plan *plan = f->plan;
    f->behind_mask[node] = true;
    for (int i = 0; i < plan->nodes[node].user_count && plan->nodes[node].table < 0; i++)
        if (!f->behind_mask[plan->nodes[node].users[i]])
            mark(f, plan->nodes[node].users[i]);
}

void ns_dg_add_mask(ns_dg_findings *f, const ns_dg_mask *mask)
{
    if (f->behind_mask[mask->node] || f->mask_count == NS_DG_MOST_MASKS)
        return;
    f->masks[f->mask_count++] = *mask;
    mark(f, mask->node);
}

/* SELECT between scores and a value far below them, stored in one scale. */
static void look_at_select(ns_dg_findings *f, const ns_operator *op, int operand)
{
    const ns_dg_plan *plan = f->plan;
    const int other = root_of(plan, op->inputs[3 - operand]);
    int tensor = op->inputs[operand];
    double low, high;
    while (plan->node_of[tensor] < 0 && plan->producers[tensor] >= 0 &&
           ns_dg_moves(ns_dg_operator(plan, plan->producers[tensor])->op))
        tensor = ns_dg_operator(plan, plan->producers[tensor])->inputs[0];
    const int node = plan->node_of[tensor];
    if (node < plan->input_count || !range_of(f, other, &low, &high) || low > -NEAR * NS_DG_VANISHING ||
        high > low / 2)
        return;
    const double left = f->rows[node - plan->input_count].largest_code;
    if (left < NS_DG_VANISHING)
        ns_dg_add_mask(f, &(ns_dg_mask){node, tensor, ns_dg_name(plan, other), NAN, left});
}

void ns_dg_find_select_masks(ns_dg_findings *f)
{
    for (int i = 0; i < f->plan->block->operator_count; i++) {
        const ns_operator *op = ns_dg_operator(f->plan, i);
        for (int k = 1; k <= 2 && op->op == NS_OP_SELECT && !f->plan->on_constants[i]; k++)
            look_at_select(f, op, k);
    }
}

static ns_diagnose_blame empty(const ns_dg_findings *f, int node, ns_diagnose_cause cause)
{
    return (ns_diagnose_blame){.stage = node - f->plan->input_count,
                               .cause = cause,
                               .gain_db = NAN,
                               .now_db = f->measured ? ns_dg_db(f->float_as_is) : NAN,
                               .knocked_out_db = NAN,
                               .mended_db = NAN,
                               .joint_db = NAN};
}

static const char *sum_why(ns_dg_findings *f, const ns_dg_mask *mask)
{
    if (isnan(mask->own))
        return ns_arena_format(f->arena,
                               "step: the scores share their scale with the mask '%s' that SELECT puts in: "
                               "%.1f of their codes are in "
                               "use, they vanish",
                               mask->name, mask->left);
    return ns_arena_format(
        f->arena,
        "step: beside the mask '%s' only %.1f of the %.0f codes of '%s' are left: the scores vanish",
        mask->name, mask->left, mask->own, ns_dg_name(f->plan, mask->scores));
}

static const char table_why[] = "table: exp behind a mask: all that is not masked lies within one step and "
                                "gets the same weight; its scale, "
                                "and with it every dB, stands nowhere in the graph";

static const char mend_text[] = "a mask of about -30 in the model (exp(-30) is 1e-13) in place of one a "
                                "thousand times as large as the scores, "
                                "or masked_fill of what exp gives";

/* The tables first: what they make of the scores is what is lost. */
ns_code ns_dg_blame_masks(ns_dg_findings *f, ns_diagnose_precision *out, ns_error *error)
{
    out->blame = NS_ARENA_ARRAY(f->arena, (size_t)f->suspect_count + NS_DG_MOST_MASKS, ns_diagnose_blame);
    ns_diagnose_mend *mend = NS_ARENA_ARRAY(f->arena, 1, ns_diagnose_mend);
    if (!out->blame || !mend)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the masks");
    *mend = (ns_diagnose_mend){.text = mend_text, .mended_db = NAN};
    for (int i = 0; i < f->suspect_count; i++) {
        out->blame[out->blame_count] = empty(f, f->suspects[i], NS_DIAGNOSE_CAUSE_TABLE);
        out->blame[out->blame_count++].why = table_why;
    }
    for (int i = 0; i < f->mask_count; i++) {
        ns_diagnose_blame *blame = &out->blame[out->blame_count++];
        *blame = empty(f, f->masks[i].node,
                       isnan(f->masks[i].own) ? NS_DIAGNOSE_CAUSE_STEP : NS_DIAGNOSE_CAUSE_ADDENDS);
        blame->why = sum_why(f, &f->masks[i]);
        blame->mends = mend;
        blame->mend_count = 1;
        if (!blame->why)
            return ns_fail(error, NS_ERROR_MEMORY, "no memory for the masks");
    }
    return NS_OK;
}
