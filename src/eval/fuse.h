/* Fuse: links of a chain that kernels/fused.h does in one. RESCALE, RESCALE, ADD (SUB, MUL), RESCALE; TABLE,
 * RESCALE; RESCALE, REDUCE_SUM: the quantised operators of an a16w8 graph. */
#ifndef NS_EVAL_FUSE_H
#define NS_EVAL_FUSE_H

#include "eval/chain.h"

/* Replaces links, where their scales are constants of the graph and such that no REQUIRE can fail. `readers`
 * as for ns_chain_place; `makers`: -1 for each tensor, and so again afterwards. */
ns_code ns_chain_fuse(const ns_block *block, ns_chain *chain, const int *readers, int *makers,
                      ns_arena *arena, ns_error *error);

/* Sets the step of a link of the form NS_LINK_PAIR or NS_LINK_SUM; `spans` and `kernels` are set. */
void ns_fused_prepare(const ns_chain_link *link, ns_step *step);

#endif
