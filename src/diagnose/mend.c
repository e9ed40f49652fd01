/* What would mend a blamed stage. Each mend is run: the rest as TOSA says, this stage as it would then be. */
#include <math.h>

#include "diagnose/findings.h"
#include "diagnose/internal.h"

#define EPSILON "(epsilon of the a16w8 quantisation config)"

/* A stage that uses fewer codes probably lies at the floor, even where its last multiplier, with an operand
 * of another scale in it, does not tell. */
#define LIKELY 1024

/* The blamed stage whose mends are looked for. */
typedef struct search {
    ns_dg_findings *f;
    ns_dg_trials *trials;
    int index; /* among the blamed */
    int node;
    const ns_diagnose_stage *row;
} search;

static ns_code add_mode(const search *s, unsigned mode, const char *text, ns_error *error)
{
    const ns_dg_plan *plan = s->f->plan;
    ns_dg_trial *trial = NULL;
    NS_TRY(ns_dg_trial_add(s->f, s->trials, s->index, text, false, &trial, error));
    trial->modes[s->node] = mode;
    if (ns_dg_mean_in(plan, &plan->nodes[s->node]) >= 0 && !(mode & (NS_DG_CONSTANT | NS_DG_INNER)))
        trial->constant_of = s->node;
    trial->applicable =
        mode == (NS_DG_TOSA & ~(unsigned)NS_DG_CONSTANT) || mode == (NS_DG_TOSA & ~(unsigned)NS_DG_TWICE);
    return mode == NS_DG_FIT ? ns_dg_can_rescale(plan, &plan->nodes[s->node], &trial->applicable, error)
                             : NS_OK;
}

/* "2^-16 to 2^-23" where the floor of the graph's scales is known, else "128 times finer". */
static const char *finer(const ns_dg_findings *f, double factor)
{
    const int bits = (int)ceil(log2(fmax(factor, 1)));
    int floor = 0;
    for (int i = 0; i < f->plan->mean_count; i++)
        floor = f->plan->means[i].exponent;
    return floor ? ns_arena_format(f->arena, "from 2^-%d to 2^-%d or finer", floor, floor + bits)
                 : ns_arena_format(f->arena, "%.0f times finer", exp2(bits));
}

/* Codes between the knots of a table whose input would use its whole range; 0 where that is no mend. */
static ns_code fine_step_of(ns_dg_findings *f, int node, double *step, double *most, ns_error *error)
{
    const ns_dg_node *n = &f->plan->nodes[node];
    const ns_dg_table *table = f->plan->tables[ns_dg_operator(f->plan, n->table)->inputs[1]];
    ns_dg_used used;
    *step = 0;
    NS_TRY(ns_dg_used_codes(f, node, &used, error));
    *most = fmax(fabs(used.low), fabs(used.high));
    if (n->source_count == 1 && n->sources[0] >= f->plan->input_count && *most < 16384 && *most > 0 &&
        table->knots == NS_DG_KNOTS)
        *step = 128 * *most / 32767;
    return NS_OK;
}

/* The input's scale finer, so that the codes in use reach all knots. */
static ns_code mend_input_scale(const search *s, double step, double most, ns_error *error)
{
    const ns_dg_plan *plan = s->f->plan;
    ns_dg_trial *trial = NULL;
    if (step == 0)
        return NS_OK;
    const int source = plan->nodes[s->node].sources[0];
    const char *text = ns_arena_format(s->f->arena, "scale of the table's input '%s' %.0f times finer: %s",
                                       ns_dg_name(plan, plan->nodes[source].tensor), 32767 / most,
                                       ns_dg_is_at_floor(plan, source) ? "it lies at the floor"
                                                                       : "a narrower observer range");
    NS_TRY(ns_dg_trial_add(s->f, s->trials, s->index, text, true, &trial, error));
    trial->modes[source] = NS_DG_FIT;
    trial->modes[s->node] = NS_DG_FINE | NS_DG_BEST;
    trial->steps[s->node] = step;
    return ns_dg_can_rescale(plan, &plan->nodes[source], &trial->applicable, error);
}

/* Does the stage lie at the scale floor, or probably so, and use so little of its range that a finer one
 * helps?
 */
static bool is_near_floor(const ns_dg_findings *f, int node)
{
    const ns_dg_node *n = &f->plan->nodes[node];
    const double largest = f->rows[node - f->plan->input_count].largest_code;
    const bool likely = n->high == 32767 && largest < LIKELY && n->final >= 0 && n->output < 0;
    return (ns_dg_is_at_floor(f->plan, node) || likely) && largest < ns_dg_span(n) / 4;
}

/* The floor is one setting for the whole model: every stage at it becomes finer, and every table behind one.
 */
static ns_code mend_floor(const search *s, double factor, ns_error *error)
{
    const ns_dg_findings *f = s->f;
    const ns_dg_plan *plan = f->plan;
    ns_dg_trial *trial = NULL;
    int count = 0;
    for (int i = plan->input_count; i < plan->node_count; i++)
        count += is_near_floor(f, i);
    if (!count)
        return NS_OK;
    const char *text =
        ns_arena_format(f->arena, "lower the scale floor %s " EPSILON ": %d stage%s at it become%s finer",
                        finer(f, factor), count, count == 1 ? "" : "s", count == 1 ? "s" : "");
    NS_TRY(ns_dg_trial_add(s->f, s->trials, s->index, text, true, &trial, error));
    for (int i = plan->input_count; i < plan->node_count; i++) {
        const bool floor = is_near_floor(f, i);
        const int source = plan->nodes[i].source_count == 1 ? plan->nodes[i].sources[0] : -1;
        double most = 0;
        if (floor)
            trial->modes[i] = NS_DG_FIT;
        if (plan->nodes[i].table < 0 || source < 0 || trial->modes[source] != NS_DG_FIT)
            continue;
        NS_TRY(fine_step_of(s->f, i, &trial->steps[i], &most, error));
        if (trial->steps[i] > 0)
            trial->modes[i] = NS_DG_FINE | (floor ? NS_DG_FIT : NS_DG_BEST);
    }
    return NS_OK;
}

/* The table's knots over the codes in use: what apply.c writes. Where they use the whole range, the table
 * would have to be split. */
static ns_code mend_knots(const search *s, double most, ns_error *error)
{
    const ns_dg_plan *plan = s->f->plan;
    const ns_dg_table *table = plan->tables[ns_dg_operator(plan, plan->nodes[s->node].table)->inputs[1]];
    if (most >= 16384 || most < 1 || table->knots != NS_DG_KNOTS || !ns_dg_table_name(table)) {
        NS_TRY(add_mode(s, NS_DG_BEST, "split the table: tables of their own for the codes near 0", error));
        s->trials->list[s->trials->count - 1].applicable =
            most >= 16384 && table->knots == NS_DG_KNOTS && ns_dg_table_name(table);
        return NS_OK;
    }
    const int bits = (int)floor(log2(32767 / most));
    const char *text =
        ns_arena_format(s->f->arena,
                        "knots over the codes in use only: a RESCALE by 2^%d before the table, "
                        "its knots %d times nearer",
                        bits, 1 << bits);
    ns_dg_trial *trial = NULL;
    NS_TRY(ns_dg_trial_add(s->f, s->trials, s->index, text, true, &trial, error));
    trial->modes[s->node] = NS_DG_FINE | NS_DG_BEST;
    trial->steps[s->node] = ldexp(128, -bits);
    trial->applicable = true;
    return NS_OK;
}

static ns_code mend_range(const search *s, double peak, ns_error *error)
{
    return add_mode(s, NS_DG_FIT,
                    ns_arena_format(s->f->arena, "observer range of '%s' %.*f times wider", s->row->output,
                                    ns_dg_digits(peak), peak),
                    error);
}

static ns_code mend_table(const search *s, ns_error *error)
{
    const ns_dg_node *n = &s->f->plan->nodes[s->node];
    double step = 0, most = 0;
    NS_TRY(fine_step_of(s->f, s->node, &step, &most, error));
    if (step > 0 && is_near_floor(s->f, n->sources[0]))
        NS_TRY(mend_floor(s, 32767 / most, error));
    NS_TRY(mend_input_scale(s, step, most, error));
    NS_TRY(mend_knots(s, most, error));
    /* Its output may end before the function does. */
    return s->row->peak > 1.01 ? mend_range(s, s->row->peak, error) : NS_OK;
}

static ns_code mend_step(const search *s, ns_error *error)
{
    const double high = ns_dg_span(&s->f->plan->nodes[s->node]);
    const double factor = high / fmax(s->row->largest_code, 0.5);
    const bool floor = ns_dg_is_at_floor(s->f->plan, s->node);
    if (factor > 2 && is_near_floor(s->f, s->node))
        NS_TRY(mend_floor(s, factor, error));
    if (factor > 2)
        NS_TRY(add_mode(s, NS_DG_FIT,
                        ns_arena_format(s->f->arena, "scale of '%s' %.0f times finer: %s", s->row->output,
                                        factor,
                                        floor ? "it lies at the floor"
                                              : "a narrower observer range, or a lower scale floor"),
                        error));
    NS_TRY(add_mode(s, NS_DG_IDEAL,
                    ns_arena_format(s->f->arena,
                                    "keep '%s' in int32: let no quantiser stand between it and what follows",
                                    s->row->output),
                    error));
    return ns_dg_keep_wide(&(ns_dg_rescaling){NULL, s->f->plan}, &s->f->plan->nodes[s->node], 1,
                           &s->trials->list[s->trials->count - 1].applicable, error);
}

/* What the stage rounds before it stores its result. */
static ns_code mend_inner(const search *s, ns_error *error)
{
    const ns_dg_plan *plan = s->f->plan;
    const ns_dg_rescaling ask = {NULL, plan};
    int worst = -1;
    NS_TRY(ns_dg_worst_within(s->f, s->node, &worst, error));
    if (worst < 0)
        return add_mode(
            s, NS_DG_TOSA & ~(unsigned)NS_DG_TWICE,
            ns_arena_format(s->f->arena, "SINGLE_ROUND in place of DOUBLE_ROUND at '%s'", s->row->output),
            error);
    const ns_operator *op = ns_dg_operator(plan, worst);
    NS_TRY(
        add_mode(s, NS_DG_TOSA & ~(unsigned)(NS_DG_INNER | NS_DG_TWICE),
                 ns_arena_format(s->f->arena,
                                 "wider intermediate: %s '%s' cuts no bits off, as far as int32 holds them",
                                 ns_op_text(op->op), ns_dg_name(plan, op->outputs[0])),
                 error));
    return ns_dg_rescale_readers(&ask, op->outputs[0], 0.5, &s->trials->list[s->trials->count - 1].applicable,
                                 error);
}

/* The same operators in another order, if that needs less of the range. */
static ns_code mend_order(const search *s, ns_error *error)
{
    ns_dg_order order;
    ns_dg_trial *trial = NULL;
    const bool floor = ns_dg_is_at_floor(s->f->plan, s->node);
    NS_TRY(ns_dg_find_order(s->f, s->node, &order, error));
    if (!order.text || (floor && order.finer > 1))
        return NS_OK;
    const char *text =
        floor
            ? ns_arena_format(s->f->arena,
                              "%s (as long as what is stored in between is above the floor then)", order.text)
            : order.text;
    NS_TRY(ns_dg_trial_add(s->f, s->trials, s->index, text, false, &trial, error));
    trial->measured = trial->applicable = true;
    trial->at_floor = floor;
    trial->energy = order.energy;
    return NS_OK;
}

static ns_code mend(const search *s, ns_diagnose_cause cause, ns_error *error)
{
    ns_dg_trial *as_is = NULL;
    NS_TRY(ns_dg_trial_add(s->f, s->trials, s->index, "", false, &as_is, error));
    switch (ns_diagnose_cause_family(cause)) {
    case NS_DIAGNOSE_CAUSE_TABLE:
        return mend_table(s, error);
    case NS_DIAGNOSE_CAUSE_SATURATION:
        NS_TRY(mend_range(s, ns_dg_peak(s->f, s->row, s->node), error));
        return mend_order(s, error);
    case NS_DIAGNOSE_CAUSE_STEP:
        NS_TRY(mend_step(s, error));
        return mend_order(s, error);
    case NS_DIAGNOSE_CAUSE_CONSTANT:
        return add_mode(s, NS_DG_TOSA & ~(unsigned)NS_DG_CONSTANT,
                        "a finer scale for the constant: it lies at the floor " EPSILON, error);
    case NS_DIAGNOSE_CAUSE_RESCALE:
        return mend_inner(s, error);
    default:
        return NS_OK;
    }
}

ns_code ns_dg_find_mends(ns_dg_findings *f, ns_diagnose_blame *blames, double *together_db, ns_error *error)
{
    ns_dg_trials trials;
    NS_TRY(ns_dg_trials_new(f, &trials, error));
    for (int i = 0; i < f->blame_count; i++) {
        const int node = f->blame[i];
        const search s = {f, &trials, i, node, &f->rows[node - f->plan->input_count]};
        NS_TRY(mend(&s, blames[i].cause, error));
    }
    return ns_dg_trials_run(f, &trials, blames, together_db, error);
}
