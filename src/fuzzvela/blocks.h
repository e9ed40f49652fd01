/* Blocks: what the parts of a random graph are made with.
 *
 * A block takes a tensor that is there and returns its result. Where one fails (shapes that do not fit, a
 * result that the specification leaves open, values that say nothing), `bad` is set, whatever follows in the
 * block does nothing, and the block is taken back. No mathematics of the C library decides anything. */
#ifndef NS_FUZZVELA_BLOCKS_H
#define NS_FUZZVELA_BLOCKS_H

#include "base/interface.h"
#include "draft/draft.h"

enum { NS_FUZZ_POOL = 64 };

typedef struct ns_generator {
    ns_draft *draft;
    ns_random random;
    ns_dtype type;    /* of the graph's feature maps: INT8 or INT16 */
    bool u85;         /* operators that only Ethos-U85 has may be used */
    bool per_channel; /* convolutions are rescaled per channel */
    bool double_round;
    int pool[NS_FUZZ_POOL], pool_count; /* results of blocks, and inputs */
    bool bad;
} ns_generator;

/* ---- chance ---- */
bool ns_gen_chance(ns_generator *g, double probability);
int64_t ns_gen_range(ns_generator *g, int64_t low, int64_t high); /* ends included */
double ns_gen_real(ns_generator *g, double low, double high);
/* One of the arguments. */
#define NS_GEN_PICK(g, ...) \
    (((const int[]){        \
        __VA_ARGS__})[ns_gen_range((g), 0, (int64_t)(sizeof((int[]){__VA_ARGS__}) / sizeof(int)) - 1)])

/* ---- tensors: all return a node, 0 once `bad` ---- */
const ns_tensor *ns_gen_value(const ns_generator *g, int node);
int ns_gen_input(ns_generator *g, ns_dtype dtype, int rank, const int64_t *shape);
int ns_gen_new_shape(ns_generator *g, int64_t shape[NS_MAX_RANK]);
int ns_gen_const(ns_generator *g, ns_dtype dtype, int rank, const int64_t *shape); /* random, like an input */
int ns_gen_values(ns_generator *g, ns_dtype dtype, int rank, const int64_t *shape, int64_t low, int64_t high);
int ns_gen_scalar(ns_generator *g, ns_dtype dtype, int64_t value);  /* of shape [1] */
int ns_gen_list(ns_generator *g, int count, const int64_t *values); /* a shape operand */
int ns_gen_op(ns_generator *g, ns_op op, const ns_attributes *attributes, int count, const int *inputs);
ns_int_list ns_gen_ints(ns_generator *g, int count, const int32_t *values); /* an attribute */
int ns_gen_fail(ns_generator *g);

/* ---- what a tensor's values are ---- */
double ns_gen_deviation(const ns_tensor *t);
int64_t ns_gen_quantile(ns_generator *g, const ns_tensor *t, int percent); /* of a sample */
/* At least 9 distinct values, or as many as half the elements. */
bool ns_gen_informative(const ns_tensor *t);

/* ---- steps that blocks share ---- */
int64_t ns_gen_zero_point(ns_generator *g, ns_dtype dtype);
typedef struct ns_gen_rescale {
    double factor; /* 0: such that the output is used well */
    int64_t in_zero_point, out_zero_point;
    bool any_out_zero_point, per_channel;
} ns_gen_rescale;
int ns_gen_rescale_to(ns_generator *g, int x, ns_dtype dtype, ns_gen_rescale how);
int ns_gen_quantised(ns_generator *g, int x, ns_dtype dtype); /* rescale that fills `dtype` */
int ns_gen_same_type(ns_generator *g, int x);                 /* as the graph's type */
int ns_gen_to4(ns_generator *g, int x);                       /* RESHAPE to rank 4 */
int ns_gen_reshape(ns_generator *g, int x, int rank, const int64_t *shape);
int ns_gen_slice(ns_generator *g, int x, const int64_t *start, const int64_t *size);
int ns_gen_transpose(ns_generator *g, int x, const int32_t *perms);
int ns_gen_reduce(ns_generator *g, ns_op op, int x, int axis);
int ns_gen_table(ns_generator *g, int x);
int ns_gen_clamp(ns_generator *g, int x);
int ns_gen_mul(ns_generator *g, int a, int b);
int ns_gen_binary_op(ns_generator *g, ns_op op, int a, int b);
int ns_gen_partner(ns_generator *g, int x);
int ns_gen_wide(ns_generator *g, int y);

int ns_gen_to32(ns_generator *g, int x, double factor);
/* A convolution with its operands: bias of the size of the sums. */
int ns_gen_convolve(ns_generator *g, ns_op op, int x, int weights, int64_t channels, int64_t taps,
                    const ns_attributes *lists);
/* A convolution that is in the graph already once more, with its RESCALE: the same but for its biases. */
int ns_gen_twin(ns_generator *g);
/* Weights of int8, some of them zero, as trained and pruned networks have them. */
int ns_gen_weights(ns_generator *g, int rank, const int64_t *shape);
/* Pads of one axis so that the windows come out even: as "same", as "valid", or any. */
void ns_gen_pads(ns_generator *g, int64_t size, int64_t extent, int64_t stride, int32_t pads[2]);

/* ---- blocks: take a tensor, return the result ---- */
#define NS_FUZZ_BLOCK(name, weight) int ns_gen_block_##name(ns_generator *g, int x);
#include "fuzzvela/blocks.def"
#undef NS_FUZZ_BLOCK

#endif
