/* npy: NumPy's array file, versions 1 to 3 (NumPy documentation, "numpy.lib.format"). Little-endian and
 * C order only. Object arrays are recognised and never unpickled. */
#ifndef NS_FORMATS_INTERFACE_H
#define NS_FORMATS_INTERFACE_H

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

/* ---- npz.c ---- */

/* npz: NumPy's zip of .npy members, stored or deflated. */

typedef struct ns_npz_member {
    const char *name; /* without ".npy" */
    ns_npy array;     /* type OBJECT: data NULL, never unpickled */
} ns_npz_member;

typedef struct ns_npz {
    int count;
    ns_npz_member *members;
} ns_npz;

/* True when the bytes start like a zip file. */
bool ns_npz_probe(ns_bytes bytes);

/* Reads all members into `arena`; their checksums are verified. Byte strings keep their trailing zeros.
 * `what` names the file in messages. NS_ERROR_INPUT: malformed; NS_ERROR_UNSUPPORTED: encrypted, another
 * compression, or more than NS_ZIP_LIMIT bytes (zip.h). */
ns_code ns_npz_read(ns_bytes bytes, const char *what, ns_arena *arena, ns_npz *out, ns_error *error);

/* The member of that name, or NULL. */
const ns_npy *ns_npz_find(const ns_npz *npz, const char *name);

/* ---- pickle.c ---- */

/* Pickle: the plain data in a pickle stream (Python's pickletools, protocols 2 to 5). Nothing is executed: a
 * call that the stream asks for stays a value with the callee's name, its arguments and its state. */

typedef enum ns_pickle_kind {
    NS_PICKLE_NONE,
    NS_PICKLE_INTEGER, /* bools too */
    NS_PICKLE_TEXT,
    NS_PICKLE_BYTES,
    NS_PICKLE_LIST,   /* and tuple */
    NS_PICKLE_DICT,   /* items: key, value, key, value, .. */
    NS_PICKLE_OBJECT, /* items: callee, arguments; `state` where it is built */
    NS_PICKLE_OTHER,  /* a float, a class */
} ns_pickle_kind;

typedef struct ns_pickle_value ns_pickle_value;
struct ns_pickle_value {
    ns_pickle_kind kind;
    int64_t integer;
    ns_bytes bytes; /* of a text or bytes, in the stream */
    int count;
    ns_pickle_value **items;
    ns_pickle_value *state;
};

/* Reads a whole stream. NS_ERROR_INPUT: malformed, or longer than a value needs; NS_ERROR_UNSUPPORTED: an
 * opcode that plain data does not need. */
ns_code ns_pickle_read(ns_bytes bytes, ns_arena *arena, const ns_pickle_value **out, ns_error *error);

/* The value of a key that is a text; NULL where there is none, or `value` is no dict. */
const ns_pickle_value *ns_pickle_find(const ns_pickle_value *value, const char *key);

/* Element `index` of the list of a pickled array of objects; NULL where it is none. */
const ns_pickle_value *ns_pickle_object(const ns_pickle_value *array, int index);

/* The bytes of element 0 of a pickled array of numbers, at least `size`; NULL where it is none of `type`,
 * such as "f4". */
const uint8_t *ns_pickle_first(const ns_pickle_value *array, const char *type, size_t size);

/* ---- zip.c ---- */

/* zip: archives of files, stored or deflated. */

/* Expanded bytes of one archive, all members together: far above any compiled model for an Ethos-U (its
 * address space is 4 GiB, its weights some MiB), and small enough for any machine that builds this. */
#define NS_ZIP_LIMIT ((uint64_t)1 << 30)

typedef struct ns_zip_member {
    const char *name; /* as in the archive: "folder/file.npy"; of a folder: "folder/" */
    ns_bytes bytes;
} ns_zip_member;

typedef struct ns_zip {
    int count;
    ns_zip_member *members; /* in the archive's order */
} ns_zip;

/* True when the bytes start like a zip file. */
bool ns_zip_probe(ns_bytes bytes);

/* Reads all members into `arena`; their checksums are verified. `what` names the file in messages, `kind`
 * what it should be: "an .npz file". NS_ERROR_INPUT: malformed; NS_ERROR_UNSUPPORTED: encrypted, another
 * compression, or more than NS_ZIP_LIMIT bytes. */
ns_code ns_zip_read(ns_bytes bytes, const char *what, const char *kind, ns_arena *arena, ns_zip *out,
                    ns_error *error);

#endif
