/* Infer: type and shape of an operator's result (TOSA 1.0, the operators that Vela takes). The validator
 * proves each graph afterwards; here it is enough to refuse what has no sensible shape. */
#include <string.h>

#include "draft/infer.h"

typedef struct operand_set {
    int count;
    const ns_tensor *const *of;
    const ns_attributes *attributes;
} operand_set;

static bool set(ns_tensor *out, ns_dtype dtype, int rank, const int64_t *shape)
{
    int64_t count = 1;
    for (int i = 0; i < rank; i++)
        if (shape[i] < 1 || (count *= shape[i]) > INT64_C(1) << 24)
            return false;
    *out = (ns_tensor){.dtype = dtype, .rank = rank};
    memcpy(out->shape, shape, (size_t)rank * sizeof *shape);
    return rank >= 0 && rank <= 6;
}

static bool same(const ns_tensor *x, ns_dtype dtype, ns_tensor *out)
{
    return set(out, dtype, x->rank, x->shape);
}

static bool broadcast(const operand_set *o, int count, ns_dtype dtype, ns_tensor *out)
{
    int64_t shape[NS_MAX_RANK] = {0};
    for (int k = 0; k < count; k++) {
        const ns_tensor *t = o->of[k];
        if (t->rank != o->of[0]->rank)
            return false;
        for (int i = 0; i < t->rank; i++) {
            if (shape[i] > 1 && t->shape[i] > 1 && shape[i] != t->shape[i])
                return false;
            shape[i] = t->shape[i] > shape[i] ? t->shape[i] : shape[i];
        }
    }
    return set(out, dtype, o->of[0]->rank, shape);
}

static ns_dtype accumulator(ns_dtype dtype)
{
    return dtype == NS_DTYPE_INT16 ? NS_DTYPE_INT48 : NS_DTYPE_INT32;
}

/* Length of an axis behind a window; 0 where it does not come out even. */
static int64_t extent(int64_t size, int64_t kernel, int32_t stride, int64_t before, int64_t after)
{
    const int64_t left = size + before + after - kernel;
    return left < 0 || stride < 1 || left % stride ? 0 : left / stride + 1;
}

static bool window(const operand_set *o, const int64_t kernel[2], int64_t channels, ns_dtype dtype,
                   ns_tensor *out)
{
    const ns_attributes *a = o->attributes;
    const ns_tensor *x = o->of[0];
    if (x->rank != 4 || a->pad.count != 4 || a->stride.count != 2)
        return false;
    int64_t shape[4] = {x->shape[0], 0, 0, channels};
    for (int i = 0; i < 2; i++) {
        const int64_t dilation = a->dilation.count == 2 ? a->dilation.values[i] : 1;
        shape[1 + i] = extent(x->shape[1 + i], (kernel[i] - 1) * dilation + 1, a->stride.values[i],
                              a->pad.values[2 * i], a->pad.values[2 * i + 1]);
    }
    return set(out, dtype, 4, shape);
}

static bool conv2d(const operand_set *o, ns_tensor *out)
{
    const ns_tensor *w = o->of[1];
    if (w->rank != 4 || w->shape[3] != o->of[0]->shape[3] ||
        (o->of[2]->shape[0] != 1 && o->of[2]->shape[0] != w->shape[0]))
        return false;
    return window(o, &w->shape[1], w->shape[0], accumulator(o->of[0]->dtype), out);
}

static bool conv3d(const operand_set *o, ns_tensor *out)
{
    const ns_tensor *x = o->of[0], *w = o->of[1];
    const ns_attributes *a = o->attributes;
    if (x->rank != 5 || w->rank != 5 || w->shape[4] != x->shape[4] || a->pad.count != 6 ||
        a->stride.count != 3 || a->dilation.count != 3 ||
        (o->of[2]->shape[0] != 1 && o->of[2]->shape[0] != w->shape[0]))
        return false;
    int64_t shape[5] = {x->shape[0], 0, 0, 0, w->shape[0]};
    for (int i = 0; i < 3; i++)
        shape[1 + i] = extent(x->shape[1 + i], (w->shape[1 + i] - 1) * a->dilation.values[i] + 1,
                              a->stride.values[i], a->pad.values[2 * i], a->pad.values[2 * i + 1]);
    return set(out, accumulator(x->dtype), 5, shape);
}

static bool depthwise(const operand_set *o, ns_tensor *out)
{
    const ns_tensor *w = o->of[1];
    const int64_t channels = w->shape[2] * w->shape[3];
    if (w->rank != 4 || w->shape[2] != o->of[0]->shape[3] ||
        (o->of[2]->shape[0] != 1 && o->of[2]->shape[0] != channels))
        return false;
    return window(o, w->shape, channels, accumulator(o->of[0]->dtype), out);
}

static bool transpose_conv(const operand_set *o, ns_tensor *out)
{
    const ns_tensor *x = o->of[0], *w = o->of[1];
    const ns_attributes *a = o->attributes;
    if (x->rank != 4 || w->rank != 4 || w->shape[3] != x->shape[3] || a->out_pad.count != 4 ||
        a->stride.count != 2 || (o->of[2]->shape[0] != 1 && o->of[2]->shape[0] != w->shape[0]))
        return false;
    int64_t shape[4] = {x->shape[0], 0, 0, w->shape[0]};
    for (int i = 0; i < 2; i++)
        shape[1 + i] = (x->shape[1 + i] - 1) * a->stride.values[i] + a->out_pad.values[2 * i] +
                       a->out_pad.values[2 * i + 1] + w->shape[1 + i];
    return set(out, accumulator(x->dtype), 4, shape);
}

static bool pool(const operand_set *o, ns_tensor *out)
{
    const ns_attributes *a = o->attributes;
    if (a->kernel.count != 2 || o->of[0]->rank != 4)
        return false;
    const int64_t kernel[2] = {a->kernel.values[0], a->kernel.values[1]};
    for (int i = 0; i < 4; i++)
        if (a->pad.count != 4 || a->pad.values[i] >= a->kernel.values[i / 2])
            return false;
    return window(o, kernel, o->of[0]->shape[3], o->of[0]->dtype, out);
}

static bool matmul(const operand_set *o, ns_tensor *out)
{
    const ns_tensor *a = o->of[0], *b = o->of[1];
    if (a->rank != 3 || b->rank != 3 || a->shape[0] != b->shape[0] || a->shape[2] != b->shape[1])
        return false;
    return set(out, accumulator(a->dtype), 3, (int64_t[]){a->shape[0], a->shape[1], b->shape[2]});
}

static bool reduce(const operand_set *o, bool keep, ns_dtype dtype, ns_tensor *out)
{
    const ns_tensor *x = o->of[0];
    const int axis = o->attributes->axis;
    if (axis < 0 || axis >= x->rank)
        return false;
    ns_tensor shape = *x;
    shape.shape[axis] = 1;
    if (keep)
        return set(out, dtype, x->rank, shape.shape);
    memmove(&shape.shape[axis], &shape.shape[axis + 1], (size_t)(x->rank - 1 - axis) * sizeof *shape.shape);
    return set(out, dtype, x->rank - 1, shape.shape);
}

static bool concat(const operand_set *o, ns_tensor *out)
{
    int64_t shape[NS_MAX_RANK];
    const ns_tensor *x = o->of[0];
    const int axis = o->attributes->axis;
    memcpy(shape, x->shape, sizeof shape);
    if (axis < 0 || axis >= x->rank)
        return false;
    for (int k = 1; k < o->count; k++) {
        if (o->of[k]->rank != x->rank || o->of[k]->dtype != x->dtype)
            return false;
        for (int i = 0; i < x->rank; i++)
            if (i != axis && o->of[k]->shape[i] != x->shape[i])
                return false;
        shape[axis] += o->of[k]->shape[axis];
    }
    return set(out, x->dtype, x->rank, shape);
}

/* Values of a shape operand, with their number. */
static const int64_t *list(const operand_set *o, int index, int64_t *count)
{
    const ns_tensor *t = o->of[index];
    *count = t->rank == 1 ? t->shape[0] : 0;
    return t->dtype == NS_DTYPE_SHAPE ? t->data : NULL;
}

static bool pad(const operand_set *o, ns_tensor *out)
{
    int64_t shape[NS_MAX_RANK], count;
    const ns_tensor *x = o->of[0];
    const int64_t *p = list(o, 1, &count);
    if (!p || count != 2 * x->rank)
        return false;
    for (int i = 0; i < x->rank; i++)
        shape[i] = x->shape[i] + p[2 * i] + p[2 * i + 1];
    return set(out, x->dtype, x->rank, shape);
}

static bool slice(const operand_set *o, ns_tensor *out)
{
    int64_t starts, sizes;
    const ns_tensor *x = o->of[0];
    const int64_t *start = list(o, 1, &starts), *size = list(o, 2, &sizes);
    if (!start || !size || starts != x->rank || sizes != x->rank)
        return false;
    for (int i = 0; i < x->rank; i++)
        if (start[i] < 0 || size[i] < 1 || start[i] + size[i] > x->shape[i])
            return false;
    return set(out, x->dtype, x->rank, size);
}

static bool tile(const operand_set *o, ns_tensor *out)
{
    int64_t shape[NS_MAX_RANK], count;
    const int64_t *m = list(o, 1, &count);
    if (!m || count != o->of[0]->rank)
        return false;
    for (int i = 0; i < count; i++)
        shape[i] = o->of[0]->shape[i] * m[i];
    return set(out, o->of[0]->dtype, (int)count, shape);
}

static bool reshape(const operand_set *o, ns_tensor *out)
{
    int64_t count;
    const int64_t *shape = list(o, 1, &count);
    return (shape || !count) && count <= 6 && set(out, o->of[0]->dtype, (int)count, shape ? shape : &count) &&
           ns_tensor_count(out) == ns_tensor_count(o->of[0]);
}

static bool transpose(const operand_set *o, ns_tensor *out)
{
    int64_t shape[NS_MAX_RANK];
    unsigned seen = 0;
    const ns_int_list *perms = &o->attributes->perms;
    if (perms->count != o->of[0]->rank)
        return false;
    for (int i = 0; i < perms->count; i++) {
        if (perms->values[i] < 0 || perms->values[i] >= perms->count)
            return false;
        shape[i] = o->of[0]->shape[perms->values[i]];
        seen |= 1u << perms->values[i];
    }
    return seen == (1u << perms->count) - 1 && set(out, o->of[0]->dtype, perms->count, shape);
}

static bool resize(const operand_set *o, ns_tensor *out)
{
    int64_t n[3];
    const ns_tensor *x = o->of[0];
    const int64_t *scale = list(o, 1, &n[0]), *offset = list(o, 2, &n[1]), *border = list(o, 3, &n[2]);
    if (x->rank != 4 || n[0] != 4 || n[1] != 2 || n[2] != 2)
        return false;
    int64_t shape[4] = {x->shape[0], 0, 0, x->shape[3]};
    for (int i = 0; i < 2; i++) {
        const int64_t reach = (x->shape[1 + i] - 1) * scale[2 * i] - offset[i] + border[i];
        shape[1 + i] = reach >= 0 && reach % scale[2 * i + 1] == 0 ? reach / scale[2 * i + 1] + 1 : 0;
    }
    const bool bilinear = o->attributes->mode == NS_RESIZE_BILINEAR;
    return set(out, bilinear ? accumulator(x->dtype) : x->dtype, 4, shape);
}

static bool gather(const operand_set *o, ns_tensor *out)
{
    const ns_tensor *x = o->of[0], *i = o->of[1];
    if (x->rank != 3 || i->rank != 2 || i->shape[0] != x->shape[0])
        return false;
    return set(out, x->dtype, 3, (int64_t[]){x->shape[0], i->shape[1], x->shape[2]});
}

static bool scatter(const operand_set *o, ns_tensor *out)
{
    const ns_tensor *x = o->of[0], *i = o->of[1], *with = o->of[2];
    if (x->rank != 3 || i->rank != 2 || with->rank != 3 || with->dtype != x->dtype ||
        i->shape[0] != x->shape[0] || with->shape[0] != x->shape[0] || with->shape[1] != i->shape[1] ||
        with->shape[2] != x->shape[2])
        return false;
    return same(x, x->dtype, out);
}

/* The output zero point has the result's type. */
static bool rescale(const operand_set *o, ns_tensor *out)
{
    const int64_t count = (int64_t)ns_tensor_count(o->of[1]),
                  depth = o->of[0]->rank ? o->of[0]->shape[o->of[0]->rank - 1] : 1;
    if (count != (o->attributes->per_channel ? depth : 1) || (int64_t)ns_tensor_count(o->of[2]) != count)
        return false;
    return same(o->of[0], o->of[4]->dtype, out);
}

bool ns_infer(ns_op op, const ns_attributes *attributes, int count, const ns_tensor *const *operands,
              ns_dtype to, ns_tensor *out)
{
    const operand_set o = {count, operands, attributes};
    if (!count)
        return false;
    const ns_tensor *x = o.of[0];
    switch (op) {
    case NS_OP_CONV2D:
        return conv2d(&o, out);
    case NS_OP_CONV3D:
        return conv3d(&o, out);
    case NS_OP_DEPTHWISE_CONV2D:
        return depthwise(&o, out);
    case NS_OP_TRANSPOSE_CONV2D:
        return transpose_conv(&o, out);
    case NS_OP_MAX_POOL2D:
    case NS_OP_AVG_POOL2D:
        return pool(&o, out);
    case NS_OP_MATMUL:
        return matmul(&o, out);
    case NS_OP_RESCALE:
        return rescale(&o, out);
    case NS_OP_TABLE:
        return same(x, x->dtype == NS_DTYPE_INT16 ? NS_DTYPE_INT32 : x->dtype, out);
    case NS_OP_CAST:
        return to != NS_DTYPE_UNKNOWN && same(x, to, out);
    case NS_OP_CLAMP:
    case NS_OP_ABS:
    case NS_OP_NEGATE:
    case NS_OP_BITWISE_NOT:
    case NS_OP_LOGICAL_NOT:
    case NS_OP_CLZ:
    case NS_OP_IDENTITY:
    case NS_OP_REVERSE:
        return same(x, x->dtype, out);
    case NS_OP_MUL:
        return broadcast(&o, 2, x->dtype == NS_DTYPE_INT64 ? x->dtype : NS_DTYPE_INT32, out);
    case NS_OP_ADD:
    case NS_OP_SUB:
    case NS_OP_MAXIMUM:
    case NS_OP_MINIMUM:
    case NS_OP_INTDIV:
    case NS_OP_BITWISE_AND:
    case NS_OP_BITWISE_OR:
    case NS_OP_BITWISE_XOR:
    case NS_OP_LOGICAL_AND:
    case NS_OP_LOGICAL_OR:
    case NS_OP_LOGICAL_XOR:
    case NS_OP_ARITHMETIC_RIGHT_SHIFT:
    case NS_OP_LOGICAL_LEFT_SHIFT:
    case NS_OP_LOGICAL_RIGHT_SHIFT:
        return broadcast(&o, 2, x->dtype, out);
    case NS_OP_EQUAL:
    case NS_OP_GREATER:
    case NS_OP_GREATER_EQUAL:
        return broadcast(&o, 2, NS_DTYPE_BOOL, out);
    case NS_OP_SELECT:
        return broadcast(&o, 3, o.of[1]->dtype, out);
    case NS_OP_REDUCE_SUM:
    case NS_OP_REDUCE_MAX:
    case NS_OP_REDUCE_MIN:
    case NS_OP_REDUCE_ALL:
    case NS_OP_REDUCE_ANY:
        return reduce(&o, true, x->dtype, out);
    case NS_OP_ARGMAX:
        return reduce(&o, false, NS_DTYPE_INT32, out);
    case NS_OP_CONCAT:
        return concat(&o, out);
    case NS_OP_PAD:
        return pad(&o, out);
    case NS_OP_SLICE:
        return slice(&o, out);
    case NS_OP_TILE:
        return tile(&o, out);
    case NS_OP_RESHAPE:
        return reshape(&o, out);
    case NS_OP_TRANSPOSE:
        return transpose(&o, out);
    case NS_OP_RESIZE:
        return resize(&o, out);
    case NS_OP_GATHER:
        return gather(&o, out);
    case NS_OP_SCATTER:
        return scatter(&o, out);
    default:
        return false;
    }
}
