/* Blocks of volumes, of indices, and of moves that move nothing. */
#include <string.h>

#include "fuzzvela/blocks.h"

enum { MAX_WEIGHTS = 20000, MAX_WORK = 2000000 };

/* As a volume: N, D, H, W, C. */
static int to5(ns_generator *g, int x)
{
    const ns_tensor *t = ns_gen_value(g, x);
    int64_t shape[5] = {1, 1, 1, 1, 1};
    if (t->rank == 5)
        return x;
    if (!t->rank || t->rank > 5)
        return ns_gen_fail(g);
    for (int i = 0; i < t->rank; i++)
        shape[5 - t->rank + i] = t->shape[i];
    return ns_gen_reshape(g, x, 5, shape);
}

int ns_gen_block_conv3d(ns_generator *g, int x)
{
    x = to5(g, ns_gen_same_type(g, x));
    const ns_tensor *t = ns_gen_value(g, x);
    if (g->bad)
        return 0;
    int32_t kernel[3], stride[3], dilation[3], pads[6];
    const bool strided = ns_gen_chance(g, 0.4), dilated = ns_gen_chance(g, 0.2);
    int64_t taps = t->shape[4], places = t->shape[0];
    for (int i = 0; i < 3; i++) {
        kernel[i] = NS_GEN_PICK(g, 1, 1, 2, 3, 3);
        stride[i] = strided ? NS_GEN_PICK(g, 1, 2, 3, 5) : 1;
        dilation[i] = dilated ? NS_GEN_PICK(g, 1, 2) : 1;
        ns_gen_pads(g, t->shape[1 + i], (int64_t)(kernel[i] - 1) * dilation[i] + 1, stride[i], &pads[2 * i]);
        taps *= kernel[i];
        places *= (t->shape[1 + i] + stride[i] - 1) / stride[i];
    }
    const int64_t out = NS_GEN_PICK(g, 1, 2, 3, 5, 8, 16, 17, 24),
                  shape[] = {out, kernel[0], kernel[1], kernel[2], t->shape[4]};
    if (out * taps > MAX_WEIGHTS || places * out * taps > MAX_WORK)
        return ns_gen_fail(g);
    const int w = ns_gen_weights(g, 5, shape);
    const ns_int_list pad = ns_gen_ints(g, 6, pads), strides = ns_gen_ints(g, 3, stride);
    const ns_attributes lists = {.pad = pad, .stride = strides, .dilation = ns_gen_ints(g, 3, dilation)};
    const int y = ns_gen_convolve(g, NS_OP_CONV3D, x, w, out, taps, &lists);
    return ns_gen_rescale_to(g, y, g->type,
                             (ns_gen_rescale){.any_out_zero_point = true, .per_channel = g->per_channel});
}

/* As N, K, C. */
static int to3(ns_generator *g, int x)
{
    const ns_tensor *t = ns_gen_value(g, x);
    int64_t rows = 1;
    for (int i = 1; i < t->rank - 1; i++)
        rows *= t->shape[i];
    const int64_t shape[] = {t->rank > 2 ? t->shape[0] : 1,
                             t->rank > 2 ? rows
                             : t->rank   ? t->shape[0]
                                         : 1,
                             t->rank > 1 ? t->shape[t->rank - 1] : 1};
    return ns_gen_reshape(g, x, 3, shape);
}

static int gather(ns_generator *g, int x)
{
    const int64_t *shape = ns_gen_value(g, x)->shape;
    const int64_t wanted[] = {shape[0], ns_gen_range(g, 1, 7)};
    const int indices = ns_gen_values(g, NS_DTYPE_INT32, 2, wanted, 0, shape[1] - 1);
    if (!g->bad && ns_gen_chance(g, 0.5))
        g->draft->nodes[indices].kind = NS_DRAFT_INPUT;
    const int inputs[] = {x, indices};
    return ns_gen_op(g, NS_OP_GATHER, NULL, 2, inputs);
}

/* No index twice, which the specification asks for. */
static int scatter(ns_generator *g, int x)
{
    const int64_t n = ns_gen_value(g, x)->shape[0], k = ns_gen_value(g, x)->shape[1],
                  c = ns_gen_value(g, x)->shape[2];
    const int64_t count = ns_gen_range(g, 1, k < 6 ? k : 6), step = k / count, wanted[] = {n, count};
    const int indices = ns_gen_values(g, NS_DTYPE_INT32, 2, wanted, 0, 0);
    for (int64_t i = 0; !g->bad && i < n * count; i++)
        ns_tensor_set(&g->draft->nodes[indices].value, (size_t)i,
                      i % count * step + ns_gen_range(g, 0, step - 1));
    if (!g->bad && ns_gen_chance(g, 0.5))
        g->draft->nodes[indices].kind = NS_DRAFT_INPUT;
    const int64_t shape[] = {n, count, c};
    const int with =
        ns_gen_chance(g, 0.7) ? ns_gen_input(g, g->type, 3, shape) : ns_gen_const(g, g->type, 3, shape);
    const int inputs[] = {x, indices, with};
    return ns_gen_op(g, NS_OP_SCATTER, NULL, 3, inputs);
}

/* Indices of int32 take operators of Ethos-U85 only. */
int ns_gen_block_index(ns_generator *g, int x)
{
    if (!g->u85)
        return ns_gen_fail(g);
    x = to3(g, ns_gen_same_type(g, x));
    return ns_gen_chance(g, 0.5) ? gather(g, x) : scatter(g, x);
}

/* Moves that move nothing, as exporters leave them behind. */
static int idle(ns_generator *g, int x)
{
    const ns_tensor t = *ns_gen_value(g, x);
    int64_t list[2 * NS_MAX_RANK] = {0};
    int32_t perms[NS_MAX_RANK];
    for (int i = 0; i < t.rank; i++)
        perms[i] = i;
    switch (ns_gen_range(g, 0, 4)) {
    case 0: {
        const int padding = ns_gen_list(g, 2 * t.rank, list);
        const int inputs[] = {x, padding, ns_gen_scalar(g, t.dtype, 0)};
        return ns_gen_op(g, NS_OP_PAD, NULL, 3, inputs);
    }
    case 1:
        return ns_gen_slice(g, x, list, t.shape);
    case 2:
        return ns_gen_transpose(g, x, perms);
    case 3: {
        for (int i = 0; i < t.rank; i++)
            list[i] = 1;
        const int inputs[] = {x, ns_gen_list(g, t.rank, list)};
        return ns_gen_op(g, NS_OP_TILE, NULL, 2, inputs);
    }
    default:
        return ns_gen_reshape(g, x, t.rank, t.shape);
    }
}

/* Blocks of `by` rows become channels, as in a pixel unshuffle. */
static int space_to_depth(ns_generator *g, int x)
{
    x = ns_gen_to4(g, x);
    const ns_tensor t = *ns_gen_value(g, x);
    const int64_t by = t.shape[1] % 2 == 0 ? 2 : t.shape[1] % 3 == 0 ? 3 : 0;
    if (g->bad || !by)
        return ns_gen_fail(g);
    const int parted =
        ns_gen_reshape(g, x, 5, (int64_t[]){t.shape[0], t.shape[1] / by, by, t.shape[2], t.shape[3]});
    const int turned = ns_gen_transpose(g, parted, (int32_t[]){0, 1, 3, 2, 4});
    return ns_gen_reshape(g, turned, 4,
                          (int64_t[]){t.shape[0], t.shape[1] / by, t.shape[2], by * t.shape[3]});
}

/* Rows mirrored at an end, as padding by reflection. */
static int reflect(ns_generator *g, int x)
{
    const ns_tensor t = *ns_gen_value(g, x);
    const int axis = (int)ns_gen_range(g, 0, t.rank - 1);
    int64_t start[NS_MAX_RANK] = {0}, size[NS_MAX_RANK];
    memcpy(size, t.shape, sizeof size);
    size[axis] = t.shape[axis] > 2 ? 2 : 1;
    const int part = ns_gen_slice(g, x, start, size);
    const int inputs[] = {ns_gen_op(g, NS_OP_REVERSE, &(ns_attributes){.axis = axis}, 1, &part), x};
    return ns_gen_op(g, NS_OP_CONCAT, &(ns_attributes){.axis = axis}, 2, inputs);
}

/* int8 read or written as uint8, as at the ends of a network. */
static int as_unsigned(ns_generator *g, int x)
{
    const ns_tensor *t = ns_gen_value(g, x);
    if (t->dtype != NS_DTYPE_INT8)
        return ns_gen_fail(g);
    const bool in = ns_gen_chance(g, 0.5);
    const int m = ns_gen_scalar(g, NS_DTYPE_INT32, 1 << 30), s = ns_gen_scalar(g, NS_DTYPE_INT8, 30);
    const int a = ns_gen_scalar(g, NS_DTYPE_INT8, in ? -128 : 0);
    const int inputs[] = {x, m, s, a, ns_gen_scalar(g, NS_DTYPE_INT8, in ? 0 : -128)};
    const ns_attributes attributes = {
        .scale32 = true, .rounding_mode = NS_SINGLE_ROUND, .input_unsigned = in, .output_unsigned = !in};
    return ns_gen_op(g, NS_OP_RESCALE, &attributes, 5, inputs);
}

int ns_gen_block_shape(ns_generator *g, int x)
{
    if (!ns_gen_value(g, x)->rank)
        return ns_gen_fail(g);
    switch (ns_gen_range(g, 0, 6)) {
    case 0:
    case 1:
        return ns_gen_block_move(g, idle(g, x));
    case 2:
        return idle(g, ns_gen_block_move(g, x));
    case 3:
        return idle(g, x);
    case 4:
        return space_to_depth(g, x);
    case 5:
        return reflect(g, x);
    default:
        return as_unsigned(g, x);
    }
}
