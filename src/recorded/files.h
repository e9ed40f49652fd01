/* Files of a recorded case. */
#ifndef NS_RECORDED_FILES_H
#define NS_RECORDED_FILES_H

#include <jansson.h>

#include "base/bytes.h"
#include "npuscope/tensor.h"

/* The bytes of a file of the case. A name that a JSON file gives may not leave the folder: NS_ERROR_INPUT
 * where it has a separator or is "..". */
ns_code ns_recorded_bytes(const char *folder, const char *name, ns_arena *arena, ns_bytes *out,
                          ns_error *error);

/* A JSON file; the caller decrefs *out. */
ns_code ns_recorded_json(const char *folder, const char *name, ns_arena *arena, json_t **out,
                         ns_error *error);

/* An .npy file of floats (float32) or integers as FP32 values, in `arena`. */
ns_code ns_recorded_array(const char *folder, const char *name, ns_arena *arena, ns_tensor *out,
                          ns_error *error);

/* An .npy file of whole numbers or truth values as INT32; NS_ERROR_INPUT where one does not fit 32 bits. */
ns_code ns_recorded_integers(const char *folder, const char *name, ns_arena *arena, ns_tensor *out,
                             ns_error *error);

#endif
