/* Compiling a part of a file for an instruction set that the rest of the library must not use. */
#ifndef NS_KERNELS_TARGET_H
#define NS_KERNELS_TARGET_H

#if defined(__clang__)
#define NS_TARGET_BEGIN_AVX2 \
    _Pragma("clang attribute push(__attribute__((target(\"avx2\"))), apply_to = function)")
#define NS_TARGET_BEGIN_AVX512                                                                       \
    _Pragma("clang attribute push(__attribute__((target(\"avx512f,avx512bw,avx512dq,avx512vl\"))), " \
            "apply_to = function)")
#define NS_TARGET_END _Pragma("clang attribute pop")
#else
#define NS_TARGET_BEGIN_AVX2 _Pragma("GCC push_options") _Pragma("GCC target(\"avx2\")")
#define NS_TARGET_BEGIN_AVX512  \
    _Pragma("GCC push_options") \
        _Pragma("GCC target(\"avx512f,avx512bw,avx512dq,avx512vl,prefer-vector-width=512\")")
#define NS_TARGET_END _Pragma("GCC pop_options")
#endif

#endif
