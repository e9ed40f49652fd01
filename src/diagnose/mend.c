/* What would mend a blamed stage. Each mend is run: the rest as TOSA says, this stage as it would then be. */
#include <math.h>
#include <string.h>

#include "diagnose/findings.h"
#include "diagnose/internal.h"

enum { MOST_MENDS = 6 };

#define EPSILON "(epsilon of the a16w8 quantisation config)"

/* A stage that uses fewer codes probably lies at the floor, even where its last multiplier, with an operand
 * of another scale in it, does not tell. */
#define LIKELY 1024

/* A mend that gains less is none, in dB. */
#define LEAST 0.5

static ns_code add(ns_dg_findings *f, ns_diagnose_blame *blame, const char *text, const ns_dg_change *change,
                   bool applicable, ns_error *error)
{
    double energy = 0;
    NS_TRY(ns_dg_measure_float(f, &f->session->workers[0], *change, &energy, error));
    if (!text)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a mend");
    const ns_diagnose_mend mend = {text, ns_dg_db(energy), applicable};
    if (!(mend.mended_db >= f->unmended_db + LEAST))
        return NS_OK;
    int at = blame->mend_count++;
    while (at > 0 && blame->mends[at - 1].mended_db < mend.mended_db - 0.05) {
        blame->mends[at] = blame->mends[at - 1];
        at--;
    }
    blame->mends[at] = mend;
    return NS_OK;
}

static ns_code fresh_modes(ns_dg_findings *f, unsigned **modes, ns_error *error)
{
    *modes = NS_ARENA_ARRAY(f->arena, (size_t)f->plan->node_count, unsigned);
    if (!*modes)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a mend");
    for (int i = 0; i < f->plan->node_count; i++)
        (*modes)[i] = NS_DG_SAME;
    for (int i = 0; i < f->mended_count; i++)
        (*modes)[f->mended[i]] = NS_DG_IDEAL;
    return NS_OK;
}

/* Does the stage read a constant 1/N or an epsilon whose own bits the mend wants as well? */
static ns_code asks_for_constant(ns_dg_findings *f, int node, unsigned mode, bool *asks, ns_error *error)
{
    double with = 0, without = 0;
    unsigned *modes = NULL;
    *asks = ns_dg_mean_in(f->plan, &f->plan->nodes[node]) >= 0 && !(mode & (NS_DG_CONSTANT | NS_DG_INNER));
    if (!*asks)
        return NS_OK;
    NS_TRY(fresh_modes(f, &modes, error));
    const ns_dg_change change = {.rest = NS_DG_TOSA, .modes = modes};
    modes[node] = mode;
    NS_TRY(ns_dg_measure_float(f, &f->session->workers[0], change, &without, error));
    modes[node] = mode | NS_DG_CONSTANT;
    NS_TRY(ns_dg_measure_float(f, &f->session->workers[0], change, &with, error));
    *asks = ns_dg_db(without) - ns_dg_db(with) > 0.1;
    return NS_OK;
}

static ns_code add_mode(ns_dg_findings *f, int node, unsigned mode, const char *text,
                        ns_diagnose_blame *blame, ns_error *error)
{
    unsigned *modes = NULL;
    bool with_constant = false;
    NS_TRY(asks_for_constant(f, node, mode, &with_constant, error));
    if (with_constant)
        text = ns_arena_format(f->arena, "%s; the constant that it reads at a finer scale too", text);
    bool applicable = mode == (NS_DG_TOSA & ~(unsigned)NS_DG_CONSTANT);
    if (mode == NS_DG_FIT)
        NS_TRY(ns_dg_can_rescale(f->plan, &f->plan->nodes[node], &applicable, error));
    NS_TRY(fresh_modes(f, &modes, error));
    modes[node] = mode;
    const ns_dg_change change = {.rest = NS_DG_TOSA, .modes = modes};
    return add(f, blame, text, &change, applicable, error);
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
static ns_code mend_input_scale(ns_dg_findings *f, int node, ns_diagnose_blame *blame, ns_error *error)
{
    unsigned *modes = NULL;
    double *steps = NS_ARENA_ARRAY(f->arena, (size_t)f->plan->node_count, double), most = 0;
    if (!steps)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a mend");
    NS_TRY(fine_step_of(f, node, &steps[node], &most, error));
    if (steps[node] == 0)
        return NS_OK;
    const int source = f->plan->nodes[node].sources[0];
    NS_TRY(fresh_modes(f, &modes, error));
    modes[source] = NS_DG_FIT;
    modes[node] = NS_DG_FINE | NS_DG_BEST;
    const ns_dg_change change = {.rest = NS_DG_TOSA, .modes = modes, .fine_steps = steps};
    const bool floor = ns_dg_is_at_floor(f->plan, source);
    const char *text = ns_arena_format(f->arena, "scale of the table's input '%s' %.0f times finer: %s",
                                       ns_dg_name(f->plan, f->plan->nodes[source].tensor), 32767 / most,
                                       floor ? "it lies at the floor" : "a narrower observer range");
    bool applicable = false;
    NS_TRY(ns_dg_can_rescale(f->plan, &f->plan->nodes[source], &applicable, error));
    return add(f, blame, text, &change, applicable, error);
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
static ns_code mend_floor(ns_dg_findings *f, double factor, ns_diagnose_blame *blame, ns_error *error)
{
    const ns_dg_plan *plan = f->plan;
    unsigned *modes = NULL;
    double *steps = NS_ARENA_ARRAY(f->arena, (size_t)plan->node_count, double), most = 0;
    int count = 0;
    NS_TRY(fresh_modes(f, &modes, error));
    if (!steps)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a mend");
    for (int i = plan->input_count; i < plan->node_count; i++) {
        const bool floor = is_near_floor(f, i);
        const int source = plan->nodes[i].source_count == 1 ? plan->nodes[i].sources[0] : -1;
        if (floor) {
            modes[i] = NS_DG_FIT;
            count++;
        }
        if (plan->nodes[i].table < 0 || source < 0 || modes[source] != NS_DG_FIT)
            continue;
        NS_TRY(fine_step_of(f, i, &steps[i], &most, error));
        if (steps[i] > 0)
            modes[i] = NS_DG_FINE | (floor ? NS_DG_FIT : NS_DG_BEST);
    }
    if (!count)
        return NS_OK;
    const ns_dg_change change = {.rest = NS_DG_TOSA, .modes = modes, .fine_steps = steps};
    const char *text =
        ns_arena_format(f->arena, "lower the scale floor %s " EPSILON ": %d stage%s at it become%s finer",
                        finer(f, factor), count, count == 1 ? "" : "s", count == 1 ? "s" : "");
    return add(f, blame, text, &change, false, error);
}

/* The table's knots over the codes in use: what apply.c writes. Where they use the whole range, the table
 * would have to be split. */
static ns_code mend_knots(ns_dg_findings *f, int node, double most, ns_diagnose_blame *blame, ns_error *error)
{
    const ns_dg_table *table =
        f->plan->tables[ns_dg_operator(f->plan, f->plan->nodes[node].table)->inputs[1]];
    if (most >= 16384 || most < 1 || table->knots != NS_DG_KNOTS || !ns_dg_table_name(table))
        return add_mode(f, node, NS_DG_BEST, "split the table", blame, error);
    const int bits = (int)floor(log2(32767 / most));
    unsigned *modes = NULL;
    double *steps = NS_ARENA_ARRAY(f->arena, (size_t)f->plan->node_count, double);
    if (!steps)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a mend");
    NS_TRY(fresh_modes(f, &modes, error));
    modes[node] = NS_DG_FINE | NS_DG_BEST;
    steps[node] = ldexp(128, -bits);
    const ns_dg_change change = {.rest = NS_DG_TOSA, .modes = modes, .fine_steps = steps};
    return add(
        f, blame,
        ns_arena_format(f->arena,
                        "knots over the codes in use only: a RESCALE by 2^%d before the table, its knots "
                        "%d times nearer",
                        bits, 1 << bits),
        &change, true, error);
}

/* A table's output that ends before the function does. */
static ns_code mend_range(ns_dg_findings *f, const ns_diagnose_stage *row, int node, ns_diagnose_blame *blame,
                          ns_error *error)
{
    if (row->peak <= 1.01)
        return NS_OK;
    return add_mode(
        f, node, NS_DG_FIT,
        ns_arena_format(f->arena, "observer range of '%s' %.2f times wider", row->output, row->peak), blame,
        error);
}

static ns_code mend_table(ns_dg_findings *f, const ns_diagnose_stage *row, int node, ns_diagnose_blame *blame,
                          ns_error *error)
{
    const ns_dg_node *n = &f->plan->nodes[node];
    double step = 0, most = 0;
    NS_TRY(fine_step_of(f, node, &step, &most, error));
    if (step > 0 && is_near_floor(f, n->sources[0]))
        NS_TRY(mend_floor(f, 32767 / most, blame, error));
    NS_TRY(mend_input_scale(f, node, blame, error));
    NS_TRY(mend_knots(f, node, most, blame, error));
    return mend_range(f, row, node, blame, error);
}

static ns_code mend_step(ns_dg_findings *f, const ns_diagnose_stage *row, int node, ns_diagnose_blame *blame,
                         ns_error *error)
{
    const double high = ns_dg_span(&f->plan->nodes[node]);
    const double factor = high / fmax(row->largest_code, 0.5);
    const bool floor = ns_dg_is_at_floor(f->plan, node);
    if (factor > 2 && is_near_floor(f, node))
        NS_TRY(mend_floor(f, factor, blame, error));
    if (factor > 2)
        NS_TRY(add_mode(f, node, NS_DG_FIT,
                        ns_arena_format(f->arena, "scale of '%s' %.0f times finer: %s", row->output, factor,
                                        floor ? "it lies at the floor"
                                              : "a narrower observer range, or a lower scale floor"),
                        blame, error));
    return add_mode(f, node, NS_DG_IDEAL,
                    ns_arena_format(f->arena,
                                    "keep '%s' in int32: let no quantiser stand between it and what follows",
                                    row->output),
                    blame, error);
}

/* The output against float with those taken for mended, and this one as it is. */
static ns_code measure_unmended(ns_dg_findings *f, ns_error *error)
{
    unsigned *modes = NULL;
    double energy = 0;
    NS_TRY(fresh_modes(f, &modes, error));
    NS_TRY(ns_dg_measure_float(f, &f->session->workers[0], (ns_dg_change){.rest = NS_DG_TOSA, .modes = modes},
                               &energy, error));
    f->unmended_db = ns_dg_db(energy);
    return NS_OK;
}

ns_code ns_dg_find_mends(ns_dg_findings *f, const ns_diagnose_stage *row, int node, ns_diagnose_blame *blame,
                         ns_error *error)
{
    blame->mends = NS_ARENA_ARRAY(f->arena, MOST_MENDS, ns_diagnose_mend);
    if (!blame->mends)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the mends");
    NS_TRY(measure_unmended(f, error));
    switch (blame->cause) {
    case NS_DIAGNOSE_CAUSE_TABLE:
        NS_TRY(mend_table(f, row, node, blame, error));
        break;
    case NS_DIAGNOSE_CAUSE_SATURATION:
        NS_TRY(add_mode(f, node, NS_DG_FIT,
                        ns_arena_format(f->arena, "observer range of '%s' %.2f times wider", row->output,
                                        ns_dg_peak(f, row, node)),
                        blame, error));
        break;
    case NS_DIAGNOSE_CAUSE_STEP:
        NS_TRY(mend_step(f, row, node, blame, error));
        break;
    case NS_DIAGNOSE_CAUSE_CONSTANT:
        NS_TRY(add_mode(f, node, NS_DG_TOSA & ~(unsigned)NS_DG_CONSTANT,
                        "a finer scale for the constant: it lies at the floor " EPSILON, blame, error));
        break;
    case NS_DIAGNOSE_CAUSE_RESCALE:
        NS_TRY(add_mode(f, node, NS_DG_TOSA & ~(unsigned)NS_DG_INNER,
                        "a wider intermediate before the RESCALE", blame, error));
        break;
    default:
        break;
    }
    blame->mended_db = blame->mend_count ? blame->mends[0].mended_db : NAN;
    return NS_OK;
}
