/* npy: NumPy's array file, versions 1 to 3 (NumPy documentation, "numpy.lib.format"). Little-endian and
 * C order only. Object arrays are recognised and never unpickled. */
#ifndef NS_FORMATS_NPY_H
#define NS_FORMATS_NPY_H

#include "base/bytes.h"
#include "npuscope/tensor.h"

/* Every element type, once.
 *   NS_NPY_TYPE(NAME, kind, size, text)
 * kind and size are the ones of the header's 'descr' ("<i2"); size 0: the header says it (byte strings)
 * or there are no plain bytes (objects). */
#define NS_NPY_TYPES(NS_NPY_TYPE)           \
    NS_NPY_TYPE(BOOL, 'b', 1, "bool")       \
    NS_NPY_TYPE(INT8, 'i', 1, "int8")       \
    NS_NPY_TYPE(INT16, 'i', 2, "int16")     \
    NS_NPY_TYPE(INT32, 'i', 4, "int32")     \
    NS_NPY_TYPE(INT64, 'i', 8, "int64")     \
    NS_NPY_TYPE(UINT8, 'u', 1, "uint8")     \
    NS_NPY_TYPE(UINT16, 'u', 2, "uint16")   \
    NS_NPY_TYPE(UINT32, 'u', 4, "uint32")   \
    NS_NPY_TYPE(UINT64, 'u', 8, "uint64")   \
    NS_NPY_TYPE(FLOAT16, 'f', 2, "float16") \
    NS_NPY_TYPE(FLOAT32, 'f', 4, "float32") \
    NS_NPY_TYPE(FLOAT64, 'f', 8, "float64") \
    NS_NPY_TYPE(VOID8, 'V', 1, "void8")     \
    NS_NPY_TYPE(VOID16, 'V', 2, "void16")   \
    NS_NPY_TYPE(BYTES, 'S', 0, "bytes")     \
    NS_NPY_TYPE(OBJECT, 'O', 0, "object")

typedef enum ns_npy_type {
#define NS_NPY_TYPE(name, kind, size, text) NS_NPY_##name,
    NS_NPY_TYPES(NS_NPY_TYPE)
#undef NS_NPY_TYPE
} ns_npy_type;

typedef struct ns_npy {
    ns_npy_type type;
    size_t item_size; /* bytes of one element: for BYTES the length, trailing zeros included */
    int rank;
    int64_t shape[NS_MAX_RANK];
    size_t count;
    void *data;       /* count * item_size bytes, aligned to 64; NULL for OBJECT */
    ns_bytes pickled; /* of OBJECT: the pickle stream, for formats/pickle.h; copied into the arena */
} ns_npy;

const char *ns_npy_type_text(ns_npy_type type); /* "int16" */

/* The type of that name, of those that have a size; bfloat16 and bits16, which NumPy lacks, are their bits:
 * uint16. */
bool ns_npy_type_parse(const char *text, ns_npy_type *out);

/* "[1, 3] int16" in `text`; returns it. */
const char *ns_npy_describe(const ns_npy *array, char *text, size_t size);

/* True when the bytes start like an .npy file. */
bool ns_npy_probe(ns_bytes bytes);

/* Reads a whole .npy file; the data are copied into `arena`. `what` names it in messages.
 * NS_ERROR_INPUT: malformed, or more or fewer bytes than the header says; NS_ERROR_UNSUPPORTED: an
 * element type outside the list, big-endian, or Fortran order. */
ns_code ns_npy_read(ns_bytes bytes, const char *what, ns_arena *arena, ns_npy *out, ns_error *error);

/* The .npy file (version 1.0) of an array that has data; `out` lies in `arena`. */
ns_code ns_npy_write(const ns_npy *array, ns_arena *arena, ns_bytes *out, ns_error *error);

/* The same from and to a path. */
ns_code ns_npy_load(const char *path, ns_arena *arena, ns_npy *out, ns_error *error);
ns_code ns_npy_save(const ns_npy *array, const char *path, ns_arena *arena, ns_error *error);

/* The element type that a tensor of `dtype` has in files (int4: int8, int48 and shape: int64; bf16, fp8 and
 * smaller: their bits, as ml_dtypes and the reference model write them). False for an unknown type. */
bool ns_npy_type_of(ns_dtype dtype, ns_npy_type *type);

/* The array as a tensor of `dtype`, sharing its data. uint8 and uint16 pass as int8 and int16: the bits
 * of a tensor whose reader takes them for unsigned. NS_ERROR_INPUT names what was expected, or the first
 * element that int4, int48 or bool cannot hold. */
ns_code ns_npy_to_tensor(const ns_npy *array, ns_dtype dtype, ns_tensor *out, ns_error *error);

/* The tensor as an array, sharing its data. */
ns_code ns_npy_from_tensor(const ns_tensor *tensor, ns_npy *out, ns_error *error);

#endif
