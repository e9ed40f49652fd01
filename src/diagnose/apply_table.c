/* Mends of a TABLE that are written into a graph: knots over the codes in use, with a RESCALE by a power of
 * two in front (what lies beyond saturates then); or, where the codes use the whole range, a second and a
 * third table for the codes near 0, and a SELECT between them. */
#include <math.h>
#include <string.h>

#include "base/interface.h"
#include "diagnose/findings.h"
#include "diagnose/internal.h"
#include "diagnose/plan.h"

typedef struct insertion {
    ns_graph *graph;
    ns_block *block;
    const char *name; /* of the table's output: what is added is named after it */
    ns_error *error;
} insertion;

static ns_code add_const(const insertion *in, const char *what, const ns_tensor *value, int *tensor)
{
    const char *name = ns_arena_format(in->graph->arena, "%s_%s", in->name, what);
    if (!name)
        return ns_fail(in->error, NS_ERROR_MEMORY, "no memory for a constant");
    return ns_block_add_const(in->graph, in->block, name, value, tensor, in->error);
}

static ns_code add_scalar(const insertion *in, const char *what, ns_dtype dtype, int64_t number, int *tensor)
{
    ns_tensor value;
    const int64_t one = 1;
    NS_TRY(ns_tensor_new(in->graph->arena, dtype, 1, &one, &value, in->error));
    ns_tensor_set(&value, 0, number);
    return add_const(in, what, &value, tensor);
}

/* A knot at a real code. Where the function has no value, at 0, it is the clamp that ExecuTorch's table
 * holds. */
static int64_t knot_at(const ns_dg_table *table, double code)
{
    double v = ns_dg_table_ideal(table, code);
    if (table->fit.function >= 0 && code == 0 && !isfinite(ns_dg_fit_at(table, &table->fit, code)))
        v = ns_dg_table_ideal(table, 1e-9);
    return (int64_t)fmin(fmax(rint(v), -32767), 32767);
}

/* Knots 2^bits times nearer. Neighbours may not differ by more than a TABLE's slope: where a function leaps,
 * at 0, the knots nearer to 0 give way. */
static void fill_knots(const ns_dg_table *table, int bits, int64_t *v)
{
    const int zero = NS_DG_KNOTS / 2;
    for (int i = 0; i < NS_DG_KNOTS; i++)
        v[i] = knot_at(table, ldexp(ns_dg_knot_code(table, i), -bits));
    for (int i = NS_DG_KNOTS - 1; i > zero; i--)
        v[i - 1] = v[i - 1] > v[i] + INT16_MAX   ? v[i] + INT16_MAX
                   : v[i - 1] < v[i] - INT16_MAX ? v[i] - INT16_MAX
                                                 : v[i - 1];
    for (int i = 0; i < zero; i++)
        v[i + 1] = v[i + 1] > v[i] + INT16_MAX   ? v[i] + INT16_MAX
                   : v[i + 1] < v[i] - INT16_MAX ? v[i] - INT16_MAX
                                                 : v[i + 1];
}

static ns_code fine_table(const insertion *in, const ns_dg_table *table, int bits, int *tensor)
{
    ns_tensor values;
    int64_t knots[NS_DG_KNOTS];
    const int64_t count = NS_DG_KNOTS;
    NS_TRY(ns_tensor_new(in->graph->arena, NS_DTYPE_INT16, 1, &count, &values, in->error));
    fill_knots(table, bits, knots);
    for (int i = 0; i < NS_DG_KNOTS; i++)
        ns_tensor_set(&values, (size_t)i, knots[i]);
    return add_const(in, ns_arena_format(in->graph->arena, "table_%d", bits), &values, tensor);
}

/* A tensor of the shape of `like`. */
static ns_code add_like(const insertion *in, const char *what, ns_dtype dtype, int like, int *out)
{
    const ns_tensor *shape = &in->block->tensors[like].tensor;
    const char *name = ns_arena_format(in->graph->arena, "%s_%s", in->name, what ? what : "");
    if (!what || !name)
        return ns_fail(in->error, NS_ERROR_MEMORY, "no memory for a tensor");
    return ns_block_add_tensor(in->graph, in->block, name, dtype, shape->rank, shape->shape, out, in->error);
}

static ns_code add_operator(const insertion *in, ns_op op, const ns_attributes *attributes, int count,
                            const int *operands, int out)
{
    static const ns_attributes none = {0};
    return ns_block_add_operator(
        in->graph, in->block,
        &(ns_operator_parts){op, attributes ? attributes : &none, count, operands, 1, &out}, in->error);
}

/* `from` times 2^bits, as `dtype`. */
static ns_code add_rescale(const insertion *in, const char *what, int from, int bits, ns_dtype dtype,
                           int *out)
{
    const ns_attributes attributes = {.scale32 = true, .rounding_mode = NS_SINGLE_ROUND};
    const char *const texts[] = {"multiplier", "shift", "input_zp", "output_zp"};
    const ns_dtype dtypes[] = {NS_DTYPE_INT32, NS_DTYPE_INT8, NS_DTYPE_INT16, dtype};
    const int64_t numbers[] = {1 << 30, 30 - bits, 0, 0};
    int operands[5] = {from};
    for (int i = 0; i < 4; i++)
        NS_TRY(add_scalar(in, ns_arena_format(in->graph->arena, "%s_%s", what, texts[i]), dtypes[i],
                          numbers[i], &operands[i + 1]));
    NS_TRY(add_like(in, what, dtype, from, out));
    return add_operator(in, NS_OP_RESCALE, &attributes, 5, operands, *out);
}

/* Operators stand in the order in which they run: those from `first` on move before `place`. */
ns_code ns_dg_move_before(ns_block *block, int first, int place, ns_error *error)
{
    const size_t moved = (size_t)(block->operator_count - first), size = sizeof *block->operators;
    ns_arena *scratch = ns_arena_new();
    ns_operator *copy = scratch ? ns_arena_copy(scratch, block->operators + first, moved * size) : NULL;
    if (copy) {
        memmove(block->operators + place + moved, block->operators + place, (size_t)(first - place) * size);
        memcpy(block->operators + place, copy, moved * size);
    }
    ns_arena_free(scratch);
    return copy ? NS_OK : ns_fail(error, NS_ERROR_MEMORY, "no memory for the operators");
}

static bool can_run(const ns_operator *op, const bool *missing)
{
    for (int k = 0; k < op->input_count; k++)
        if (missing[op->inputs[k]])
            return false;
    return true;
}

/* Takes the first operator from `at` on that can run to `at`, constants before all others; false: none can.
 */
static bool take_next(ns_block *block, int at, bool constants, bool *missing)
{
    int i = at;
    while (i < block->operator_count &&
           (constants ? block->operators[i].input_count > 0 : !can_run(&block->operators[i], missing)))
        i++;
    if (i == block->operator_count)
        return false;
    const ns_operator next = block->operators[i];
    memmove(&block->operators[at + 1], &block->operators[at], (size_t)(i - at) * sizeof next);
    block->operators[at] = next;
    for (int k = 0; k < next.output_count; k++)
        missing[next.outputs[k]] = false;
    return true;
}

ns_code ns_dg_sort_operators(ns_block *block, bool *can, ns_error *error)
{
    ns_arena *scratch = ns_arena_new();
    bool *missing = scratch ? NS_ARENA_ARRAY(scratch, (size_t)block->tensor_count + 1, bool) : NULL;
    *can = missing != NULL;
    for (int i = 0; missing && i < block->operator_count; i++)
        for (int k = 0; k < block->operators[i].output_count; k++)
            missing[block->operators[i].outputs[k]] = true;
    int at = 0;
    while (missing && take_next(block, at, true, missing))
        at++;
    for (; at < block->operator_count && *can; at++)
        *can = take_next(block, at, false, missing);
    const bool memory = missing != NULL;
    ns_arena_free(scratch);
    return memory ? NS_OK : ns_fail(error, NS_ERROR_MEMORY, "no memory for the operators");
}

ns_code ns_dg_copy_graph(const ns_graph *graph, ns_graph **copy, ns_error *error)
{
    ns_arena *arena = ns_arena_new_like(graph->arena);
    const void *data = NULL;
    size_t size = 0;
    ns_code code = arena ? ns_graph_write(graph, arena, &data, &size, error)
                         : ns_fail(error, NS_ERROR_MEMORY, "no memory for a copy of the graph");
    if (code == NS_OK)
        code = ns_graph_read_within(ns_arena_budget(graph->arena), data, size, copy, error);
    ns_arena_free(arena);
    return code;
}

ns_code ns_dg_apply_table(ns_graph *graph, int index, const ns_dg_table *table, double most, ns_error *error)
{
    ns_block *block = &graph->regions[0].blocks[0];
    const int bits = (int)floor(log2(32767 / most)), first = block->operator_count;
    const insertion in = {graph, block, block->tensors[block->operators[index].outputs[0]].name, error};
    int rescaled = -1, knots = -1;
    NS_TRY(fine_table(&in, table, bits, &knots));
    NS_TRY(add_rescale(&in, "fine", block->operators[index].inputs[0], bits, NS_DTYPE_INT16, &rescaled));
    block->operators[index].inputs[0] = rescaled;
    block->operators[index].inputs[1] = knots;
    return ns_dg_move_before(block, first, index, error);
}

/* ---- a split table ---- */

enum { LEAST_BITS = 2, MOST_BITS = 12 };

/* The error on the codes in use with tables 2^bits finer for the codes that they reach; 0: none such. */
static double error_of(const ns_dg_table *table, const ns_diagnose_curve *curve,
                       int64_t (*knots)[NS_DG_KNOTS], const int *bits)
{
    double sum = 0;
    for (int i = 0; i < curve->count; i++) {
        double got = curve->straight[i];
        for (int level = 0; level < NS_DG_SPLITS; level++) {
            const double at = ldexp(curve->codes[i], bits[level]);
            if (!bits[level] || fabs(at) >= 32768)
                continue;
            const int k = ns_dg_table_segment(table, at);
            const int64_t *v = knots[bits[level]];
            got = (double)v[k] + (double)(v[k + 1] - v[k]) * (at - ns_dg_knot_code(table, k)) / table->step;
        }
        sum += (got - curve->ideal[i]) * (got - curve->ideal[i]);
    }
    return sum;
}

void ns_dg_choose_split(const ns_dg_table *table, const ns_diagnose_curve *curve, int *bits)
{
    int64_t knots[MOST_BITS + 1][NS_DG_KNOTS];
    double least = INFINITY;
    for (int b = LEAST_BITS; b <= MOST_BITS; b++)
        fill_knots(table, b, knots[b]);
    for (int b = LEAST_BITS; b <= MOST_BITS; b++)
        for (int c = b; c <= MOST_BITS; c++) {
            const int tried[NS_DG_SPLITS] = {b, c > b ? c : 0};
            /* A third table must be worth it. */
            const double sum = error_of(table, curve, knots, tried) * (c > b ? 2 : 1);
            if (sum < least) {
                least = sum;
                memcpy(bits, tried, sizeof tried);
            }
        }
}

/* |codes| of `from` in 32 bits: what SELECT's conditions are about. */
static ns_code add_magnitude(const insertion *in, int from, int *out)
{
    int wide = -1;
    NS_TRY(add_rescale(in, "codes", from, 0, NS_DTYPE_INT32, &wide));
    NS_TRY(add_like(in, "magnitude", NS_DTYPE_INT32, from, out));
    return add_operator(in, NS_OP_ABS, NULL, 1, &wide, *out);
}

/* Is the magnitude below what a table 2^bits finer reaches? */
static ns_code add_condition(const insertion *in, int magnitude, int bits, int *out)
{
    ns_tensor value;
    int64_t ones[NS_MAX_RANK];
    int operands[2] = {-1, magnitude};
    for (int i = 0; i < NS_MAX_RANK; i++)
        ones[i] = 1;
    NS_TRY(ns_tensor_new(in->graph->arena, NS_DTYPE_INT32, in->block->tensors[magnitude].tensor.rank, ones,
                         &value, in->error));
    ns_tensor_set(&value, 0, 32768 >> bits);
    NS_TRY(add_const(in, ns_arena_format(in->graph->arena, "reach_%d", bits), &value, &operands[0]));
    NS_TRY(add_like(in, ns_arena_format(in->graph->arena, "near_%d", bits), NS_DTYPE_BOOL, magnitude, out));
    return add_operator(in, NS_OP_GREATER, NULL, 2, operands, *out);
}

/* What a table 2^bits finer gives. */
static ns_code add_level(const insertion *in, const ns_dg_table *table, int from, int bits, int *out)
{
    ns_arena *names = in->graph->arena;
    int operands[2] = {-1, -1};
    NS_TRY(fine_table(in, table, bits, &operands[1]));
    NS_TRY(
        add_rescale(in, ns_arena_format(names, "fine_%d", bits), from, bits, NS_DTYPE_INT16, &operands[0]));
    NS_TRY(add_like(in, ns_arena_format(names, "level_%d", bits), NS_DTYPE_INT32, from, out));
    return add_operator(in, NS_OP_TABLE, NULL, 2, operands, *out);
}

ns_code ns_dg_apply_split(ns_graph *graph, int index, const ns_dg_table *table, const int *bits,
                          ns_error *error)
{
    ns_block *block = &graph->regions[0].blocks[0];
    const int first = block->operator_count, from = block->operators[index].inputs[0];
    const int result = block->operators[index].outputs[0];
    const insertion in = {graph, block, block->tensors[result].name, error};
    int now = -1, magnitude = -1;
    NS_TRY(add_like(&in, "coarse", NS_DTYPE_INT32, result, &now));
    block->operators[index].outputs[0] = now;
    NS_TRY(add_magnitude(&in, from, &magnitude));
    for (int level = 0; level < NS_DG_SPLITS && bits[level]; level++) {
        const bool last = level + 1 == NS_DG_SPLITS || !bits[level + 1];
        int operands[3] = {-1, -1, now};
        NS_TRY(add_condition(&in, magnitude, bits[level], &operands[0]));
        NS_TRY(add_level(&in, table, from, bits[level], &operands[1]));
        now = result;
        if (!last)
            NS_TRY(add_like(&in, ns_arena_format(graph->arena, "chosen_%d", bits[level]), NS_DTYPE_INT32,
                            result, &now));
        NS_TRY(add_operator(&in, NS_OP_SELECT, NULL, 3, operands, now));
    }
    return ns_dg_move_before(block, first, index + 1, error);
}
