/* The test data: tests/data/SET.zip, one for each set (docs/test-data.md). A name is SET/FILE or
 * SET/CASE/FILE: the member CASE/FILE of SET.zip. */
#ifndef NS_TESTS_DATA_H
#define NS_TESTS_DATA_H

#include <jansson.h>

#include "formats/npy.h"
#include "support/archive.h"

/* The bytes of file `name` in `arena`. */
ns_code test_data_read(const char *name, ns_arena *arena, ns_bytes *out, ns_error *error);

/* The .npy file `name`, read into `arena`. */
ns_code test_data_array(const char *name, ns_arena *arena, ns_npy *out, ns_error *error);

/* The JSON file `name`; the caller gives it back with json_decref. */
ns_code test_data_json(const char *name, json_t **out, ns_error *error);

bool test_data_has(const char *name);

/* The names right below `folder` (SET or SET/CASE), sorted. */
ns_code test_data_list(const char *folder, ns_arena *arena, const char *const **names, int *count,
                       ns_error *error);

#endif
