/* Tensor: a dense row-major array with a TOSA data type. */
#ifndef NPUSCOPE_TENSOR_H
#define NPUSCOPE_TENSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "npuscope/arena.h"
#include "npuscope/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum ns_dtype {
#define NS_DTYPE(name, text, code, bits, bytes) NS_DTYPE_##name,
#include "npuscope/dtypes.def"
#undef NS_DTYPE
    NS_DTYPE_COUNT
} ns_dtype;

/* TOSA's level 8K allows rank 6 (MAX_RANK, specification 1.0, "Levels"); two more dims leave room for
 * intermediate shapes of .npy files. */
#define NS_MAX_RANK 8

typedef struct ns_tensor {
    ns_dtype dtype;
    int rank;                   /* 0 (a scalar) to NS_MAX_RANK */
    int64_t shape[NS_MAX_RANK]; /* each dim >= 0; entries from `rank` on are 0 */
    void *data;                 /* count * ns_dtype_bytes(dtype) bytes, aligned to 64; NULL: shape only */
} ns_tensor;

const char *ns_dtype_text(ns_dtype dtype); /* "int16" */
int ns_dtype_bytes(ns_dtype dtype);        /* bytes per element in memory */
ns_dtype ns_dtype_of_size(int bytes);      /* the signed integer of 1, 2, 4 or 8 bytes; UNKNOWN for others */
int ns_dtype_bits(ns_dtype dtype);         /* bits per element in a .tosa file */
bool ns_dtype_is_integer(ns_dtype dtype);  /* int4 to int64; neither bool nor shape */

/* Smallest and largest value of an integer type (int48: -2^47 and 2^47 - 1). 0 for other types. */
int64_t ns_dtype_min(ns_dtype dtype);
int64_t ns_dtype_max(ns_dtype dtype);

/* Elements of a shape (1 for rank 0). NS_ERROR_INPUT for a bad rank, a negative dim, or a count of
 * over 2^40 elements (no tensor of that size fits the machine; the bound keeps products in range). */
ns_code ns_shape_count(int rank, const int64_t *shape, size_t *count, ns_error *error);

/* Elements of a tensor whose shape has been checked with ns_shape_count. */
size_t ns_tensor_count(const ns_tensor *tensor);

/* Makes a zeroed tensor in `arena`. */
ns_code ns_tensor_new(ns_arena *arena, ns_dtype dtype, int rank, const int64_t *shape, ns_tensor *out,
                      ns_error *error);

bool ns_shape_equal(const ns_tensor *a, const ns_tensor *b); /* rank and dims */

/* "[1, 3, 12] int16" in `text`; always NUL-terminated. Returns `text`. The first takes any shape and type. */
const char *ns_shape_describe(int rank, const int64_t *shape, const char *type, char *text, size_t size);
const char *ns_tensor_describe(const ns_tensor *tensor, char *text, size_t size);

/* Element `index` of an integer, bool or shape tensor; bool is 0 or 1. */
int64_t ns_tensor_get(const ns_tensor *tensor, size_t index);

/* Stores `value` (which must be representable: the caller checks) in an integer, bool or shape tensor. */
void ns_tensor_set(ns_tensor *tensor, size_t index, int64_t value);

#ifdef __cplusplus
}
#endif

#endif
