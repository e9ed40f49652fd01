/* Small quantised programs for tests of what comes after quantisation. */
#ifndef NS_TESTS_QUANTISED_PROGRAM_H
#define NS_TESTS_QUANTISED_PROGRAM_H

#include "ir/interface.h"
#include "ir/operator.h"
#include "support/test.h"

/* Gives a value a per-tensor INT16 quantisation. */
static inline void test_quantise(ns_aten_program *program, int node, float scale)
{
    float *copy = ns_arena_copy(program->arena, &scale, sizeof scale);
    program->nodes[node].quantisation = (ns_quantisation){.present = true,
                                                          .dtype = NS_DTYPE_INT16,
                                                          .qmin = -32767,
                                                          .qmax = 32767,
                                                          .axis = -1,
                                                          .count = 1,
                                                          .scales = copy};
}

/* A parameter of `dtype` whose integers are given; `scale_count` 1, or one per index of axis 0. */
static inline int test_parameter(ns_aten_program *program, ns_dtype dtype, int rank, const int64_t *shape,
                                 const int32_t *integers, int scale_count, const float *scales)
{
    ns_error error;
    int node = 0;
    size_t count = 1;
    for (int i = 0; i < rank; i++)
        count *= (size_t)shape[i];
    float *values = NS_ARENA_ARRAY(program->arena, count, float);
    for (size_t i = 0; i < count; i++)
        values[i] = (float)integers[i] * scales[scale_count > 1 ? i / (count / (size_t)shape[0]) : 0];
    ASSERT_OK(ns_aten_add_parameter(program, NULL, rank, shape, values, &node, &error));
    ns_aten_node *made = &program->nodes[node];
    made->quantised = ns_arena_copy(program->arena, integers, count * sizeof *integers);
    made->quantisation = (ns_quantisation){
        .present = true,
        .dtype = dtype,
        .qmin = ns_dtype_min(dtype) + 1,
        .qmax = ns_dtype_max(dtype),
        .axis = scale_count > 1 ? 0 : -1,
        .count = scale_count,
        .scales = ns_arena_copy(program->arena, scales, (size_t)scale_count * sizeof *scales)};
    return node;
}

#endif
