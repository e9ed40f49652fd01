/* Files of a folder or of a zip file, read by name: the one reader of test data. */
#ifndef NS_TEST_SUPPORT_DATA_H
#define NS_TEST_SUPPORT_DATA_H

#include <jansson.h>

#include "base/bytes.h"
#include "formats/interface.h"
#include "ir/operator.h"
#include "npuscope/arena.h"
#include "npuscope/program.h"
#include "npuscope/status.h"

typedef struct ns_archive {
    const char *path;
    struct zip *zip; /* NULL: a folder */
} ns_archive;

/* Opens the folder or the zip file at `path`, a string that outlives the archive. Of a set of test data,
 * whose member all.zip.xz has the files, this opens that. It is held in memory, so that a forked test has its
 * own. */
ns_code ns_archive_open(const char *path, ns_archive *out, ns_error *error);
void ns_archive_close(ns_archive *archive);

/* The bytes of file `name` in `arena`. */
ns_code ns_archive_read(ns_archive *archive, const char *name, ns_arena *arena, ns_bytes *out,
                        ns_error *error);

/* The names right below `folder` ("" for the top), sorted, each once. */
ns_code ns_archive_list(ns_archive *archive, const char *folder, ns_arena *arena, const char *const **names,
                        int *count, ns_error *error);

/* ---- data.c ---- */

/* The test data: tests/data/SET.zip, one for each set (docs/test-data.md). A name is SET/FILE or
 * SET/CASE/FILE: the member CASE/FILE of SET.zip. */

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

/* A zip file of stored members, whose numbers a test may then change: the last bytes are the central
 * directory (of the one member of a file with one: its record begins 46 + the name's length bytes before the
 * last 22) and the end record of 22. */
ns_bytes test_zip(int count, const ns_zip_member *members, ns_arena *arena);

/* ---- captured.c ---- */

/* The captured cases in tests/data/captured.zip: ExecuTorch 1.5.0's quantised graphs with their inputs. */

typedef struct captured_case {
    const char *name; /* "test_exp_a16w8_u55_INT[rank1_rand]" */
    ns_aten_program
        *program;       /* quantised.json: the decomposed program, the captured quantisation filled in */
    ns_tensor *inputs;  /* i<k>.bin, FP32, program->input_count of them */
    ns_tensor *outputs; /* quantised_out<k>.npy, FP32, program->output_count of them */
} captured_case;

/* Names of all cases, sorted. */
ns_code captured_list(ns_arena *arena, const char *const **names, int *count, ns_error *error);

/* Weights and biases have their float values (float_*.npy); other constants the dequantised ones. */
ns_code captured_load(const char *name, ns_arena *arena, captured_case *out, ns_error *error);

/* Only the program of a case, without float values and inputs: what quantised.json and its frozen tensors
 * say. `name` may lead out of the captured cases ("../lower/<case>"). */
ns_code captured_load_program(const char *name, ns_arena *arena, ns_aten_program **program, ns_error *error);

/* The program as the test's module has it, with MEAN and VAR not yet decomposed; where there is none of them,
 * the captured program itself. */
ns_code captured_original(const captured_case *c, ns_arena *arena, ns_aten_program **out, ns_error *error);

/* The name of a file of a case for test_data_read, in `arena`. */
const char *captured_path(const char *name, const char *file, ns_arena *arena);

/* ---- program_case.c ---- */

/* The ExecuTorch programs in tests/data/program.zip: program.pte, inputs in<i>.bin, expected outputs
 * out<i>.npy.
 */

enum { PROGRAM_CASE_INPUTS = 8, PROGRAM_CASE_OUTPUTS = 16 };

/* The program of folder `name` and its inputs, in `arena`. */
ns_code program_case_read(const char *name, ns_arena *arena, ns_program **program, ns_program_inputs *out,
                          ns_error *error);

/* Runs the program of folder `name`, which has output_count outputs, with its inputs. */
ns_code program_case_run(const char *name, const ns_npu_options *options, int output_count, ns_arena *arena,
                         ns_program_tensor *outputs, ns_error *error);

/* The same; each output must equal the expected one, bit for bit, type and shape included. */
void program_case_check(const char *name, int output_count);

/* Output `index` of a run equals the expected one. */
void program_case_check_output(const char *name, int index, const ns_program_tensor *output, ns_arena *arena);

#endif
