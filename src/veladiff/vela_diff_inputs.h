/* Inputs of a graph that `vela-diff` reads from a file. */
#ifndef NS_VELADIFF_VELA_DIFF_INPUTS_H
#define NS_VELADIFF_VELA_DIFF_INPUTS_H

#include "base/interface.h"
#include "npuscope/eval.h"

/* Draws the inputs of the graph's main block over the whole range of their types, and evaluates them. Where
 * the result of a graph with GATHER or SCATTER is unpredictable, integers of more than 16 bits are drawn
 * again, within the rows. `inputs` and `outputs` have room for the block's; the inputs are drawn also where
 * the graph is not valid or has no result. NS_ERROR_UNSUPPORTED for an input that is not of integers. */
ns_code ns_vela_diff_draw(const ns_graph *graph, const ns_eval_options *options, ns_random *random,
                          ns_arena *arena, ns_tensor *inputs, ns_tensor *outputs, ns_error *error);

#endif
