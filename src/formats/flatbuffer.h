/* FlatBuffer: reading with every offset checked, and writing. Knows the encoding, no schema.
 *
 * Encoding (flatbuffers.dev, "FlatBuffer Internals"): offsets are 32 bits and point forward from where
 * they stand; a table begins with the signed distance back to its vtable, which holds, in 16 bits each,
 * its own size, the table's size and the position of each field (0: absent, the default holds). Strings
 * and vectors begin with their count; a string has a NUL after its bytes.
 *
 * A hostile file may point to one object from many places, so that walking it costs far more than its
 * size. Each object that is opened is therefore charged to a budget that grows with the file's size. */
#ifndef NS_FORMATS_FLATBUFFER_H
#define NS_FORMATS_FLATBUFFER_H

#include "base/bytes.h"

/* ---- reading ---- */

typedef struct ns_fb_reader {
    ns_bytes bytes;
    uint64_t budget; /* bytes that may still be opened, an overhead for each object included */
} ns_fb_reader;

typedef struct ns_fb_table {
    ns_fb_reader *reader; /* NULL: an absent table, all of whose fields are absent */
    size_t position;
    size_t vtable;
    uint16_t vtable_size;
    uint16_t size;
} ns_fb_table;

typedef struct ns_fb_vector {
    ns_fb_reader *reader;
    size_t position; /* of element 0 */
    uint32_t count;  /* 0 for an absent vector */
    bool present;
} ns_fb_vector;

/* Begins to read `bytes`, whose file identifier must be `identifier` (4 characters). */
ns_code ns_fb_open(ns_fb_reader *reader, ns_bytes bytes, const char *identifier, ns_fb_table *root,
                   ns_error *error);

/* Scalar field number `slot` of a table, or `absent` where the table leaves it out. `what` names the
 * field in messages. */
ns_code ns_fb_u8(ns_fb_table table, int slot, uint8_t absent, const char *what, uint8_t *out,
                 ns_error *error);
ns_code ns_fb_u32(ns_fb_table table, int slot, uint32_t absent, const char *what, uint32_t *out,
                  ns_error *error);
ns_code ns_fb_i32(ns_fb_table table, int slot, int32_t absent, const char *what, int32_t *out,
                  ns_error *error);
ns_code ns_fb_u64(ns_fb_table table, int slot, uint64_t absent, const char *what, uint64_t *out,
                  ns_error *error);
ns_code ns_fb_bool(ns_fb_table table, int slot, bool absent, const char *what, bool *out, ns_error *error);

/* The table that a field refers to; one with `reader` NULL where the field is absent. */
ns_code ns_fb_get_table(ns_fb_table table, int slot, const char *what, ns_fb_table *out, ns_error *error);

/* The bytes of a string without its NUL; `data` NULL where the field is absent. A NUL inside the string is
 * refused: the library keeps names as C strings. */
ns_code ns_fb_get_string(ns_fb_table table, int slot, const char *what, ns_bytes *out, ns_error *error);

/* A vector of elements of `element_size` bytes each (4 for vectors of offsets). */
ns_code ns_fb_get_vector(ns_fb_table table, int slot, size_t element_size, const char *what,
                         ns_fb_vector *out, ns_error *error);

/* A vector of bytes. `data` NULL where the field is absent. */
ns_code ns_fb_get_bytes(ns_fb_table table, int slot, const char *what, ns_bytes *out, ns_error *error);

/* Element `index` (below `count`, which the caller checks) of a vector of tables or of strings. */
ns_code ns_fb_element_table(ns_fb_vector vector, uint32_t index, const char *what, ns_fb_table *out,
                            ns_error *error);
ns_code ns_fb_element_string(ns_fb_vector vector, uint32_t index, const char *what, ns_bytes *out,
                             ns_error *error);

/* Element `index` of a vector of 32-bit integers. */
static inline int32_t ns_fb_element_i32(ns_fb_vector vector, uint32_t index)
{
    return (int32_t)ns_load_u32(vector.reader->bytes.data + vector.position + (size_t)index * 4);
}

/* Charges work on `size` bytes to the budget, for objects that are reached by other means than above. */
ns_code ns_fb_charge(ns_fb_reader *reader, size_t size, const char *what, ns_error *error);

/* ---- writing ---- */

/* Parents are written before their children: a table or vector of offsets is written with empty
 * offsets, and ns_fb_link fills each in once its child stands. The same calls give the same bytes. */
#define NS_FB_MAX_FIELDS 16
#define NS_FB_MAX_VTABLES 128

typedef struct ns_fb_writer {
    ns_buffer buffer;
    int vtable_count;
    uint32_t vtables[NS_FB_MAX_VTABLES]; /* positions of vtables that later tables may share */
} ns_fb_writer;

/* One field that is present. */
typedef struct ns_fb_field {
    int slot;
    int size;        /* 1, 2, 4 or 8 bytes */
    uint64_t value;  /* 0 for an offset */
    size_t position; /* out: where the field stands */
} ns_fb_field;

/* Begins a file; *root is the place of the root table's offset. */
void ns_fb_begin(ns_fb_writer *writer, ns_arena *arena, const char *identifier, size_t *root);

/* Writes a table of `count` (at most NS_FB_MAX_FIELDS) fields and returns its position. */
size_t ns_fb_put_table(ns_fb_writer *writer, int count, ns_fb_field *fields);

/* Writes a string, or a vector whose elements begin at a multiple of `alignment` (4 or 8), and returns
 * its position. `data` NULL gives elements of zero: empty offsets. Element i stands at position + 4 +
 * i * element_size. */
size_t ns_fb_put_string(ns_fb_writer *writer, const char *text);
size_t ns_fb_put_vector(ns_fb_writer *writer, size_t count, size_t element_size, const void *data,
                        size_t alignment);

/* Makes the offset at `place` point to `target`, which was written after it. */
void ns_fb_link(ns_fb_writer *writer, size_t place, size_t target);

/* The finished file. NS_ERROR_MEMORY, or NS_ERROR_UNSUPPORTED beyond 2^31 - 1 bytes. */
ns_code ns_fb_finish(ns_fb_writer *writer, const void **data, size_t *size, ns_error *error);

#endif
