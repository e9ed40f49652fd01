#include <inttypes.h>

#include "npu/operations/elementwise/elementwise_overflow.h"
#include "npu/watch/undefined.h"

static bool overflows(int64_t a, int64_t b, char operation)
{
    int64_t ignored;
    return operation == '+'   ? __builtin_add_overflow(a, b, &ignored)
           : operation == '-' ? __builtin_sub_overflow(a, b, &ignored)
                              : __builtin_mul_overflow(a, b, &ignored);
}

ns_code ns_npu_elementwise_overflow(ns_npu_machine *machine, const int64_t *a, const int64_t *b, size_t count,
                                    const char *text, ns_error *error)
{
    for (size_t i = 0; i < count; i++)
        if (overflows(a[i], b[i], *text))
            return ns_npu_undefined(machine, error, NS_NPU_UNDEFINED_RESULT_RANGE,
                                    "element %zu of a row: %" PRId64 " %s %" PRId64 " leaves 64 bits", i,
                                    a[i], text, b[i]);
    return NS_OK;
}
