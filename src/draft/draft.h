/* Draft: a TOSA graph that is being made or made smaller. Every node is one tensor: an input of the graph, a
 * constant, or the result of an operator, with the value that it has for the inputs at hand. */
#ifndef NS_DRAFT_H
#define NS_DRAFT_H

#include "npuscope/eval.h"
#include "npuscope/graph.h"

enum { NS_DRAFT_OPERANDS = 16, NS_DRAFT_OUTPUTS = 16, NS_DRAFT_REGIONS = 32 };

typedef enum ns_draft_kind { NS_DRAFT_INPUT, NS_DRAFT_CONST, NS_DRAFT_OPERATOR } ns_draft_kind;

typedef struct ns_draft_node {
    ns_draft_kind kind;
    ns_op op;
    ns_attributes attributes;
    int input_count;
    int inputs[NS_DRAFT_OPERANDS]; /* nodes before this one */
    const char *name;              /* of the tensor in a graph that was read; NULL: none yet */
    ns_tensor value;               /* type, shape and data */
} ns_draft_node;

typedef struct ns_draft {
    ns_arena *arena; /* not owned: nodes, values, attribute lists */
    int count, capacity;
    ns_draft_node *nodes;
    int output_count;
    int outputs[NS_DRAFT_OUTPUTS];
    int region_count; /* of what COND_IF and WHILE_LOOP name: taken as they are, never edited; not owned */
    const ns_region *regions[NS_DRAFT_REGIONS];
    bool no_memory; /* a value could not be computed for want of memory */
} ns_draft;

/* Adds a node with its value (data not copied); returns its index, or -1 when memory is out. */
int ns_draft_add(ns_draft *draft, const ns_draft_node *node);

/* A tensor without data for `draft`, zeroed data for `ns_draft_values`. */
ns_tensor ns_draft_shape(ns_dtype dtype, int rank, const int64_t *shape);

/* Adds an operator: its type and shape are inferred, its value computed. Returns its index; -1 where the
 * operands do not fit, or the specification leaves the result open (ns_error of ns_eval in `error`). */
int ns_draft_apply(ns_draft *draft, ns_op op, const ns_attributes *attributes, int input_count,
                   const int *inputs, ns_error *error);

/* Infers and computes one node anew. */
ns_code ns_draft_compute(ns_draft *draft, ns_draft_node *node, ns_error *error);

/* A copy in `arena` without the nodes that no output needs; values are shared. */
ns_code ns_draft_clean(const ns_draft *draft, ns_arena *arena, ns_draft *out, ns_error *error);

/* A copy in `arena` with all nodes; values and lists are shared. */
ns_code ns_draft_copy(const ns_draft *draft, ns_arena *arena, ns_draft *out, ns_error *error);

/* The draft as a graph (the caller frees it) that has passed validation, and its inputs in order. `inputs`
 * has room for the draft's nodes. */
ns_code ns_draft_to_graph(const ns_draft *draft, ns_graph **graph, ns_tensor *inputs, int *input_count,
                          ns_error *error);

/* The draft as a region of its own for another draft's COND_IF or WHILE_LOOP: its inputs in order are the
 * block's. Lies in the draft's arena. */
ns_code ns_draft_to_region(const ns_draft *draft, const char *name, ns_region **out, ns_error *error);

/* The main block of a validated graph as a draft, with every value computed from `inputs`.
 * NS_ERROR_UNSUPPORTED: variables, or an operator of several results. */
ns_code ns_draft_from_graph(const ns_graph *graph, const ns_tensor *inputs, int input_count, ns_arena *arena,
                            ns_draft *out, ns_error *error);

/* Operators of the draft: constants and inputs left out. */
int ns_draft_operators(const ns_draft *draft);

/* "RESCALE[32>8] > CONCAT": the operators in order. */
const char *ns_draft_words(const ns_draft *draft, ns_arena *arena);

/* ---- a part of a draft, whose edges become inputs and outputs (window.c) ---- */

/* The node called `name`; -1 for none. */
int ns_draft_find(const ns_draft *draft, const char *name);

/* The operators `up` steps before `centre` and `down` steps behind it, along the data, and what operators
 * on constants alone give them. Every other operand is an input, with the value that it has; results that
 * nothing in the window reads, and outputs of the draft, are outputs. `out` lies in `arena`. *whole: no
 * operator is left out. */
ns_code ns_draft_window(const ns_draft *draft, int centre, int up, int down, ns_arena *arena, ns_draft *out,
                        bool *whole, ns_error *error);

static inline const ns_tensor *ns_draft_value(const ns_draft *draft, int node)
{
    return &draft->nodes[node].value;
}

/* Operand `index` of a node as a tensor; NULL where there is none. */
static inline const ns_tensor *ns_draft_operand(const ns_draft *draft, const ns_draft_node *node, int index)
{
    return index < node->input_count ? &draft->nodes[node->inputs[index]].value : NULL;
}

#endif
