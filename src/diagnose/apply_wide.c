/* A stored tensor is kept in 32 bits: what stores it does so once more in int32, and RESCALEs that read it
 * read that.
 */
#include <math.h>

#include "diagnose/internal.h"

enum { DEEPEST = 64 };

typedef struct keeping {
    const ns_dg_rescaling *r;
    ns_error *error;
    int depth;
    double factor; /* what readers take back */
    int kept;      /* of them */
} keeping;

static ns_block *block_of(const ns_dg_rescaling *r)
{
    return &r->graph->regions[0].blocks[0];
}

/* How often the operator reads the tensor as its first operand, and as no other. */
static bool reads_first(const ns_operator *op, int tensor)
{
    for (int k = 1; k < op->input_count; k++)
        if (op->inputs[k] == tensor)
            return false;
    return op->input_count && op->inputs[0] == tensor;
}

/* Operator `index` with a constant of 0 of another type in place of operand `operand`. */
static ns_code replace_zero(const keeping *k, int index, int operand, ns_dtype dtype)
{
    const int64_t one = 1;
    ns_tensor zero;
    NS_TRY(ns_tensor_new(k->r->graph->arena, dtype, 1, &one, &zero, k->error));
    ns_tensor_set(&zero, 0, 0);
    return ns_dg_replace_operand(k->r, index, operand, &zero, k->error);
}

/* A copy of operator `index` that reads `from` and gives int32. */
static ns_code copy_operator(const keeping *k, int index, int from, int *result)
{
    ns_graph *graph = k->r->graph;
    ns_block *block = block_of(k->r);
    const ns_operator op = block->operators[index];
    const ns_tensor shape = block->tensors[op.outputs[0]].tensor;
    const char *own = block->tensors[op.outputs[0]].name;
    const char *name = ns_arena_format(graph->arena, "%s_wide_%d", own ? own : "", block->tensor_count);
    int *operands = ns_arena_copy(graph->arena, op.inputs, (size_t)op.input_count * sizeof *operands);
    if (!name || !operands)
        return ns_fail(k->error, NS_ERROR_MEMORY, "no memory for an operator");
    operands[0] = from;
    NS_TRY(
        ns_block_add_tensor(graph, block, name, NS_DTYPE_INT32, shape.rank, shape.shape, result, k->error));
    const ns_operator_parts parts = {op.op, &op.attributes, op.input_count, operands, 1, result};
    return ns_block_add_operator(graph, block, &parts, k->error);
}

/* Data movement that takes int32 as it takes int16, with one tensor of data and nothing of its type. */
static bool only_moves(ns_op op)
{
    return op == NS_OP_RESHAPE || op == NS_OP_TRANSPOSE || op == NS_OP_SLICE || op == NS_OP_TILE ||
           op == NS_OP_REVERSE || op == NS_OP_IDENTITY;
}

static ns_code keep_readers(keeping *k, int tensor, int wide);

static ns_code keep_reader(keeping *k, int index, int wide)
{
    const ns_operator *op = ns_dg_operator(k->r->plan, index);
    bool can = op->op == NS_OP_RESCALE;
    int copy = -1;
    if (only_moves(op->op)) {
        if (k->r->graph)
            NS_TRY(copy_operator(k, index, wide, &copy));
        return keep_readers(k, ns_dg_operator(k->r->plan, index)->outputs[0], copy);
    }
    if (can)
        NS_TRY(ns_dg_rescale_reader(k->r, index, k->factor, &can, k->error));
    if (!can)
        return NS_OK;
    k->kept++;
    if (!k->r->graph)
        return NS_OK;
    block_of(k->r)->operators[index].inputs[0] = wide;
    return replace_zero(k, index, 3, NS_DTYPE_INT32);
}

static ns_code keep_readers(keeping *k, int tensor, int wide)
{
    const int count = k->r->plan->block->operator_count;
    if (k->depth++ >= DEEPEST)
        return NS_OK;
    for (int i = 0; i < count; i++)
        if (reads_first(ns_dg_operator(k->r->plan, i), tensor))
            NS_TRY(keep_reader(k, i, wide));
    return NS_OK;
}

/* The RESCALE that stores the result once more, to int32. */
static ns_code add_wide(const keeping *k, int final, double factor, int *wide, bool *can)
{
    const int index = k->r->plan->block->operator_count, from = ns_dg_operator(k->r->plan, final)->inputs[0];
    NS_TRY(copy_operator(k, final, from, wide));
    NS_TRY(replace_zero(k, index, 4, NS_DTYPE_INT32));
    return ns_dg_rescale_writer(k->r, index, factor, can, k->error);
}

ns_code ns_dg_keep_wide(const ns_dg_rescaling *r, const ns_dg_node *node, int bits, bool *can,
                        ns_error *error)
{
    const ns_dg_rescaling ask = {NULL, r->plan};
    keeping dry = {.r = &ask, .error = error, .factor = exp2(-bits)},
            k = {.r = r, .error = error, .factor = exp2(-bits)};
    const ns_dtype from = node->final >= 0
                              ? ns_dg_tensor(r->plan, ns_dg_operator(r->plan, node->final)->inputs[0])->dtype
                              : NS_DTYPE_BOOL;
    int wide = -1;
    *can = (from == NS_DTYPE_INT32 || from == NS_DTYPE_INT48) && node->zero == 0 && node->high == 32767 &&
           ns_dg_operator(r->plan, node->final)->op == NS_OP_RESCALE;
    if (*can)
        NS_TRY(ns_dg_rescale_writer(&ask, node->final, exp2(bits), can, error));
    if (*can)
        NS_TRY(keep_readers(&dry, node->tensor, -1));
    *can = *can && dry.kept;
    if (!*can || !r->graph)
        return NS_OK;
    NS_TRY(add_wide(&k, node->final, exp2(bits), &wide, can));
    NS_TRY(keep_readers(&k, node->tensor, wide));
    return ns_dg_sort_operators(block_of(r), can, error);
}
