/* Inputs: loads what a model takes from the files of the command line, for every kind of model alike. */
#ifndef NS_CLI_INPUTS_H
#define NS_CLI_INPUTS_H

#include "formats/npy.h"
#include "options.h"

/* An input as a model declares it, and what was loaded for it. */
typedef struct ns_input {
    const char *name;
    ns_npy_type type; /* of its elements in files */
    int rank;
    int64_t shape[NS_MAX_RANK];
    bool padded;        /* the shape has dims of 1 that the model has not: the file's shape is taken */
    bool unsigned_bits; /* the model takes an int8 or int16 for unsigned: files may say uint8, uint16 */
    bool bool_bits;     /* its container does not tell bool from int8 */
    double scale;       /* of its quantisation: files may hold floats; 0: not known */
    int64_t zero_point;
    const int64_t *least_shape; /* a dynamic shape: each dim may be from this up to `shape`; NULL: fixed */
    /* Out. */
    ns_npy array; /* in the model's type; data NULL: not given */
    bool raw;     /* from bytes without a header */
} ns_input;

/* What files may hold beyond one value of each input. */
typedef struct ns_input_rules {
    const ns_text_list *files; /* of --input */
    const ns_text_list *types; /* of --input-type, "[NAME=]TYPE"; NULL: none */
    bool frames;               /* a leading axis that counts frames is taken */
} ns_input_rules;

/* Loads all inputs. *frames: how many frames the files hold; the same for every input, or one that is kept
 * for all. Shapes may differ by dims of 1. Floats are quantised as TFLite Micro's QUANTIZE does where the
 * scale is known; integers of another sign are refused, with the way round. Messages name the input, the file
 * and what was expected. */
ns_code ns_inputs_load(const ns_input_rules *rules, ns_arena *arena, int count, ns_input *inputs,
                       int64_t *frames, ns_error *error);

/* The same dims, but for those of 1. */
bool ns_input_same_but_ones(int rank, const int64_t *shape, int other_rank, const int64_t *other);

/* Frame `index` of an array that holds `frames`, or all of an array that holds one. */
ns_npy ns_input_frame(const ns_input *input, int64_t frames, int64_t index);

#define NS_ROW_INPUT_TYPE(type, field)                                                          \
    {                                                                                           \
        0, "input-type", NS_OPTION_TEXT_LIST, "[NAME=]TYPE", offsetof(type, field),             \
            "take the elements of an input's file for TYPE, bit for\nbit, such as uint8 bytes " \
            "for int8"                                                                          \
    }

/* What a value of --input is for: the index of the input that it names, or `position`; and its file. */
ns_code ns_input_find(const char *value, int position, int count, const char *(*name)(const void *, int),
                      const void *list, int *index, const char **file, ns_error *error);

#endif
