/* What the file does not hold: tables whose knots tell no function, operands that vanish in a sum, constants
 * lost to the scale's floor. */
#include <math.h>
#include <stdlib.h>

#include "diagnose/findings.h"

/* An operand of its own of at least VANISHING_FROM codes of which fewer than NS_DG_VANISHING steps are left.
 */
#define VANISHING_FROM 256
/* Functions that fit a table alike may differ by this many steps on the codes in use. */
#define SPREAD 4
#define JUMP 256
/* Share of the error that an unknown table must be able to make up to decide the verdict. */
#define BOUND 0.25

/* Largest disagreement, in steps, of all functions that fit, over the segments in use. */
static double spread_of(const ns_dg_table *table, const ns_dg_used *used)
{
    double largest = 0;
    for (int i = 1; i < table->accepted_count; i++)
        for (int s = 0; s < table->knots - 1; s++)
            for (int part = 0; used->segments[s] && part < 8; part++) {
                const double code = table->first + (s + part / 8.0) * table->step;
                const double a = ns_dg_fit_at(table, &table->accepted[0], code),
                             b = ns_dg_fit_at(table, &table->accepted[i], code);
                if (isfinite(a) && isfinite(b) && code >= used->low && code <= used->high)
                    largest =
                        fmax(largest, fabs(fmin(fmax(a, -32768), 32767) - fmin(fmax(b, -32768), 32767)));
            }
    return largest;
}

static ns_code bound_of(ns_dg_findings *f, int node, double *bound, ns_error *error)
{
    *bound = 0;
    for (int side = 0; side < 2; side++) {
        unsigned *modes = NS_ARENA_ARRAY(f->arena, (size_t)f->plan->node_count, unsigned);
        if (!modes)
            return ns_fail(error, NS_ERROR_MEMORY, "no memory for a run");
        for (int i = 0; i < f->plan->node_count; i++)
            modes[i] = NS_DG_SAME;
        modes[node] = NS_DG_TOSA | (side ? NS_DG_HOLD_RIGHT : NS_DG_HOLD_LEFT);
        const ns_dg_change change = {.rest = NS_DG_TOSA, .modes = modes, .against = NS_DG_AGAINST_Q};
        double energy = 0;
        NS_TRY(ns_dg_measure(f->session, &f->session->workers[0], &change, &energy, error));
        *bound = fmax(*bound, energy);
    }
    return NS_OK;
}

static ns_code look_at_table(ns_dg_findings *f, int node, ns_error *error)
{
    const ns_operator *op = ns_dg_operator(f->plan, f->plan->nodes[node].table);
    const ns_dg_table *table = f->plan->tables[op->inputs[1]];
    ns_dg_used used = {0};
    const char *name = ns_dg_name(f->plan, f->plan->nodes[node].tensor);
    if (ns_dg_table_jumps(table))
        ns_dg_note(f,
                   ns_arena_format(f->arena, "TABLE %s at '%s' has jumps: between its knots it has no ideal",
                                   ns_dg_table_name(table), name));
    if (table->knots != NS_DG_KNOTS)
        return NS_OK;
    if (ns_dg_table_name(table) && table->accepted_count < 2)
        return NS_OK;
    NS_TRY(ns_dg_used_codes(f, node, &used, error));
    const double spread = spread_of(table, &used);
    if (ns_dg_table_name(table) && spread <= SPREAD)
        return NS_OK;
    if (table->named) {
        ns_dg_note(f, ns_arena_format(f->arena,
                                      "several functions fit the TABLE at '%s', up to %.0f steps apart: its "
                                      "name says %s",
                                      name, spread, ns_dg_table_name(table)));
        return NS_OK;
    }
    int segments = 0;
    double jump = 0, bound = 0;
    for (int s = 0; s < table->knots - 1; s++)
        if (used.segments[s]) {
            segments++;
            jump = fmax(jump, fabs(table->values[s + 1] - table->values[s]));
        }
    if (f->behind_mask[node]) {
        f->suspects[f->suspect_count++] = node;
        f->masked = f->suspicious = true;
        return NS_OK;
    }
    if (jump <= 1) /* whatever the function is, it moves less than a step */
        return NS_OK;
    NS_TRY(bound_of(f, node, &bound, error));
    f->suspects[f->suspect_count++] = node;
    f->unmasked_count++;
    if (bound > BOUND * (f->as_is + f->hidden) && jump > JUMP)
        f->suspicious = true;
    ns_dg_note(f, ns_arena_format(
                      f->arena,
                      "suspect: the knots of the TABLE at '%s' tell no function (%s): inputs %.0f..%.0f lie "
                      "in %d segments, largest jump %.0f steps; %s",
                      name, table->accepted_count ? "several fit" : "none fits", used.low, used.high,
                      segments, jump,
                      bound >= 1 ? "the output may be off by as much as it is"
                                 : ns_arena_format(f->arena, "at worst that leaves %.1f dB at the output",
                                                   ns_dg_db(bound))));
    return NS_OK;
}

/* The largest code of the stored tensor that `tensor` was made of. */
static double own_range(const ns_dg_findings *f, int tensor)
{
    const ns_dg_plan *plan = f->plan;
    while (plan->node_of[tensor] < 0 && plan->producers[tensor] >= 0)
        tensor = ns_dg_operator(plan, plan->producers[tensor])->inputs[0];
    const int node = plan->node_of[tensor];
    double largest = 0;
    for (int s = 0; node >= 0 && s < f->session->samples; s++)
        for (size_t i = 0; i < plan->nodes[node].count; i++)
            largest =
                fmax(largest, fabs(ns_dg_stored_at(&f->session->q[s][node], i) - plan->nodes[node].zero));
    return largest;
}

/* The factor of the RESCALE behind a sum; 0: the stage is no sum, or the factor is not known. */
static double ratio_behind_sum(const ns_dg_plan *plan, int node)
{
    const ns_dg_node *n = &plan->nodes[node];
    const ns_op named = n->named >= 0 ? ns_dg_operator(plan, n->named)->op : NS_OP_CONST;
    if ((named != NS_OP_ADD && named != NS_OP_SUB) || n->final < 0 ||
        ns_dg_operator(plan, n->final)->op != NS_OP_RESCALE)
        return 0;
    const ns_operator *final = ns_dg_operator(plan, n->final);
    if (!plan->values[final->inputs[1]] || !plan->values[final->inputs[2]])
        return 0;
    return ldexp(plan->values[final->inputs[1]][0], -(int)plan->values[final->inputs[2]][0]);
}

static ns_code measure_operand(ns_dg_session *session, ns_dg_worker *worker, int node, int tensor,
                               double ratio, double *left, ns_error *error)
{
    *left = 0;
    for (int s = 0; s < session->samples; s++) {
        ns_dg_value value;
        NS_TRY(ns_dg_inside(session, worker, s, node, tensor, &value, error));
        const double largest =
            ns_dg_largest(value.data, ns_tensor_count(ns_dg_tensor(session->plan, tensor)));
        *left = fmax(*left, largest * fabs(value.scale) * ratio);
        ns_dg_give(&worker->pool, value.array);
    }
    return NS_OK;
}

typedef struct operands {
    const ns_dg_findings *f;
    ns_dg_operand *of; /* two of each node */
} operands;

static ns_code measure_operands(ns_dg_session *session, ns_dg_worker *worker, int index, void *context,
                                ns_error *error)
{
    const operands *o = context;
    const int node = session->plan->input_count + index;
    const double ratio = ratio_behind_sum(session->plan, node);
    if (!ratio)
        return NS_OK;
    const ns_operator *op = ns_dg_operator(session->plan, session->plan->nodes[node].named);
    for (int k = 0; k < 2; k++) {
        ns_dg_operand *to = &o->of[2 * (size_t)node + (size_t)k];
        to->own = session->plan->constant[op->inputs[k]] ? 0 : own_range(o->f, op->inputs[k]);
        if (to->own >= VANISHING_FROM)
            NS_TRY(measure_operand(session, worker, node, op->inputs[k], ratio, &to->left, error));
    }
    return NS_OK;
}

static void look_at_operand(ns_dg_findings *f, int node, int tensor, int other, const ns_dg_operand *of)
{
    if (of->own < VANISHING_FROM || of->left >= NS_DG_VANISHING)
        return;
    const char *mask = ns_dg_mask_name(f, other);
    if (mask) {
        ns_dg_add_mask(f, &(ns_dg_mask){node, tensor, mask, of->own, of->left});
        return;
    }
    f->vanishing_count++;
    ns_dg_note(f,
               ns_arena_format(
                   f->arena,
                   "suspect: an operand vanishes: of the %.0f codes of '%s' only %.1f steps are left in '%s'",
                   of->own, ns_dg_name(f->plan, tensor), of->left,
                   ns_dg_name(f->plan, f->plan->nodes[node].tensor)));
}

static void look_at_sum(ns_dg_findings *f, int node, const ns_dg_operand *of)
{
    if (f->behind_mask[node] || !ratio_behind_sum(f->plan, node)) /* behind a mask: what vanished before it */
        return;
    const ns_operator *op = ns_dg_operator(f->plan, f->plan->nodes[node].named);
    for (int k = 0; k < 2; k++)
        look_at_operand(f, node, op->inputs[k], op->inputs[1 - k], &of[k]);
}

/* A lone constant 0 that is added is an epsilon lost to the floor of its scale. */
static void look_at_constants(ns_dg_findings *f)
{
    const ns_dg_plan *plan = f->plan;
    for (int i = 0; i < plan->block->operator_count; i++) {
        const ns_operator *op = ns_dg_operator(plan, i);
        for (int k = 0; k < 2 && (op->op == NS_OP_ADD || op->op == NS_OP_MAXIMUM) && !plan->on_constants[i];
             k++) {
            int t = op->inputs[k];
            while (plan->producers[t] >= 0 && plan->constant[t])
                t = ns_dg_operator(plan, plan->producers[t])->inputs[0];
            const ns_tensor *value = ns_dg_tensor(plan, t);
            if (value->data && value->dtype == NS_DTYPE_INT16 && ns_tensor_count(value) == 1 &&
                ns_tensor_get(value, 0) == 0 && plan->constant[op->inputs[k]])
                ns_dg_note(f, ns_arena_format(
                                  f->arena,
                                  "the constant '%s' added at '%s' is 0: an epsilon lost to the floor of "
                                  "its scale",
                                  ns_dg_name(plan, t), ns_dg_name(plan, op->outputs[0])));
        }
    }
}

/* ExecuTorch quantises biases to int32 before they are stored as int48: one at its ends was clipped, and the
 * graph computes something else than the model. */
static void look_at_biases(ns_dg_findings *f)
{
    const ns_dg_plan *plan = f->plan;
    for (int i = 0; i < plan->block->operator_count; i++) {
        const ns_operator *op = ns_dg_operator(plan, i);
        if ((op->op != NS_OP_CONV2D && op->op != NS_OP_DEPTHWISE_CONV2D && op->op != NS_OP_CONV3D &&
             op->op != NS_OP_TRANSPOSE_CONV2D) ||
            !plan->values[op->inputs[2]])
            continue;
        size_t clipped = 0;
        const size_t count = ns_tensor_count(ns_dg_tensor(plan, op->inputs[2]));
        for (size_t k = 0; k < count; k++) {
            const double code = plan->values[op->inputs[2]][k];
            clipped += code == INT32_MAX || code == INT32_MIN;
        }
        if (clipped)
            ns_dg_note(
                f, ns_arena_format(f->arena,
                                   "the bias '%s' of '%s' was clipped to int32 in %zu of %zu channels: the "
                                   "graph is not the model",
                                   ns_dg_name(plan, op->inputs[2]), ns_dg_name(plan, op->outputs[0]), clipped,
                                   count));
        f->clipped_biases += clipped;
    }
}

static void look_at_jumps(ns_dg_findings *f)
{
    for (int i = 0; i < f->plan->block->operator_count; i++) {
        const ns_operator *op = ns_dg_operator(f->plan, i);
        if (!f->plan->on_constants[i] && ns_dg_jumps(op->op))
            ns_dg_note(f, ns_arena_format(f->arena, "%s at '%s' has no smooth ideal: its result jumps",
                                          ns_op_text(op->op), ns_dg_name(f->plan, op->outputs[0])));
    }
}

ns_code ns_dg_find_suspects(ns_dg_findings *f, ns_error *error)
{
    f->suspects = NS_ARENA_ARRAY(f->arena, (size_t)f->plan->node_count, int);
    f->behind_mask = NS_ARENA_ARRAY(f->arena, (size_t)f->plan->node_count, bool);
    operands sums = {f, NS_ARENA_ARRAY(f->arena, 2 * (size_t)f->plan->node_count, ns_dg_operand)};
    f->operands = sums.of;
    if (!f->suspects || !f->behind_mask || !sums.of)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the suspects");
    NS_TRY(ns_dg_parallel(f->session, f->plan->node_count - f->plan->input_count, measure_operands, &sums,
                          error));
    NS_TRY(ns_dg_look_at_inputs(f, error));
    look_at_biases(f);
    ns_dg_find_select_masks(f);
    for (int i = f->plan->input_count; i < f->plan->node_count; i++) {
        if (f->plan->nodes[i].table >= 0)
            NS_TRY(look_at_table(f, i, error));
        look_at_sum(f, i, &sums.of[2 * (size_t)i]);
    }
    if (f->unmasked_count && f->vanishing_count)
        f->suspicious = true;
    /* A table that is to blame and tells no function leaves no dB to tell. */
    for (int i = 0; i < f->blame_count; i++)
        for (int k = 0; k < f->suspect_count; k++)
            f->suspicious = f->suspicious || f->blame[i] == f->suspects[k];
    f->masked = f->masked && !f->unmasked_count;
    look_at_constants(f);
    look_at_jumps(f);
    return NS_OK;
}
