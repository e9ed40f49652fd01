/* What would mend a blamed stage. Each mend is run: the rest as TOSA says, this stage as it would then be. */
#include <math.h>
#include <string.h>

#include "diagnose/findings.h"

enum { MOST_MENDS = 4 };

static ns_code add(ns_dg_findings *f, ns_diagnose_blame *blame, const char *text, const ns_dg_change *change,
                   bool applicable, ns_error *error)
{
    double energy = 0;
    NS_TRY(ns_dg_measure_float(f, *change, &energy, error));
    if (!text)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a mend");
    int at = blame->mend_count++;
    const ns_diagnose_mend mend = {text, ns_dg_db(energy), applicable};
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

static ns_code add_mode(ns_dg_findings *f, int node, unsigned mode, const char *text,
                        ns_diagnose_blame *blame, ns_error *error)
{
    unsigned *modes = NULL;
    NS_TRY(fresh_modes(f, &modes, error));
    modes[node] = mode;
    const ns_dg_change change = {.rest = NS_DG_TOSA, .modes = modes};
    return add(f, blame, text, &change, false, error);
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

#define EPSILON "(epsilon of the a16w8 quantisation config)"

/* The input's scale finer, so that the codes in use reach all knots. */
static ns_code mend_input_scale(ns_dg_findings *f, int node, ns_diagnose_blame *blame, ns_error *error)
{
    const ns_dg_node *n = &f->plan->nodes[node];
    const ns_dg_table *table = f->plan->tables[ns_dg_operator(f->plan, n->table)->inputs[1]];
    ns_dg_used used;
    NS_TRY(ns_dg_used_codes(f, node, &used, error));
    const double most = fmax(fabs(used.low), fabs(used.high));
    if (n->source_count != 1 || n->sources[0] < f->plan->input_count || most >= 16384 || most == 0 ||
        table->knots != NS_DG_KNOTS)
        return NS_OK;
    unsigned *modes = NULL;
    NS_TRY(fresh_modes(f, &modes, error));
    modes[n->sources[0]] = NS_DG_FIT;
    modes[node] = NS_DG_FINE | NS_DG_BEST;
    const ns_dg_change change = {.rest = NS_DG_TOSA, .modes = modes, .fine_step = 128 * most / 32767};
    const char *text =
        ns_arena_format(f->arena, "scale of the table's input '%s' %s: lower the scale floor " EPSILON,
                        ns_dg_name(f->plan, f->plan->nodes[n->sources[0]].tensor), finer(f, 32767 / most));
    return add(f, blame, text, &change, false, error);
}

static ns_code mend_step(ns_dg_findings *f, const ns_diagnose_stage *row, int node, ns_diagnose_blame *blame,
                         ns_error *error)
{
    const double high = f->plan->nodes[node].high - f->plan->nodes[node].zero;
    if (row->largest_code < high / 2)
        NS_TRY(add_mode(
            f, node, NS_DG_FIT,
            ns_arena_format(f->arena,
                            "scale of '%s' %s: a narrower observer range, or a lower scale floor " EPSILON,
                            row->output, finer(f, high / fmax(row->largest_code, 0.5))),
            blame, error));
    return add_mode(f, node, NS_DG_IDEAL,
                    ns_arena_format(f->arena,
                                    "keep '%s' in int32: let no quantiser stand between it and what follows",
                                    row->output),
                    blame, error);
}

ns_code ns_dg_find_mends(ns_dg_findings *f, const ns_diagnose_stage *row, int node, ns_diagnose_blame *blame,
                         ns_error *error)
{
    blame->mends = NS_ARENA_ARRAY(f->arena, MOST_MENDS, ns_diagnose_mend);
    if (!blame->mends)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the mends");
    switch (blame->cause) {
    case NS_DIAGNOSE_CAUSE_TABLE:
        NS_TRY(mend_input_scale(f, node, blame, error));
        NS_TRY(add_mode(f, node, NS_DG_BEST,
                        "split the table, or let its knots lie over the codes in use only", blame, error));
        break;
    case NS_DIAGNOSE_CAUSE_SATURATION:
        NS_TRY(add_mode(
            f, node, NS_DG_FIT,
            ns_arena_format(f->arena, "observer range of '%s' %.2f times wider", row->output, row->peak),
            blame, error));
        break;
    case NS_DIAGNOSE_CAUSE_STEP:
        NS_TRY(mend_step(f, row, node, blame, error));
        break;
    case NS_DIAGNOSE_CAUSE_CONSTANT:
        NS_TRY(add_mode(f, node, NS_DG_TOSA & ~(unsigned)NS_DG_CONSTANT,
                        "a scale of its own for the constant: lower the scale floor " EPSILON, blame, error));
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
