/* Chain slots: where the tensors of a chain live. */
#ifndef NS_EVAL_CHAIN_SLOTS_H
#define NS_EVAL_CHAIN_SLOTS_H

#include "eval/chain.h"

/* Places the members of a chain whose links, aliases and columns are known: in slots, which are used again as
 * soon as the last reader is done, or whole in memory where others read them. Settles how many rows run
 * together, so that the slots fit the first-level cache. `readers`: how many operators and block outputs read
 * each tensor; `groups`: -1 for each tensor, and so again afterwards. */
ns_code ns_chain_place(const ns_block *block, ns_chain *chain, const int *readers, int *groups,
                       ns_arena *arena, ns_error *error);

#endif
