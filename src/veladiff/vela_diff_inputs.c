/* Random integers for a graph's inputs, such that the graph defines the result. */
#include "veladiff/vela_diff_inputs.h"

#define DRAWS 96 /* until no index lies beyond its rows */

/* The smallest number of rows that the graph's GATHERs and SCATTERs choose from; 0: it has none. */
static int64_t index_limit(const ns_block *block)
{
    int64_t limit = 0;
    for (int i = 0; i < block->operator_count; i++) {
        const ns_operator *node = &block->operators[i];
        if (node->op != NS_OP_GATHER && node->op != NS_OP_SCATTER)
            continue;
        const int64_t rows = block->tensors[node->inputs[0]].tensor.shape[1];
        limit = limit && limit < rows ? limit : rows;
    }
    return limit;
}

/* Over the whole range of the type; integers of over 16 bits from 0 to limit - 1 where there is a limit. */
static ns_code draw_input(const ns_tensor *declared, int64_t limit, ns_random *random, ns_arena *arena,
                          ns_tensor *out, ns_error *error)
{
    if (!ns_dtype_is_integer(declared->dtype) && declared->dtype != NS_DTYPE_BOOL)
        return ns_fail(error, NS_ERROR_UNSUPPORTED, "an input is %s; the NPU takes integers",
                       ns_dtype_text(declared->dtype));
    NS_TRY(ns_tensor_new(arena, declared->dtype, declared->rank, declared->shape, out, error));
    int64_t low = 0, high = 1;
    if (declared->dtype != NS_DTYPE_BOOL) {
        const bool wide = ns_dtype_bits(declared->dtype) > 16;
        low = wide ? -(1 << 20) : ns_dtype_min(declared->dtype);
        high = wide ? 1 << 20 : ns_dtype_max(declared->dtype);
        if (wide && limit) {
            low = 0;
            high = limit - 1;
        }
    }
    for (size_t i = 0; i < ns_tensor_count(out); i++)
        ns_tensor_set(out, i, ns_random_range(random, low, high));
    return NS_OK;
}

static ns_code draw_inputs(const ns_block *block, int64_t limit, ns_random *random, ns_arena *arena,
                           ns_tensor *inputs, ns_error *error)
{
    for (int i = 0; i < block->input_count; i++)
        NS_TRY(draw_input(&block->tensors[block->inputs[i]].tensor, limit, random, arena, &inputs[i], error));
    return NS_OK;
}

ns_code ns_vela_diff_draw(const ns_graph *graph, const ns_eval_options *options, ns_random *random,
                          ns_arena *arena, ns_tensor *inputs, ns_tensor *outputs, ns_error *error)
{
    const ns_block *block = &graph->regions[0].blocks[0];
    NS_TRY(draw_inputs(block, 0, random, arena, inputs, error));
    NS_TRY(ns_graph_validate(graph, error));
    ns_code code = ns_eval(graph, options, inputs, block->input_count, arena, outputs, error);
    /* What the whole range leaves open may be an index. Then two rows that a SCATTER writes may be one, and
     * an index may be a sum of multiples of inputs: smaller and smaller ones. */
    const int64_t rows = index_limit(block), least = rows < 2 ? rows : 2;
    for (int draw = 0; rows && code == NS_ERROR_UNPREDICTABLE && draw < DRAWS; draw++) {
        const int64_t fewer = rows >> draw / 8;
        NS_TRY(draw_inputs(block, fewer > least ? fewer : least, random, arena, inputs, error));
        code = ns_eval(graph, options, inputs, block->input_count, arena, outputs, error);
    }
    return code;
}
