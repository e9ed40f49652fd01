/* Mends that are written into a graph. A blamed TABLE whose inputs use less than half of its range gets
 * knots over the codes in use, with a finer scale of its input or a RESCALE in front, another one is split
 * (apply_table.c). A stored tensor gets a wider or finer scale, which its readers take back
 * (apply_scale.c). A constant 1/N gets all bits that int16 has. An intermediate gets the bits that int32 has
 * left, and so does a stored tensor whose readers take it to int32 anyway. */
#include <math.h>
#include <string.h>

#include "base/interface.h"
#include "diagnose/findings.h"
#include "diagnose/internal.h"
#include "diagnose/plan.h"

/* New constants stand before all operators. */
static ns_code move_constants(ns_dg_mending *m, int first)
{
    ns_block *block = &m->graph->regions[0].blocks[0];
    return first < block->operator_count ? ns_dg_move_before(block, first, 0, m->error) : NS_OK;
}

/* The operator that is to store another scale: the last one, but where a wider range is asked for and a
 * TABLE's knots are clamped, the TABLE. Only what moves may stand between the two. */
static int writer_of(const ns_dg_plan *plan, const ns_dg_node *node, double factor)
{
    if (factor <= 1 || node->table < 0)
        return node->final;
    int tensor = ns_dg_operator(plan, node->final)->inputs[0];
    while (plan->producers[tensor] >= 0 && ns_dg_moves(ns_dg_operator(plan, plan->producers[tensor])->op))
        tensor = ns_dg_operator(plan, plan->producers[tensor])->inputs[0];
    return plan->producers[tensor] == node->table ? node->table : node->final;
}

/* What the stage stores is 1 / factor of what it was, and its readers take it back. */
static ns_code give_scale(ns_dg_mending *m, const ns_dg_node *node, double factor, bool *can)
{
    const ns_dg_rescaling change = {m->graph, m->plan};
    const int first = m->plan->block->operator_count;
    NS_TRY(ns_dg_can_rescale(m->plan, node, can, m->error));
    if (!*can)
        return NS_OK;
    NS_TRY(ns_dg_rescale_readers(&change, node->tensor, factor, can, m->error));
    NS_TRY(ns_dg_rescale_writer(&change, writer_of(m->plan, node, factor), 1 / factor, can, m->error));
    return move_constants(m, first);
}

static bool is_scaled(const ns_dg_mending *m, const char *name)
{
    for (int i = 0; i < m->before->count; i++)
        if (strcmp(m->before->names[i], name) == 0)
            return true;
    return false;
}

/* Codes, from the zero point, that a tensor needs once it is stored finely: what its integers stand for, and
 * what it holds where nothing before it is rounded or clipped. */
static double codes_needed(const ns_diagnose_stage *stage)
{
    return fmax(stage->largest_code + 0.5, stage->largest_real);
}

static double codes_needed_by(const ns_dg_mending *m, const char *name)
{
    for (int i = 0; i < m->precision->stage_count; i++)
        if (strcmp(m->precision->stages[i].output, name) == 0)
            return codes_needed(&m->precision->stages[i]);
    return 0;
}

static ns_code mend_range(ns_dg_mending *m, const ns_dg_node *node, double factor)
{
    bool can = false;
    if (is_scaled(m, m->stage->output))
        return NS_OK;
    NS_TRY(give_scale(m, node, factor, &can));
    m->scales = can ? m->stage->output : NULL;
    if (can)
        m->done = ns_arena_format(m->arena, "range of '%s' %.*g times %s", m->stage->output,
                                  fabs(factor - 1) < 0.01 ? 6 : 3, factor > 1 ? factor : 1 / factor,
                                  factor > 1 ? "wider" : "narrower");
    return NS_OK;
}

/* Codes over the whole range: finer tables for those near 0, where a function is bent most. */
static ns_code split_table(ns_dg_mending *m, const ns_dg_node *node, const ns_dg_table *table)
{
    int bits[NS_DG_SPLITS] = {0};
    if (ns_dg_tensor(m->plan, ns_dg_operator(m->plan, node->table)->inputs[0])->rank < 1)
        return NS_OK;
    ns_dg_choose_split(table, m->blame->curve, bits);
    if (!bits[0])
        return NS_OK;
    NS_TRY(ns_dg_apply_split(m->graph, node->table, table, bits, m->error));
    m->done = bits[1]
                  ? ns_arena_format(m->arena, "'%s' split: codes below %d and %d have tables of their own",
                                    m->stage->output, 32768 >> bits[0], 32768 >> bits[1])
                  : ns_arena_format(m->arena, "'%s' split: codes below %d have a table of their own",
                                    m->stage->output, 32768 >> bits[0]);
    return NS_OK;
}

static ns_code mend_table(ns_dg_mending *m, const ns_dg_node *node)
{
    const ns_diagnose_curve *curve = m->blame->curve;
    const ns_dg_table *table = m->plan->tables[ns_dg_operator(m->plan, node->table)->inputs[1]];
    const double most = curve ? fmax(fabs(curve->codes[0]), fabs(curve->codes[curve->count - 1])) : INFINITY;
    const int source = node->source_count == 1 ? node->sources[0] : -1;
    bool can = false;
    if (table->knots != NS_DG_KNOTS || !(most >= 1) || !curve)
        return NS_OK;
    if (most >= 16384)
        return split_table(m, node, table);
    /* A finer scale of the input wins more than a RESCALE of what is rounded already. */
    const char *name = source < 0 ? "" : ns_dg_name(m->plan, m->plan->nodes[source].tensor);
    const double needed = fmax(most, codes_needed_by(m, name));
    if (is_scaled(m, name))
        return NS_OK;
    if (source >= m->plan->input_count && needed < 16384)
        NS_TRY(give_scale(m, &m->plan->nodes[source], needed / 32766, &can));
    if (can) {
        m->scales = ns_arena_string(m->arena, name);
        m->done = ns_arena_format(m->arena, "scale of the input of '%s' %.0f times finer", m->stage->output,
                                  32766 / needed);
        return m->scales ? NS_OK : ns_fail(m->error, NS_ERROR_MEMORY, "no memory for a mend");
    }
    NS_TRY(ns_dg_apply_table(m->graph, node->table, table, most, m->error));
    m->done = ns_arena_format(m->arena, "knots of '%s' over the codes in use", m->stage->output);
    return NS_OK;
}

static ns_code mend_constant(ns_dg_mending *m, const ns_dg_node *node)
{
    const int index = ns_dg_mean_in(m->plan, node);
    if (index < 0)
        return NS_OK;
    const ns_dg_mean *mean = &m->plan->means[index];
    const int bits = (int)floor(log2(32767 / mean->ideal)), first = m->plan->block->operator_count;
    const ns_dg_rescaling ask = {NULL, m->plan}, change = {m->graph, m->plan};
    int16_t *code = ns_arena_alloc(m->graph->arena, 1, sizeof *code);
    bool can = false;
    if (!code)
        return ns_fail(m->error, NS_ERROR_MEMORY, "no memory for a constant");
    NS_TRY(ns_dg_rescale_readers(&ask, mean->tensor, ldexp(1, -bits), &can, m->error));
    if (!can)
        return NS_OK;
    NS_TRY(ns_dg_rescale_readers(&change, mean->tensor, ldexp(1, -bits), &can, m->error));
    *code = (int16_t)rint(ldexp(mean->ideal, bits));
    m->graph->regions[0].blocks[0].tensors[mean->tensor].tensor.data = code;
    m->done = ns_arena_format(m->arena, "constant '%s' at a scale 2^%d times finer",
                              ns_dg_name(m->plan, mean->tensor), bits);
    return move_constants(m, first);
}

/* ---- 32 bits ---- */

/* As many bits as 32 have more than 16, or fewer with each attempt, for products and sums may leave them. */
enum { MOST_BITS = 15, FEWER = 3 };
static int bits_of(ns_dg_mending *m)
{
    m->more = MOST_BITS - FEWER * (m->attempt + 1) > 0;
    return MOST_BITS - FEWER * m->attempt;
}

/* What an operator within the stage rounds gets more bits, and what reads it takes them back. */
static ns_code widen(ns_dg_mending *m, int index, double bits, bool *can)
{
    const ns_operator *op = ns_dg_operator(m->plan, index);
    const ns_dg_rescaling ask = {NULL, m->plan}, change = {m->graph, m->plan};
    const int first = m->plan->block->operator_count, result = op->outputs[0];
    NS_TRY(ns_dg_rescale_readers(&ask, result, exp2(-bits), can, m->error));
    if (*can)
        NS_TRY(ns_dg_rescale_writer(&ask, index, exp2(bits), can, m->error));
    if (!*can)
        return NS_OK;
    NS_TRY(ns_dg_rescale_readers(&change, result, exp2(-bits), can, m->error));
    NS_TRY(ns_dg_rescale_writer(&change, index, exp2(bits), can, m->error));
    m->done =
        ns_arena_format(m->arena, "intermediate '%s' 2^%.0f times larger", ns_dg_name(m->plan, result), bits);
    return move_constants(m, first);
}

/* SINGLE_ROUND wherever the stage asks for DOUBLE_ROUND. */
static void round_once(ns_dg_mending *m, const ns_dg_node *node)
{
    for (int i = 0; i < node->operator_count; i++) {
        ns_operator *op = &m->graph->regions[0].blocks[0].operators[node->operators[i]];
        if (op->op == NS_OP_RESCALE && op->attributes.rounding_mode == NS_DOUBLE_ROUND) {
            op->attributes.rounding_mode = NS_SINGLE_ROUND;
            m->done = ns_arena_format(m->arena, "SINGLE_ROUND at '%s'", ns_dg_name(m->plan, op->outputs[0]));
        }
    }
}

/* Every operator that cuts bits off, as many as it cuts. */
static ns_code mend_inner(ns_dg_mending *m, const ns_dg_node *node)
{
    if (m->blame->cause == NS_DIAGNOSE_CAUSE_DOUBLE_ROUNDING)
        round_once(m, node);
    for (int i = 0; i < node->operator_count; i++) {
        bool can = false;
        if (!ns_dg_rounds_within(m->plan, node, node->operators[i]))
            continue;
        const double cut = ceil(ns_dg_bits_cut(m->plan, node->operators[i]));
        if (cut >= 1)
            NS_TRY(widen(m, node->operators[i], fmin(cut, bits_of(m)), &can));
    }
    return NS_OK;
}

/* RESCALEs that read the stage's result in 16 bits read it in 32, with more bits; the others go on reading
 * what was stored. */
static ns_code mend_keep(ns_dg_mending *m, const ns_dg_node *node)
{
    bool can = false;
    const int bits = bits_of(m);
    NS_TRY(ns_dg_keep_wide(&(ns_dg_rescaling){m->graph, m->plan}, node, bits, &can, m->error));
    if (can)
        m->done = ns_arena_format(m->arena, "'%s' kept in int32, 2^%d times finer", m->stage->output, bits);
    return NS_OK;
}

static ns_code mend_order(ns_dg_mending *m, const ns_dg_node *node)
{
    ns_dg_order order;
    m->more = m->attempt + 1 < NS_DG_ORDERS;
    NS_TRY(ns_dg_reorder(&(ns_dg_rescaling){m->graph, m->plan}, node, m->attempt, m->options, m->arena,
                         &order, m->error));
    m->done = order.text;
    return NS_OK;
}

ns_code ns_dg_write_mend(ns_dg_mending *m)
{
    const int found = ns_dg_node_called(m->plan, m->stage->output);
    if (found < 0)
        return NS_OK;
    const ns_dg_node *node = &m->plan->nodes[found];
    if (m->what == NS_DG_MEND_CONSTANT)
        return mend_constant(m, node);
    if (m->what == NS_DG_MEND_KEEP)
        return mend_keep(m, node);
    if (m->what == NS_DG_MEND_ORDER)
        return mend_order(m, node);
    switch (ns_diagnose_cause_family(m->blame->cause)) {
    case NS_DIAGNOSE_CAUSE_TABLE:
        return node->table >= 0 ? mend_table(m, node) : NS_OK;
    case NS_DIAGNOSE_CAUSE_SATURATION:
        return mend_range(m, node, 1.0001 * fmax(m->stage->peak, m->stage->largest_real / 32767));
    case NS_DIAGNOSE_CAUSE_STEP:
        return codes_needed(m->stage) < 16384 ? mend_range(m, node, codes_needed(m->stage) / 32766) : NS_OK;
    case NS_DIAGNOSE_CAUSE_CONSTANT:
        return mend_constant(m, node);
    case NS_DIAGNOSE_CAUSE_RESCALE:
        return mend_inner(m, node);
    default:
        return NS_OK;
    }
}
