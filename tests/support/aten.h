/* Programs of single calls, for tests: each function adds one operator with its usual arguments. */
#ifndef NS_TESTS_ATEN_H
#define NS_TESTS_ATEN_H

#include "ir/interface.h"
#include "ops/operators.h"

typedef enum ns_pad_mode { NS_PAD_CONSTANT, NS_PAD_REFLECT, NS_PAD_REPLICATE, NS_PAD_CIRCULAR } ns_pad_mode;

#define TEST_UNARY(name)                                                                     \
    static inline ns_code ns_aten_add_##name(ns_aten_program *program, int input, int *node, \
                                             ns_error *error)                                \
    {                                                                                        \
        return ns_aten_call(program, &ns_aten_op_##name, 1, &input, NULL, node, error);      \
    }
#define TEST_BINARY(name)                                                                       \
    static inline ns_code ns_aten_add_##name(ns_aten_program *program, int a, int b, int *node, \
                                             ns_error *error)                                   \
    {                                                                                           \
        return ns_aten_call(program, &ns_aten_op_##name, 2, (int[]){a, b}, NULL, node, error);  \
    }
TEST_UNARY(exp)
TEST_UNARY(reciprocal)
TEST_BINARY(bmm)
TEST_BINARY(mul)
TEST_BINARY(sub)

static inline ns_code ns_aten_add_gelu(ns_aten_program *program, int input, bool tanh, int *node,
                                       ns_error *error)
{
    return ns_aten_call(program, &ns_aten_op_gelu, 1, &input, NS_ARGUMENTS({"approximate", NS_INT(tanh)}),
                        node, error);
}

typedef struct conv1d_arguments {
    int input, weight, bias;
    int64_t stride, padding, dilation;
    int groups;
} conv1d_arguments;

static inline ns_code ns_aten_add_conv1d(ns_aten_program *program, const conv1d_arguments *c, int *node,
                                         ns_error *error)
{
    return ns_aten_call(program, &ns_aten_op_conv1d, 3, (int[]){c->input, c->weight, c->bias},
                        NS_ARGUMENTS({"stride", NS_INTS(1, &c->stride)}, {"padding", NS_INTS(1, &c->padding)},
                                     {"dilation", NS_INTS(1, &c->dilation)}, {"groups", NS_INT(c->groups)}),
                        node, error);
}

typedef struct test_reduced {
    const ns_aten_operator *op;
    int input, dim_count;
    const int *dims;
    bool keepdim;
    const double *correction; /* NULL: the operator has none */
} test_reduced;

static inline ns_code test_reduce(ns_aten_program *program, const test_reduced *r, int *node, ns_error *error)
{
    int64_t list[NS_MAX_RANK] = {0};
    for (int i = 0; i < r->dim_count; i++)
        list[i] = r->dims[i];
    const ns_aten_argument arguments[] = {
        {"dim", NS_INTS(r->dim_count, list)},
        {"keepdim", NS_BOOL(r->keepdim)},
        {r->correction ? "correction" : NULL, NS_REAL(r->correction ? *r->correction : 0)},
        {0}};
    return ns_aten_call(program, r->op, 1, &r->input, arguments, node, error);
}

static inline ns_code ns_aten_add_mean(ns_aten_program *program, int input, int dim_count, const int *dims,
                                       bool keepdim, int *node, ns_error *error)
{
    return test_reduce(program, &(test_reduced){&ns_aten_op_mean_dim, input, dim_count, dims, keepdim, NULL},
                       node, error);
}

static inline ns_code ns_aten_add_sum(ns_aten_program *program, int input, int dim_count, const int *dims,
                                      bool keepdim, int *node, ns_error *error)
{
    return test_reduce(program, &(test_reduced){&ns_aten_op_sum, input, dim_count, dims, keepdim, NULL}, node,
                       error);
}

static inline ns_code ns_aten_add_var(ns_aten_program *program, int input, int dim_count, const int *dims,
                                      double correction, bool keepdim, int *node, ns_error *error)
{
    return test_reduce(
        program, &(test_reduced){&ns_aten_op_var, input, dim_count, dims, keepdim, &correction}, node, error);
}

static inline ns_code ns_aten_add_pad(ns_aten_program *program, int input, int left, int right,
                                      ns_pad_mode mode, double value, int *node, ns_error *error)
{
    const int64_t widths[] = {left, right};
    return ns_aten_call(
        program, &ns_aten_op_pad, 1, &input,
        NS_ARGUMENTS({"pad", NS_INTS(2, widths)}, {"mode", NS_INT(mode)}, {"value", NS_REAL(value)}), node,
        error);
}

static inline ns_code ns_aten_add_reshape(ns_aten_program *program, int input, int rank, const int64_t *shape,
                                          int *node, ns_error *error)
{
    return ns_aten_call(program, &ns_aten_op_reshape, 1, &input,
                        NS_ARGUMENTS({"shape", NS_INTS(rank, shape)}), node, error);
}

#endif
