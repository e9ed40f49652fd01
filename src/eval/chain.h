/* Chain: operators that follow each other in a block and go through the same rows. They run together on some
 * rows at a time, so that what one makes is still in the first-level cache when the next reads it, and
 * tensors that no one else reads are never whole in memory.
 *
 * All tensors of a chain are seen as rows by columns (of a block where none needs rows: as many rows of one
 * column). A member has an element for each, or for each row (eval/step.h, ns_span); a reduction along the
 * last axis leads from the one to the other. Operands from outside may also have an element for each column,
 * or one. The plan decides from shapes and types alone; whether the parameters are good is found when it
 * runs. */
#ifndef NS_EVAL_CHAIN_H
#define NS_EVAL_CHAIN_H

#include "eval/step.h"

/* Where a link finds or puts the elements of some rows. */
typedef struct ns_chain_operand {
    int tensor;
    int slot;         /* of the chain's room for some rows; -1: the tensor is whole in memory */
    size_t row_bytes; /* from one row to the next; 0 where all have the same */
} ns_chain_operand;

/* A link is an operator, or several in one (eval/fuse.h). */
typedef enum ns_link_form { NS_LINK_OPERATOR, NS_LINK_PAIR, NS_LINK_TABLE, NS_LINK_SUM } ns_link_form;

typedef struct ns_chain_link {
    int index; /* of the operator, the last of several */
    ns_link_form form;
    ns_fused_pair pair; /* NS_LINK_PAIR */
    int table;          /* NS_LINK_TABLE: the operator TABLE, whose result is rounded */
    int left;           /* NS_LINK_SUM: of int16 values times 2^left */
    size_t columns;
    int operands;
    ns_span spans[NS_STEP_OPERANDS];
    ns_chain_operand in[NS_STEP_OPERANDS], out;
} ns_chain_link;

/* A tensor that is another's elements in another shape. */
typedef struct ns_chain_alias {
    int from, to;
} ns_chain_alias;

typedef struct ns_chain {
    int first, end; /* operators first .. end - 1 */
    size_t rows, columns;
    size_t slab_rows; /* that run together */
    int link_count, before_count, whole_count, alias_count, slot_count;
    ns_chain_link *links;
    int *before;             /* small operators on operands from outside: run ahead, as wholes */
    int *whole;              /* tensors of the chain that others read, whole in memory */
    ns_chain_alias *aliases; /* of these */
    size_t *slot_offsets;    /* into the room */
    size_t room;             /* bytes */
    bool is_produced;        /* the first link makes its rows from whole tensors */
    bool is_constant;        /* all parameters are constants of the graph: steps may be kept */
    uint64_t work;           /* of the operators but those of `before`, for the budget */
} ns_chain;

typedef struct ns_plan {
    const ns_chain **at; /* for each operator the chain that begins there, or NULL */
} ns_plan;

#endif
