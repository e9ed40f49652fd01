/* What each stage does to the integers that it gets, and how far its result is from the real-valued self;
 * which of its operators round before it stores that. */
#include <math.h>

#include "base/interface.h"
#include "diagnose/findings.h"

bool ns_dg_rounds(const ns_dg_plan *plan, int node)
{
    for (int i = 0; i < plan->nodes[node].operator_count; i++) {
        const int index = plan->nodes[node].operators[i];
        const ns_op op = ns_dg_operator(plan, index)->op;
        if (!plan->on_constants[index] &&
            (op == NS_OP_RESCALE || op == NS_OP_TABLE || op == NS_OP_AVG_POOL2D))
            return true;
    }
    return false;
}

/* Sums over the elements of one stage. */
typedef struct sums {
    double ideal, local, signal, cumulative; /* energies */
} sums;

static inline double larger(double a, double b)
{
    return a < b ? b : a;
}

static inline void add_element(const ns_dg_node *node, double q, double ideal, double real, sums *s,
                               ns_diagnose_stage *row)
{
    const double local = q - ideal, cumulative = q - real;
    row->local_steps = larger(row->local_steps, fabs(local));
    row->cumulative_steps = larger(row->cumulative_steps, fabs(cumulative));
    row->largest_code = larger(row->largest_code, fabs(q - node->zero));
    row->largest_real = larger(row->largest_real, fabs(real - node->zero));
    row->peak = larger(row->peak, fabs(ideal - node->zero) / ns_dg_side(node, ideal));
    row->clipped += ideal > node->high + 0.5 || ideal < node->low - 0.5;
    s->ideal += (ideal - node->zero) * (ideal - node->zero);
    s->local += local * local;
    s->signal += (real - node->zero) * (real - node->zero);
    s->cumulative += cumulative * cumulative;
}

static void describe_table(const ns_dg_plan *plan, const ns_dg_table *table, ns_diagnose_stage *row)
{
    row->function = ns_dg_table_name(table);
    ns_diagnose_table *told = row->function ? NS_ARENA_NEW(plan->arena, ns_diagnose_table) : NULL;
    if (told)
        *told = ns_dg_fit_scales(&table->fit);
    row->table = told;
}

static void describe(const ns_dg_plan *plan, const ns_dg_node *node, ns_diagnose_stage *row)
{
    const ns_operator *op = ns_dg_operator(plan, node->named);
    const ns_tensor *tensor = ns_dg_tensor(plan, node->tensor);
    row->output = ns_arena_string(plan->arena, ns_dg_name(plan, node->tensor));
    row->op = ns_op_text(op->op);
    row->operator_index = node->named;
    row->rank = tensor->rank;
    for (int d = 0; d < tensor->rank; d++)
        row->shape[d] = tensor->shape[d];
    if (node->table >= 0)
        describe_table(plan, plan->tables[ns_dg_operator(plan, node->table)->inputs[1]], row);
    row->source_count = node->source_count;
    row->sources = node->sources;
    row->alone_db = row->knocked_out_db = row->share = row->gain_db = NAN;
}

typedef struct fill {
    ns_dg_findings *f;
    ns_diagnose_stage *rows;
} fill;

static ns_code fill_row(ns_dg_session *session, ns_dg_worker *worker, int index, void *context,
                        ns_error *error)
{
    fill *job = context;
    const int i = index + session->plan->input_count;
    const ns_dg_node *node = &session->plan->nodes[i];
    ns_diagnose_stage *row = &job->rows[index];
    sums s = {0};
    for (int k = 0; k < session->samples; k++) {
        ns_dg_value ideal;
        NS_TRY(ns_dg_stage_on(session, worker, k, true, i, NS_DG_IDEAL, &ideal, error));
        for (size_t e = 0; e < node->count; e++)
            add_element(node, ns_dg_stored_at(&session->q[k][i], e), ideal.data[e] * ideal.scale,
                        ns_dg_stored_at(&session->r[k][i], e), &s, row);
        ns_dg_give(&worker->pool, ideal.array);
        row->count += node->count;
    }
    row->local_db = s.ideal > 0 ? ns_dg_db(s.local / s.ideal) : s.local > 0 ? -INFINITY : INFINITY;
    row->cumulative_db = s.signal > 0       ? ns_dg_db(s.cumulative / s.signal)
                         : s.cumulative > 0 ? -INFINITY
                                            : INFINITY;
    return NS_OK;
}

ns_code ns_dg_name_rows(ns_dg_findings *f, ns_diagnose_precision *out, ns_error *error)
{
    const ns_dg_plan *plan = f->plan;
    out->input_count = plan->input_count;
    out->stage_count = plan->node_count - plan->input_count;
    out->input_names = NS_ARENA_ARRAY(f->arena, (size_t)plan->input_count, const char *);
    out->stages = NS_ARENA_ARRAY(f->arena, (size_t)plan->node_count, ns_diagnose_stage);
    if (!out->input_names || !out->stages)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the stages");
    for (int i = 0; i < plan->input_count; i++)
        out->input_names[i] = ns_arena_string(f->arena, ns_dg_name(plan, plan->nodes[i].tensor));
    for (int i = plan->input_count; i < plan->node_count; i++) {
        ns_diagnose_stage *row = &out->stages[i - plan->input_count];
        describe(plan, &plan->nodes[i], row);
        NS_TRY(ns_operator_source(plan->block, row->operator_index, plan->arena, &row->location, error));
    }
    if (ns_arena_was_short(plan->arena) || ns_arena_was_short(f->arena)) /* a name is missing */
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the stages' names");
    return NS_OK;
}

ns_code ns_dg_fill_rows(ns_dg_findings *f, ns_diagnose_stage *rows, ns_error *error)
{
    fill job = {f, rows};
    return ns_dg_parallel(f->session, f->plan->node_count - f->plan->input_count, fill_row, &job, error);
}

/* ---- what rounds within a stage ---- */

bool ns_dg_rounds_within(const ns_dg_plan *plan, const ns_dg_node *node, int index)
{
    const ns_operator *op = ns_dg_operator(plan, index);
    if (plan->on_constants[index] || index == node->final)
        return false;
    if (op->op == NS_OP_MUL)
        return op->input_count > 2 && plan->values[op->inputs[2]] && plan->values[op->inputs[2]][0] > 0;
    return op->op == NS_OP_ARITHMETIC_RIGHT_SHIFT ||
           (op->op == NS_OP_RESCALE && ns_dg_rescale_ratio(plan, index) < 1);
}

double ns_dg_rescale_ratio(const ns_dg_plan *plan, int index)
{
    const ns_operator *op = ns_dg_operator(plan, index);
    const double *multiplier = plan->values[op->inputs[1]], *shift = plan->values[op->inputs[2]];
    return multiplier && shift ? ldexp(multiplier[0], -(int)shift[0]) : NAN;
}

ns_code ns_dg_worst_within(ns_dg_findings *f, int node, int *worst, ns_error *error)
{
    const ns_dg_node *n = &f->plan->nodes[node];
    unsigned *modes = NS_ARENA_ARRAY(f->arena, (size_t)f->plan->node_count, unsigned);
    double most = 0;
    *worst = -1;
    if (!modes)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a run");
    for (int i = 0; i < f->plan->node_count; i++)
        modes[i] = i == node ? NS_DG_INNER : NS_DG_SAME;
    for (int i = 0; i < n->operator_count; i++) {
        double energy = 0;
        if (!ns_dg_rounds_within(f->plan, n, n->operators[i]))
            continue;
        const ns_dg_change change = {.rest = NS_DG_IDEAL, .modes = modes, .only_inner = n->operators[i] + 1};
        NS_TRY(ns_dg_measure(f->session, &f->session->workers[0], &change, &energy, error));
        if (energy > most) {
            most = energy;
            *worst = n->operators[i];
        }
    }
    return NS_OK;
}

double ns_dg_bits_cut(const ns_dg_plan *plan, int index)
{
    const ns_operator *op = ns_dg_operator(plan, index);
    if (op->op == NS_OP_RESCALE)
        return -log2(ns_dg_rescale_ratio(plan, index));
    const int shift = op->op == NS_OP_MUL ? 2 : 1;
    return plan->values[op->inputs[shift]] ? plan->values[op->inputs[shift]][0] : NAN;
}
