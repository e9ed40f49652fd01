/* What a cause is in particular, in words and numbers: which of its forms, and what of the stage shows it. */
#include <math.h>

#include "diagnose/findings.h"

ns_code ns_dg_used_codes(ns_dg_findings *f, int node, ns_dg_used *used, ns_error *error)
{
    const ns_operator *op = ns_dg_operator(f->plan, f->plan->nodes[node].table);
    const ns_dg_table *table = f->plan->tables[op->inputs[1]];
    const size_t count = ns_tensor_count(ns_dg_tensor(f->plan, op->inputs[0]));
    *used = (ns_dg_used){.low = INFINITY, .high = -INFINITY};
    for (int s = 0; s < f->session->samples; s++) {
        ns_dg_worker *worker = &f->session->workers[0];
        ns_dg_value value;
        NS_TRY(ns_dg_inside(f->session, worker, s, node, op->inputs[0], &value, error));
        for (size_t i = 0; i < count; i++) {
            const double code = value.data[i] * value.scale;
            used->low = fmin(used->low, code);
            used->high = fmax(used->high, code);
            const int segment = ns_dg_table_segment(table, code);
            const double wrong = ns_dg_table_straight(table, code) - ns_dg_table_ideal(table, code);
            used->segments[segment]++;
            used->errors[segment] += isfinite(wrong) ? wrong * wrong : 0;
        }
        used->count += count;
        ns_dg_give(&worker->pool, value.array);
    }
    return NS_OK;
}

/* Does the scale of the stage's result lie at its floor? The ratio of two powers of two is one. */
bool ns_dg_is_at_floor(const ns_dg_plan *plan, int node)
{
    const ns_operator *final =
        plan->nodes[node].final >= 0 ? ns_dg_operator(plan, plan->nodes[node].final) : NULL;
    if (!final || final->op != NS_OP_RESCALE || !plan->values[final->inputs[1]])
        return false;
    for (size_t i = 0; i < ns_tensor_count(ns_dg_tensor(plan, final->inputs[1])); i++) {
        const double m = plan->values[final->inputs[1]][i];
        if (m != 0x1p30 && m != 0x1p14)
            return false;
    }
    return true;
}

double ns_dg_peak(const ns_dg_findings *f, const ns_diagnose_stage *row, int node)
{
    return fmax(row->peak, row->largest_real / ns_dg_span(&f->plan->nodes[node]));
}

/* A range may end a thousandth too early: so many decimals tell it. */
int ns_dg_digits(double factor)
{
    return fabs(factor - 1) >= 0.01 ? 2 : fabs(factor - 1) >= 0.0001 ? 4 : 6;
}

/* ---- values that become 0 ---- */

/* Of a tensor within a stage, or its result, on the integers that the stage got. */
typedef struct vanished {
    size_t nonzero, lost;          /* elements that are not 0 in the ideal; and are, as TOSA says */
    double energy_lost, energy;    /* of the errors of those, and of all */
    double largest, largest_ideal; /* values */
} vanished;

static ns_code count_vanished(ns_dg_findings *f, int node, int tensor, double zero, vanished *out,
                              ns_error *error)
{
    ns_dg_worker *worker = &f->session->workers[0];
    *out = (vanished){0};
    for (int s = 0; s < f->session->samples; s++) {
        ns_dg_base base = {worker, f->session->q[s], true};
        ns_dg_value got, ideal;
        NS_TRY(ns_dg_inside(f->session, worker, s, node, tensor, &got, error));
        const ns_code code =
            ns_dg_evaluate_inside(worker, node, tensor, NS_DG_IDEAL, ns_dg_read_base, &base, &ideal, error);
        for (size_t i = 0; code == NS_OK && i < ns_tensor_count(ns_dg_tensor(f->plan, tensor)); i++) {
            const double g = got.data[i] * got.scale - zero, v = ideal.data[i] * ideal.scale - zero;
            const bool lost = v != 0 && g == 0;
            out->nonzero += v != 0;
            out->lost += lost;
            out->energy += (g - v) * (g - v);
            out->energy_lost += lost ? v * v : 0;
            out->largest = fmax(out->largest, fabs(g));
            out->largest_ideal = fmax(out->largest_ideal, fabs(v));
        }
        ns_dg_give(&worker->pool, got.array);
        if (code == NS_OK)
            ns_dg_give(&worker->pool, ideal.array);
        NS_TRY(code);
    }
    return NS_OK;
}

/* Most of the values, and most of what is wrong. */
static bool underflows(const vanished *v)
{
    return 2 * v->lost >= v->nonzero && v->nonzero && 2 * v->energy_lost >= v->energy;
}

/* ---- the step of the result ---- */

static const char *range_text(ns_dg_findings *f, const ns_diagnose_stage *row, int node,
                              ns_diagnose_cause *cause)
{
    const double high = ns_dg_span(&f->plan->nodes[node]);
    if (row->largest_code >= high / 4)
        return ns_arena_format(f->arena,
                               "too coarse for what follows it (cancellation, or an outlier sets the "
                               "range): codes up to %.0f of %.0f are in use",
                               fmin(row->largest_code, high), high);
    *cause = ns_dg_is_at_floor(f->plan, node) ? NS_DIAGNOSE_CAUSE_FLOOR : NS_DIAGNOSE_CAUSE_RANGE;
    return ns_arena_format(f->arena, "only %.0f of %.0f codes are in use (%.1f bits wasted); %s",
                           row->largest_code, high, log2(high / fmax(row->largest_code, 0.5)),
                           *cause == NS_DIAGNOSE_CAUSE_FLOOR
                               ? "its scale lies at the floor"
                               : "calibrated too wide, or its scale lies at the floor");
}

/* Of an addend that is this many times smaller than the other, and has lost so much of its own codes, too
 * little is left. */
enum { TIMES_SMALLER = 64, TIMES_FINER = 16 };

/* Sets *cause where the stage is a sum of addends of very different scale. */
static const char *addends_text(ns_dg_findings *f, int node, ns_diagnose_cause *cause)
{
    const ns_operator *op = ns_dg_operator(f->plan, f->plan->nodes[node].named);
    const ns_dg_operand *of = &f->operands[2 * (size_t)node];
    const int small = of[0].left < of[1].left ? 0 : 1;
    const ns_dg_operand *less = &of[small], *more = &of[1 - small];
    if (!(less->left > 0) || less->left * TIMES_SMALLER > more->left || less->left * TIMES_FINER > less->own)
        return "";
    *cause = NS_DIAGNOSE_CAUSE_ADDENDS;
    return ns_arena_format(f->arena,
                           "addends of very different scale: of the %.0f codes of '%s' %.1f steps are left "
                           "beside the %.0f of '%s'; ",
                           less->own, ns_dg_name(f->plan, op->inputs[small]), less->left, more->left,
                           ns_dg_name(f->plan, op->inputs[1 - small]));
}

static ns_code tell_step(ns_dg_findings *f, const ns_diagnose_stage *row, int node, ns_diagnose_blame *blame,
                         ns_error *error)
{
    vanished v;
    NS_TRY(count_vanished(f, node, f->plan->nodes[node].tensor, f->plan->nodes[node].zero, &v, error));
    const char *range = range_text(f, row, node, &blame->cause), *more = addends_text(f, node, &blame->cause);
    if (underflows(&v)) {
        blame->cause = NS_DIAGNOSE_CAUSE_UNDERFLOW;
        more = ns_arena_format(f->arena, "underflow: %zu of %zu elements that are not 0 are stored as 0; %s",
                               v.lost, v.nonzero, more ? more : "");
    }
    blame->why = more && range ? ns_arena_format(f->arena, "step: %s%s", more, range) : NULL;
    return NS_OK;
}

/* ---- tables, constants, ranges ---- */

/* Knots that are clamped and in use are the cause where most of what is wrong lies in their segments. */
static ns_code tell_table(ns_dg_findings *f, int node, ns_diagnose_blame *blame, ns_error *error)
{
    const ns_dg_table *table =
        f->plan->tables[ns_dg_operator(f->plan, f->plan->nodes[node].table)->inputs[1]];
    ns_dg_used used;
    int segments = 0, clamped = 0;
    size_t met = 0;
    double wrong = 0, all = 0;
    NS_TRY(ns_dg_used_codes(f, node, &used, error));
    for (int s = 0; s < table->knots - 1; s++) {
        segments += used.segments[s] > 0;
        all += used.errors[s];
        if (!used.segments[s] || !(ns_dg_table_clamped(table, s) || ns_dg_table_clamped(table, s + 1)))
            continue;
        clamped++;
        met += used.segments[s];
        wrong += used.errors[s];
    }
    if (clamped && 2 * wrong >= all)
        blame->cause = NS_DIAGNOSE_CAUSE_KNOT;
    blame->why = ns_arena_format(
        f->arena, "table: inputs %.0f..%.0f use %d of %d segments%s", used.low, used.high, segments,
        table->knots - 1,
        !clamped ? ""
                 : ns_arena_format(f->arena, ", %d with a clamped knot (%zu of %zu elements meet it)",
                                   clamped, met, used.count));
    return NS_OK;
}

static const char *constant_text(ns_dg_findings *f, int node)
{
    const int m = ns_dg_mean_in(f->plan, &f->plan->nodes[node]);
    if (m < 0)
        return "constant: too coarse for its scale";
    const ns_dg_mean *mean = &f->plan->means[m];
    const double code = f->plan->values[mean->tensor][0];
    if (mean->count > 0)
        return ns_arena_format(f->arena,
                               "constant: code %.0f stands for %.3f (1/%lld at scale 2^-%d, its floor)", code,
                               mean->ideal, (long long)mean->count, mean->exponent);
    return ns_arena_format(f->arena,
                           "constant: code %.0f stands for %.3f (an epsilon at scale 2^-%d, its floor)", code,
                           mean->ideal, mean->exponent);
}

static const char *saturation_text(ns_dg_findings *f, const ns_diagnose_stage *row, int node)
{
    if (!row->clipped)
        return ns_arena_format(f->arena,
                               "saturation: none of %zu elements leaves the range as it is; with what stands "
                               "before it ideal the largest "
                               "would be %.*f times its end",
                               row->count, ns_dg_digits(ns_dg_peak(f, row, node)), ns_dg_peak(f, row, node));
    return ns_arena_format(f->arena,
                           "saturation: %zu of %zu elements (%.2f%%) leave the range, the largest is "
                           "%.*f times its end",
                           row->clipped, row->count, 100 * (double)row->clipped / (double)row->count,
                           ns_dg_digits(row->peak), row->peak);
}

/* ---- what rounds within the stage ---- */

/* Is what operator `index` gives stored by the stage's own RESCALE, with nothing but moves between? */
static bool is_rounded_again(const ns_dg_plan *plan, const ns_dg_node *node, int index)
{
    if (ns_dg_operator(plan, index)->op != NS_OP_RESCALE || node->final < 0 ||
        ns_dg_operator(plan, node->final)->op != NS_OP_RESCALE)
        return false;
    int tensor = ns_dg_operator(plan, node->final)->inputs[0];
    while (plan->producers[tensor] >= 0 && plan->producers[tensor] != index &&
           ns_dg_moves(ns_dg_operator(plan, plan->producers[tensor])->op))
        tensor = ns_dg_operator(plan, plan->producers[tensor])->inputs[0];
    return plan->producers[tensor] == index;
}

static ns_code tell_inner(ns_dg_findings *f, int node, ns_diagnose_blame *blame, ns_error *error)
{
    const ns_dg_plan *plan = f->plan;
    int worst = -1;
    vanished v;
    NS_TRY(ns_dg_worst_within(f, node, &worst, error));
    if (worst < 0) {
        blame->why = ns_diagnose_cause_sentence(blame->cause);
        return NS_OK;
    }
    const ns_operator *op = ns_dg_operator(plan, worst);
    const char *name = ns_dg_name(plan, op->outputs[0]), *text = ns_op_text(op->op);
    const bool again = is_rounded_again(plan, &plan->nodes[node], worst);
    NS_TRY(count_vanished(f, node, op->outputs[0], 0, &v, error));
    if (underflows(&v)) {
        blame->cause = NS_DIAGNOSE_CAUSE_INNER_UNDERFLOW;
        blame->why = ns_arena_format(f->arena,
                                     "rescale: underflow: %zu of %zu elements that are not 0 become 0 in %s "
                                     "'%s', which cuts %.1f bits off",
                                     v.lost, v.nonzero, text, name, ns_dg_bits_cut(plan, worst));
        return NS_OK;
    }
    blame->cause = again ? NS_DIAGNOSE_CAUSE_DOUBLE_ROUNDING : NS_DIAGNOSE_CAUSE_ACCUMULATOR;
    blame->why = ns_arena_format(
        f->arena, "rescale: %s: %s '%s' cuts %.1f bits off and rounds%s; its values reach %.0f",
        again ? "double rounding" : "accumulator width", text, name, ns_dg_bits_cut(plan, worst),
        again ? ", and the stage's own RESCALE rounds again" : ", so that int32 holds it and what follows",
        v.largest);
    return NS_OK;
}

/* What DOUBLE_ROUND adds of a result that is not 0. */
static ns_code tell_twice(ns_dg_findings *f, int node, ns_diagnose_blame *blame)
{
    const ns_dg_plan *plan = f->plan;
    const ns_dg_node *n = &plan->nodes[node];
    double most = 0;
    const char *name = "";
    for (int i = 0; i < n->operator_count; i++) {
        const ns_operator *op = ns_dg_operator(plan, n->operators[i]);
        if (op->op != NS_OP_RESCALE || op->attributes.rounding_mode != NS_DOUBLE_ROUND ||
            !plan->values[op->inputs[2]])
            continue;
        for (size_t k = 0; k < ns_tensor_count(ns_dg_tensor(plan, op->inputs[2])); k++) {
            const double shift = plan->values[op->inputs[2]][k], more = ldexp(1, 30 - (int)shift);
            if (shift > 31 && more > most) {
                most = more;
                name = ns_dg_name(plan, op->outputs[0]);
            }
        }
    }
    blame->why = ns_arena_format(f->arena,
                                 "rescale: double rounding: DOUBLE_ROUND makes every value at '%s' up to "
                                 "%.3g steps larger, away from 0, than SINGLE_ROUND would",
                                 name, most);
    return NS_OK;
}

ns_code ns_dg_tell_why(ns_dg_findings *f, int node, ns_diagnose_blame *blame, ns_error *error)
{
    const ns_diagnose_stage *row = &f->rows[node - f->plan->input_count];
    switch (blame->cause) {
    case NS_DIAGNOSE_CAUSE_SATURATION:
        blame->why = saturation_text(f, row, node);
        break;
    case NS_DIAGNOSE_CAUSE_STEP:
        NS_TRY(tell_step(f, row, node, blame, error));
        break;
    case NS_DIAGNOSE_CAUSE_TABLE:
        NS_TRY(tell_table(f, node, blame, error));
        break;
    case NS_DIAGNOSE_CAUSE_CONSTANT:
        blame->why = constant_text(f, node);
        break;
    case NS_DIAGNOSE_CAUSE_RESCALE:
        NS_TRY(tell_inner(f, node, blame, error));
        break;
    case NS_DIAGNOSE_CAUSE_DOUBLE_ROUNDING:
        NS_TRY(tell_twice(f, node, blame));
        break;
    default:
        blame->why = ns_diagnose_cause_sentence(blame->cause);
    }
    return blame->why ? NS_OK : ns_fail(error, NS_ERROR_MEMORY, "no memory for a cause");
}
