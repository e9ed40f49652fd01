/* What the files of eval give each other. */
#ifndef NS_EVAL_INTERNAL_H
#define NS_EVAL_INTERNAL_H

#include "eval/call.h"
#include "eval/step.h"
#include "npuscope/graph.h"
#include "npuscope/tensor.h"

/* Chain: operators that follow each other in a block and go through the same rows. They run together on some
 * rows at a time, so that what one makes is still in the first-level cache when the next reads it, and
 * tensors that no one else reads are never whole in memory.
 *
 * All tensors of a chain are seen as rows by columns (of a block where none needs rows: as many rows of one
 * column). A member has an element for each, or for each row (eval/step.h, ns_span); a reduction along the
 * last axis leads from the one to the other. Operands from outside may also have an element for each column,
 * or one. The plan decides from shapes and types alone; whether the parameters are good is found when it
 * runs. */

/* Where a link finds or puts the elements of some rows. */
typedef struct ns_chain_operand {
    int tensor;
    int slot;         /* of the chain's room for some rows; -1: the tensor is whole in memory */
    size_t row_bytes; /* from one row to the next; 0 where all have the same */
} ns_chain_operand;

/* A link is an operator, or several in one (eval/fuse.h). */
typedef enum ns_link_form {
    NS_LINK_OPERATOR,
    NS_LINK_PAIR,
    NS_LINK_TABLE,
    NS_LINK_SUM,
    NS_LINK_PRODUCT
} ns_link_form;

typedef struct ns_chain_link {
    int index; /* of the operator, the last of several */
    ns_link_form form;
    ns_fused_pair pair; /* NS_LINK_PAIR */
    int source;         /* NS_LINK_TABLE, NS_LINK_PRODUCT: the operator whose result is rescaled */
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

/* ---- store.c ---- */

/* Store: the buffers that tensors live in while a graph runs. One is used again as soon as its last reader is
 * done, and by the next run of the graph. */

typedef struct ns_store_buffer {
    struct ns_store_buffer *next_free, *next;
    void *data; /* not zeroed, aligned to 64; kernels may read NS_STORE_SLACK bytes behind its end */
    size_t capacity;
    int references;
} ns_store_buffer;

#define NS_STORE_SLACK 64

typedef struct ns_store {
    ns_arena *arena;       /* holds the buffers' heads */
    ns_budget *budget;     /* is charged */
    uint64_t memory;       /* taken from the budget */
    uint64_t results;      /* the same for results in an arena that is not charged itself */
    ns_store_buffer *free; /* without references */
    ns_store_buffer *all;
} ns_store;

/* A buffer of at least `size` bytes with one reference. NS_ERROR_MEMORY where there is none, or the budget
 * does not allow it. */
ns_code ns_store_take(ns_store *store, size_t size, ns_store_buffer **out, ns_error *error);

/* One reference less. */
void ns_store_drop(ns_store *store, ns_store_buffer *buffer);

/* Charges a result's memory, until ns_store_settle; false where the budget does not allow it. */
bool ns_store_charge_result(ns_store *store, size_t bytes);

/* An evaluation is over: its results are the caller's. */
void ns_store_settle(ns_store *store);

/* Gives all back, to the budget too. */
void ns_store_close(ns_store *store);

/* ---- values.c ---- */

/* Values: a block's tensors while it runs. */

typedef struct ns_value {
    ns_tensor tensor;
    ns_store_buffer *buffer; /* NULL: the data belong to the graph, to the caller or to the results */
    int readers;             /* operators still to read it, and 1 if it is an output of the block */
    bool present;
    bool is_result; /* an output of the block: its data are made in the caller's arena */
} ns_value;

/* Gives an operator's output its room: in the store, or in `results`. */
ns_code ns_value_make(ns_value *value, ns_store *store, ns_arena *results, ns_error *error);

/* Lets `to` be the elements of `from` in another shape, where it may be; else false. */
bool ns_value_share(const ns_value *from, ns_value *to);

/* Forgets the data. */
void ns_value_release(ns_value *value, ns_store *store);

/* What is to be done behind an operator: its inputs have a reader less; what nobody is to read is released.
 */
void ns_values_done(ns_value *values, const ns_operator *op, ns_store *store);

/* ---- workers.c ---- */

/* Workers: threads that wait for rows of a chain. The caller of ns_workers_run is one of them, number 0. */
typedef struct ns_workers ns_workers;
typedef void (*ns_worker_job)(void *context, int worker);

/* As many as can be had, up to `count`; NULL: no memory. */
ns_workers *ns_workers_start(int count);
int ns_workers_count(const ns_workers *workers); /* NULL: 1 */

/* job(context, k) for each worker k at once; returns when all are done. */
void ns_workers_run(ns_workers *workers, ns_worker_job job, void *context);

/* NULL is allowed. */
void ns_workers_stop(ns_workers *workers);

/* ---- chain_run.c ---- */

/* Chain run: a chain's links over its rows. */

typedef struct ns_chain_run {
    const ns_block *block;
    ns_value *values;
    ns_store *store;
    ns_arena *results; /* for tensors that are the block's outputs */
    ns_arena *scratch; /* for steps and their rows; forgotten when the next chain begins */
    ns_arena *kept;    /* for steps that are kept */
    void **steps;      /* what is kept of the chain, NULL at first */
    const ns_kernels *kernels;
    ns_budget *budget;
    ns_workers *workers; /* NULL: none */
} ns_chain_run;

/* Runs the links; the operators of `before` have run. True: all that others read of the chain is made. False:
 * something is wrong, or might be; nothing is made, and the operators, run one by one, will tell. */
bool ns_chain_run_links(const ns_chain_run *run, const ns_chain *chain);

/* ---- chain_slots.c ---- */

/* Chain slots: where the tensors of a chain live. */

/* Places the members of a chain whose links, aliases and columns are known: in slots, which are used again as
 * soon as the last reader is done, or whole in memory where others read them. Settles how many rows run
 * together, so that the slots fit the first-level cache. `readers`: how many operators and block outputs read
 * each tensor; `groups`: -1 for each tensor, and so again afterwards. */
ns_code ns_chain_place(const ns_block *block, ns_chain *chain, const int *readers, int *groups,
                       ns_arena *arena, ns_error *error);

/* ---- fuse.c ---- */

/* Fuse: links of a chain that kernels/fused.h does in one. RESCALE, RESCALE, ADD (SUB, MUL), RESCALE; TABLE,
 * RESCALE; RESCALE, REDUCE_SUM; convolution or MATMUL, RESCALE: the quantised operators of an a16w8 graph. */

/* Replaces links, where their scales are constants of the graph and such that no REQUIRE can fail. `readers`
 * as for ns_chain_place; `makers`: -1 for each tensor, and so again afterwards. */
ns_code ns_chain_fuse(const ns_block *block, ns_chain *chain, const int *readers, int *makers,
                      ns_arena *arena, ns_error *error);

/* Sets the step of a link of the form NS_LINK_PAIR or NS_LINK_SUM; `spans` and `kernels` are set. */
void ns_fused_prepare(const ns_chain_link *link, ns_step *step);

/* Joins the step of a product, which has not taken over the scales of its RESCALE, with the latter's: in
 * `arena`, the sums of some rows between. */
ns_code ns_fused_join(const ns_step *product, const ns_step *rescale, size_t columns, ns_arena *arena,
                      ns_step *step);

/* ---- plan.c ---- */

/* Plan: the chains of a block. */

/* Finds a block's chains; the plan lives in `arena`. */
ns_code ns_plan_make(const ns_block *block, const ns_kernels *kernels, ns_arena *arena, ns_plan *plan,
                     ns_error *error);

/* ---- pool.c ---- */

/* Pool: the windows of AVG_POOL2D and MAX_POOL2D. */

typedef struct ns_pool {
    int64_t batches, in[2], out[2], kernel[2], stride[2], before[2]; /* [0] height, [1] width */
    size_t channels;
} ns_pool;

/* Checks operands, shapes and attributes: [N, IH, IW, C] to [N, OH, OW, C], int8, int16 or floating-point. */
ns_code ns_pool_read(const ns_eval_call *call, ns_pool *pool, ns_error *error);

/* The inputs of one output element, padding left out. */
typedef struct ns_pool_window {
    const void *data;
    int bytes;             /* of an element */
    int64_t rows, columns; /* at least one of each */
    size_t first, row;     /* where the first element lies, and how far the next row's is */
    size_t column;
} ns_pool_window;

size_t ns_pool_positions(const ns_pool *pool); /* N * OH * OW */

/* Of channel 0 of an output position. */
ns_pool_window ns_pool_window_at(const ns_pool *pool, const ns_tensor *in, size_t position);

static inline int64_t ns_pool_get(const ns_pool_window *window, int64_t y, int64_t x)
{
    return ns_eval_get(window->data, window->bytes,
                       window->first + (size_t)y * window->row + (size_t)x * window->column);
}

/* The output element `at` (row-major) of a window. */
typedef ns_code (*ns_pool_function)(const ns_pool_window *window, size_t at, void *context, int64_t *result,
                                    ns_error *error);

/* Fills the output, element by element. */
ns_code ns_pool_run(ns_eval_call *call, const ns_pool *pool, ns_pool_function function, void *context,
                    ns_error *error);

/* ---- product.c ---- */

/* Product: sums of products for convolutions and matrix products, with the specification's accumulator
 * limits. A left-hand side of int16 rows is multiplied by a packed right-hand side. */

typedef struct ns_product {
    const ns_kernels *kernels;
    ns_tensor *out;       /* int32 or int48 */
    size_t k, n;          /* steps and columns */
    int16_t *packed;      /* kernels/gemm.h; the columns' values less their zero point */
    int16_t *packed_high; /* int16 columns are split, value = 256 * high + low; NULL when they fit 8 bits */
    uint32_t *tiles;      /* room for all columns once more, where the kernels have tiles; else NULL */
    uint8_t *tile_room;
    bool has_tiles;       /* the columns are such as fit them */
    int64_t *bias;        /* n values, or NULL */
    size_t block;         /* steps that a 32-bit sum can hold */
    bool careful;         /* an accumulator might leave its type: every step is checked */
    int64_t bound;        /* of a sum's magnitude, its bias included; INT64_MAX: more than that */
    ns_requantise *scale; /* NULL: the sums are the result */
    int64_t *narrow;      /* room for one band of rows when the output is int32 */
} ns_product;

/* Rows that one call of ns_product_rows may have. */
#define NS_PRODUCT_BAND 96

/* Steps that a left-hand row takes: k rounded up to even. */
static inline size_t ns_product_row_size(size_t k)
{
    return (k + 1) / 2 * 2;
}

/* Makes room for `product` with k and n set, in `arena`. `split`: the columns are int16. The caller fills
 * `packed` and `packed_high` with ns_gemm_pack_*. */
ns_code ns_product_new(ns_product *product, const ns_kernels *kernels, ns_tensor *out, size_t k, size_t n,
                       bool split, ns_arena *arena, ns_error *error);

/* Sets the bias: one value, or one for each column, of the output's type. */
ns_code ns_product_bias(ns_product *product, const ns_tensor *bias, ns_arena *arena, ns_error *error);

/* To be called when all columns are set: derives the bounds. `largest`: of any left-hand value's magnitude.
 */
void ns_product_ready(ns_product *product, int64_t largest);

/* Rows first .. first + count - 1 of the output, seen as [rows][n], from `rows` with `step` elements between
 * them. count <= NS_PRODUCT_BAND; rows are read to an even number of steps. */
ns_code ns_product_rows(ns_product *product, const int16_t *rows, size_t step, size_t first, size_t count,
                        ns_error *error);

/* The same where no accumulator can leave its type (not `careful`), to `to`: n values for each row, of the
 * output's type, or int16 with a scale. */
void ns_product_fast_rows(ns_product *product, const int16_t *rows, size_t step, size_t count, void *to);

/* Bytes of a value that ns_product_fast_rows makes. */
static inline size_t ns_product_value_size(const ns_product *product)
{
    return product->scale ? 2 : product->narrow ? 4 : 8;
}

/* Takes over the scales of the RESCALE behind the product where it can: `product` is ready, sums int48. NULL:
 * nothing to take over. */
ns_code ns_product_scale(ns_product *product, ns_step_scales *scales, ns_arena *arena, ns_error *error);

/* Scales for `columns` sums of at most `bound` in magnitude; *out NULL where they are not such as
 * kernels/matrix.h takes. */
ns_code ns_requantise_new(const ns_kernels *kernels, ns_step_scales *scales, size_t columns, int64_t bound,
                          ns_arena *arena, ns_requantise **out, ns_error *error);

/* Run: what evaluating a graph needs, and what its next evaluation takes over. */

/* Specification 1.0, no level: MAX_NESTING. The validator holds graphs to level 8K, which allows 6
 * (tosa/operand_info.h). */
#define NS_EVAL_NESTING 256

/* What is kept for a block from one evaluation to the next. */
typedef struct ns_block_kept {
    const ns_block *block;
    ns_plan plan;
    bool has_plan;
    void **operators; /* ns_eval_call.kept of each */
    void **chains;    /* ns_chain_run.steps of those that begin at each operator */
    struct ns_block_kept *next;
} ns_block_kept;

struct ns_eval_run {
    const ns_graph *graph;
    ns_eval_options options;
    ns_kernels kernels;
    ns_eval_run_block run_block; /* for operators that run other blocks */
    ns_budget *budget;
    ns_workers *workers; /* NULL: none */
    /* As long as the graph is evaluated again and again: */
    ns_arena *kept;
    ns_store store;
    ns_block_kept *blocks;
    ns_arena *frames[NS_EVAL_NESTING + 1]; /* of the blocks that run inside each other */
    /* As long as one evaluation, an operator and a chain: */
    ns_arena *arena, *scratch, *chain_scratch;
    int nesting;
    ns_eval_variables variables;
};

/* One run of a block. */
typedef struct ns_frame {
    struct ns_eval_run *run;
    const ns_block *block;
    ns_block_kept *kept;
    ns_value *values;
    ns_arena *arena;   /* lives as long as the frame */
    ns_arena *results; /* the caller's, for the outputs' data */
} ns_frame;

/* ---- run_block.c ---- */

/* Run block: operators that follow each other and go through the same rows as chains (eval/chain.h), the
 * others one by one. */

/* Runs a block; the outputs' data are made in `results`. */
ns_code ns_run_block(struct ns_eval_run *run, const ns_block *block, int input_count,
                     const ns_tensor *const *inputs, ns_arena *results, ns_tensor *outputs, ns_error *error);

/* The same by name, for operators that run blocks (ns_eval_run_block). */
ns_code ns_run_named_block(struct ns_eval_run *run, const char *name, int input_count,
                           const ns_tensor *const *inputs, ns_arena *results, int output_count,
                           ns_tensor *outputs, ns_error *error);

/* ---- run_operator.c ---- */

/* Run operator: one operator over whole tensors. */

/* Runs an operator of the frame's block: its inputs have values, its outputs get theirs. The messages do not
 * name it. */
ns_code ns_run_operator(ns_frame *f, const ns_operator *op, ns_error *error);

/* ---- steps.c ---- */

/* Steps: which operators can be links of a chain, from steps.def. */

typedef enum ns_step_form {
    NS_STEP_NONE,
    NS_STEP_EACH,
    NS_STEP_REDUCE,
    NS_STEP_SAME,
    NS_STEP_PRODUCE
} ns_step_form;

typedef struct ns_step_kind {
    ns_step_form form;
    int operands; /* inputs that are gone through; the rest are parameters */
    ns_step_prepare prepare;
} ns_step_kind;

const ns_step_kind *ns_step_kind_of(ns_op op);

/* ---- strided.c ---- */

/* Strided copies: the one loop behind all operators that only move data. */

/* A copy of `dims`, outermost first; steps in elements, of any sign, 0 to repeat. The caller has
 * checked that every element lies inside its tensor. */
typedef struct ns_strided {
    int rank;
    int64_t dims[2 * NS_MAX_RANK];
    int64_t from_steps[2 * NS_MAX_RANK];
    int64_t to_steps[2 * NS_MAX_RANK];
} ns_strided;

/* Adds an innermost dim. */
void ns_strided_add(ns_strided *copy, int64_t dim, int64_t from_step, int64_t to_step);

/* Row-major steps of a shape, in elements. */
void ns_strided_steps(const ns_tensor *tensor, int64_t *steps);

/* Copies elements of `size` (1, 2, 4 or 8) bytes. */
void ns_strided_run(const ns_strided *copy, const void *from, void *to, int size);

#endif
