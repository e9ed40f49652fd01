/* Plan: a graph as the diagnosis sees it: values in code units, cut into stages.
 *
 * A cut is a tensor that is stored in few bits after rounding: the int8 or int16 result of RESCALE,
 * AVG_POOL2D or CAST, the int8 result of TABLE, and every output of the graph. A stage is everything
 * backwards from a cut up to the next cuts, inputs or constants; an operator shared by two stages belongs to
 * both. Operators on constants alone belong to the stage that uses them. */
#ifndef NS_DIAGNOSE_PLAN_H
#define NS_DIAGNOSE_PLAN_H

#include <stddef.h>

#include "kernels/kernels.h"
#include "npuscope/budget.h"
#include "npuscope/graph.h"
#include "npuscope/tensor.h"

struct ns_dg_table;

/* A node: an input of the graph, or a stage. Nodes are numbered in order of execution, inputs first. */
typedef struct ns_dg_node {
    int tensor; /* the input, or the cut at which the stage ends */
    size_t count;
    int operator_count; /* 0 for an input */
    int *operators;     /* in order of execution */
    int final;          /* the RESCALE, AVG_POOL2D or CAST that stores its result; -1: none */
    int named;          /* the operator that it is named after: the last that is neither RESCALE nor data
                           movement, else the last RESCALE, else the last */
    int table;          /* its first TABLE; -1: none */
    int source_count;
    int *sources; /* nodes that it reads */
    int user_count;
    int *users;        /* nodes that read it */
    int last_user;     /* the last of them; -1: none */
    int output;        /* position among the graph's outputs, or -1 */
    double zero;       /* of its result: the zero point in codes */
    bool zero_unknown; /* nothing tells it */
    double low, high;  /* of its type, in codes */
    double work;       /* of one evaluation, in operations on elements */
} ns_dg_node;

/* What a constant stands for that the file does not say: 2^exponent / count, rounded to its code; of an
 * epsilon (count 0) 2^exponent times it. */
typedef struct ns_dg_mean {
    int tensor;
    int exponent;
    int64_t count;
    double ideal;
} ns_dg_mean;

typedef struct ns_dg_plan {
    const ns_graph *graph;
    const ns_block *block;
    ns_arena *arena;
    ns_kernels kernels;
    const char **names;          /* of each tensor, printable */
    int *producers;              /* of each tensor: its operator, or -1 */
    bool *constant;              /* of each tensor: it depends on constants alone */
    bool *on_constants;          /* of each operator */
    int *node_of;                /* of each tensor: its node, or -1 */
    double **values;             /* of each constant tensor with data: its elements, or NULL */
    struct ns_dg_table **tables; /* of each tensor: the function of a TABLE's constant, or NULL */
    ns_arena **table_arenas;     /* what each table was made in */
    int table_arena_count;
    int mean_count;
    ns_dg_mean *means;
    int *mean_of; /* of each tensor: in `means`, or -1 */
    int node_count, input_count, output_count;
    ns_dg_node *nodes;
    int *outputs; /* nodes of the graph's outputs, each once */
} ns_dg_plan;

/* For people: what is not printable is escaped. */
static inline const char *ns_dg_name(const ns_dg_plan *plan, int tensor)
{
    return plan->names[tensor];
}
static inline const ns_tensor *ns_dg_tensor(const ns_dg_plan *plan, int tensor)
{
    return &plan->block->tensors[tensor].tensor;
}
static inline const ns_operator *ns_dg_operator(const ns_dg_plan *plan, int index)
{
    return &plan->block->operators[index];
}

/* The most that a code can be away from the zero point, to the side of `code` or to either. */
static inline double ns_dg_side(const ns_dg_node *node, double code)
{
    const double side = code >= node->zero ? node->high - node->zero : node->zero - node->low;
    return side > 1 ? side : 1;
}
static inline double ns_dg_span(const ns_dg_node *node)
{
    const double above = node->high - node->zero, below = node->high > 127 ? above : node->zero - node->low;
    return above > below ? above : below;
}

/* Element `i` of a constant operand; the caller knows that it is one. */
static inline double ns_dg_constant(const ns_dg_plan *plan, int tensor, size_t i)
{
    return (double)ns_tensor_get(ns_dg_tensor(plan, tensor), i);
}

/* Is the operator data movement: does it change no value (stages.c)? */
bool ns_dg_moves(ns_op op);

/* Finds cuts and stages, and fills the nodes (stages.c); finds constants that stand for a known real number
 * (prepare.c). */
ns_code ns_dg_find_stages(ns_dg_plan *plan, ns_error *error);
ns_code ns_dg_find_means(ns_dg_plan *plan, ns_error *error);

/* The constant of a mean or an epsilon that the stage reads, in plan->means; -1: none. */
int ns_dg_mean_in(const ns_dg_plan *plan, const ns_dg_node *node);

/* Makes the plan in `arena`. NS_ERROR_UNSUPPORTED names an operator that has no evaluation. */
ns_code ns_dg_plan_new(const ns_graph *graph, unsigned cpu_mask, ns_arena *arena, ns_dg_plan **out,
                       ns_error *error);

/* The stage whose result has that printable name; -1: none. */
int ns_dg_node_called(const ns_dg_plan *plan, const char *name);

/* Frees what is not in the plan's arena. NULL is allowed. */
void ns_dg_plan_close(ns_dg_plan *plan);

/* ---- call.c ---- */

/* Pool: arrays of doubles that are taken and given back thousands of times in one diagnosis. One pool per
 * thread. Nothing is zeroed. */

typedef struct ns_dg_array {
    struct ns_dg_array *next; /* while it is free, or in its owner's list */
    size_t capacity;
    int references;
    int size_class;
    double *data; /* aligned to 64; 8 doubles more than asked for may be read */
} ns_dg_array;

enum { NS_DG_POOL_CLASSES = 96 };

typedef struct ns_dg_pool {
    ns_dg_array *free[NS_DG_POOL_CLASSES];
    ns_budget *budget; /* what the arrays are charged to; NULL: nothing */
} ns_dg_pool;

/* An array with one reference, or NULL when memory or its budget is out. */
ns_dg_array *ns_dg_take(ns_dg_pool *pool, size_t count);

/* One reference less; the last gives it back to the pool. NULL is allowed. */
void ns_dg_give(ns_dg_pool *pool, ns_dg_array *array);

/* Gives back a list of arrays that hang together by `next`, and empties it. */
void ns_dg_give_all(ns_dg_pool *pool, ns_dg_array **list);

/* Frees what is not in use. */
void ns_dg_pool_free(ns_dg_pool *pool);

#endif
