/* The loops of binary.def for one instruction set: the file that includes this names it in ROWS and is
 * compiled for it. The compiler vectorises: each loop has unit or zero steps and no early exit. */
#include <stdint.h>

#define DIVISOR(y)                             \
    ({                                         \
        T copy = (y);                          \
        __asm__("" : "+r"(copy));              \
        copy == 0 || copy == -1 ? (T)1 : copy; \
    })

#define LOOP(A_STEP, B_STEP, R, value, bad) \
    for (size_t i = 0; i < count; i++) {    \
        const T x = a[A_STEP * i];          \
        const T y = b[B_STEP * i];          \
        out[i] = (R)(value);                \
        fault |= (T) - (T)(bad);            \
    }

#define ROW(NAME, SUFFIX, R, value, bad)                                                                  \
    static bool row_##NAME##_##SUFFIX(const void *a_, int a_step, const void *b_, int b_step, void *out_, \
                                      size_t count)                                                       \
    {                                                                                                     \
        const T *a = a_, *b = b_;                                                                         \
        R *out = out_;                                                                                    \
        T fault = 0; /* as wide as the elements, so that it stays in vectors */                           \
        if (a_step && b_step)                                                                             \
            LOOP(1, 1, R, value, bad)                                                                     \
        else if (a_step)                                                                                  \
            LOOP(1, 0, R, value, bad)                                                                     \
        else if (b_step)                                                                                  \
            LOOP(0, 1, R, value, bad)                                                                     \
        else                                                                                              \
            LOOP(0, 0, R, value, bad)                                                                     \
        return fault != 0;                                                                                \
    }

#define RESULT_SAME T
#define RESULT_FLAG int8_t
#define RESULT_WIDE W

#define T int8_t
#define U uint8_t
#define W int32_t
#define UW uint32_t
#define BITS 8
#define MIN INT8_MIN
#define NS_BINARY(name, result, value, bad) ROW(name, 8, RESULT_##result, value, bad)
#include "kernels/binary.def"
#undef NS_BINARY
#undef T
#undef U
#undef BITS
#undef MIN

#define T int16_t
#define U uint16_t
#define BITS 16
#define MIN INT16_MIN
#define NS_BINARY(name, result, value, bad) ROW(name, 16, RESULT_##result, value, bad)
#include "kernels/binary.def"
#undef NS_BINARY
#undef T
#undef U
#undef BITS
#undef MIN

#define T int32_t
#define U uint32_t
#define BITS 32
#define MIN INT32_MIN
#define NS_BINARY(name, result, value, bad) ROW(name, 32, RESULT_##result, value, bad)
#include "kernels/binary.def"
#undef NS_BINARY
#undef T
#undef U
#undef W
#undef UW
#undef BITS
#undef MIN

#define T int64_t
#define U uint64_t
#define W int64_t
#define UW uint64_t
#define BITS 64
#define MIN INT64_MIN
#define NS_BINARY(name, result, value, bad) ROW(name, 64, RESULT_##result, value, bad)
#include "kernels/binary.def"
#undef NS_BINARY

const ns_binary_rows ROWS[NS_BINARY_COUNT] = {
#define NS_BINARY(name, result, value, bad) \
    {row_##name##_8, row_##name##_16, row_##name##_32, row_##name##_64},
#include "kernels/binary.def"
#undef NS_BINARY
};
