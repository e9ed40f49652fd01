/* What recorded gives the rooms above it. */
#ifndef NS_RECORDED_INTERFACE_H
#define NS_RECORDED_INTERFACE_H

#include <jansson.h>

#include "base/bytes.h"
#include "formats/interface.h"
#include "ir/program.h"
#include "ir/target.h"
#include "npuscope/tensor.h"

/* ---- files.c ---- */

/* Files of a case: a folder, or the members of a zip file that lie in one of its folders. */

typedef struct ns_case_files {
    const char *name;    /* of the case: its folder's or its zip file's */
    const char *where;   /* for messages: "cases.zip/name" */
    const char *problem; /* why its files cannot be read; NULL: they can */
    bool zipped;
    size_t prefix; /* ZIPPED: characters of the members' names that lead to the case */
    int member_count;
    const ns_zip_member *members; /* ZIPPED: all whose names begin so */
} ns_case_files;

/* Whether the case has the file. */
bool ns_case_has(const ns_case_files *files, const char *name);

/* No file's name has a larger number: there is no out7.npy where it is 6. */
int ns_case_largest_number(const ns_case_files *files);

/* The bytes of a file of the case. A name that a JSON file gives may not leave the folder: NS_ERROR_INPUT
 * where it has a separator or is "..". */
ns_code ns_case_bytes(const ns_case_files *files, const char *name, ns_arena *arena, ns_bytes *out,
                      ns_error *error);

/* A JSON file; the caller decrefs *out. */
ns_code ns_case_json(const ns_case_files *files, const char *name, ns_arena *arena, json_t **out,
                     ns_error *error);

/* An .npy file of floats (float32) or integers as FP32 values, in `arena`. */
ns_code ns_case_array(const ns_case_files *files, const char *name, ns_arena *arena, ns_tensor *out,
                      ns_error *error);

/* An .npy file of whole numbers or truth values as `dtype`, an integer type or BOOL; NS_ERROR_INPUT where one
 * does not fit. */
ns_code ns_case_whole(const ns_case_files *files, const char *name, ns_dtype dtype, ns_arena *arena,
                      ns_tensor *out, ns_error *error);

/* Whether an .npy file is of floats. */
ns_code ns_case_is_real(const ns_case_files *files, const char *name, ns_arena *arena, bool *out,
                        ns_error *error);

/* ns_case_whole for INT32. */
ns_code ns_case_integers(const ns_case_files *files, const char *name, ns_arena *arena, ns_tensor *out,
                         ns_error *error);

/* ---- find.c ---- */

/* Find: the cases of a folder or of a zip file. */

typedef struct ns_found_cases {
    int count;
    ns_case_files *cases;
} ns_found_cases;

/* The cases in `path`, by name: the folder or zip file itself where it is one, else those of its folders and
 * zip files, at most NS_CASE_DEPTH deep. What is no case is passed over. Zip files are read here, into
 * `arena`; folders are not. NS_ERROR_INPUT where there is none, NS_ERROR_IO where `path` cannot be read. */
enum { NS_CASE_DEPTH = 4 };
ns_code ns_cases_find(const char *path, ns_arena *arena, ns_found_cases *out, ns_error *error);

/* The one case in `path`; NS_ERROR_INPUT where there are several. */
ns_code ns_case_find(const char *path, ns_arena *arena, ns_case_files *out, ns_error *error);

/* ---- model.c ---- */

/* Model: a case that is a compiled or lowered model with its inputs (docs/cases.md), not a float graph. */

/* Inputs, and outputs, that a case can have. */
enum { NS_CASE_TENSORS = 64 };

/* Told by the model's content. */
typedef enum ns_case_kind {
    NS_CASE_TOSA,    /* a graph, which Vela compiles */
    NS_CASE_NPZ,     /* Vela's raw output */
    NS_CASE_TFLITE,  /* a model that Vela has compiled whole */
    NS_CASE_PROGRAM, /* an ExecuTorch program with Ethos-U delegates */
} ns_case_kind;

/* One input, or what is known of one output. Names of files; NULL: not given. */
typedef struct ns_case_tensor {
    const char *file; /* an input's values */
    double scale;     /* of the integers; 0: not given */
    int64_t zero_point;
    const char *floats;    /* an output of the float model */
    const char *quantised; /* of the quantised model */
    const char *expected;  /* what the model must give, exactly */
} ns_case_tensor;

typedef struct ns_case_model {
    const char *op, *target; /* NULL: not said */
    double qtol, atol, rtol; /* NaN: not said */
    const char *file;
    ns_bytes bytes;
    ns_case_kind kind;
    int input_count, output_count;
    ns_case_tensor *inputs,
        *outputs; /* room for NS_CASE_TENSORS; outputs: as far as something is known of them */
} ns_case_model;

/* Whether the case is of this kind: it has case.json, or no float graph. */
bool ns_case_is_model(const ns_case_files *files);

/* Reads case.json; without it, what lies in the folder by the names that docs/cases.md lists. NS_ERROR_INPUT
 * names the file and the member that is not as expected. */
ns_code ns_case_model_read(const ns_case_files *files, ns_arena *arena, ns_case_model *out, ns_error *error);

/* The delegate of a recorded case as a model: delegate0.tosa, or program.pte where there are several. */
ns_code ns_case_delegate_read(const ns_case_files *files, ns_arena *arena, ns_case_model *out,
                              ns_error *error);

/* ---- recorded.c ---- */

/* Recorded: a case that was recorded from ExecuTorch (docs/recorded-cases.md): the float graph that a module
 * exports, its parameters, its inputs, and how it was quantised. */

/* What info.json says of how a case is quantised and judged; NAN: it does not say. */
typedef struct ns_recorded_settings {
    const char *op; /* what the case is of: the one operator of its float graph by npuscope's name, else what
                       the test's file says ("test_lstm.py": lstm), else "program" */
    double epsilon; /* least scale of an activation */
    double qtol, atol, rtol; /* tolerances of the test */
    int delegates;           /* that ExecuTorch made of it; -1: it does not say */
    bool per_channel;        /* weights: one scale per output channel */
    bool has_target;         /* it was lowered for a board */
    ns_target target;        /* of its board; one for TOSA alone is lowered as for U85, which takes most */
} ns_recorded_settings;

typedef struct ns_recorded {
    ns_recorded_settings settings; /* without `op` */
    ns_aten_program *program;      /* float.json: as exported, before any pass of the Arm backend */
    ns_tensor *inputs; /* i<k>.bin: of its inputs' types, in its order; they were the calibration data too */
} ns_recorded;

/* Reads what there is to know of a case before it is run. */
ns_code ns_recorded_read_settings(const ns_case_files *files, ns_arena *arena, ns_recorded_settings *out,
                                  ns_error *error);

/* Reads the case; everything lies in `arena`. NS_ERROR_UNSUPPORTED names the first operator that npuscope
 * lacks; NS_ERROR_INPUT says which file or node is not as expected. */
ns_code ns_recorded_read(const ns_case_files *files, ns_arena *arena, ns_recorded *out, ns_error *error);

/* ---- values.c ---- */

/* Values: what a case gives of a model's inputs, and what was recorded or is expected of its results. */

/* The values of `given` as a tensor of `dtype` and shape. Whole numbers stand as they are; floats become
 * round(x / scale) + zero point, ties to even, within the range of the type (an input of FP32 takes them as
 * they are). The file may have other dims of one. NS_ERROR_INPUT says what was expected, and where a scale is
 * missing. */
ns_code ns_case_input_values(const ns_case_files *files, const ns_case_tensor *given, ns_dtype dtype,
                             int rank, const int64_t *shape, ns_arena *arena, ns_tensor *out,
                             ns_error *error);

/* For each of the program's outputs a tensor; without data where it was not recorded. */
typedef struct ns_case_references {
    ns_tensor *floats;    /* FP32: the float model's (float_out<k>.npy) */
    ns_tensor *quantised; /* FP32: the quantised model's (quantised_out<k>.npy) */
    ns_tensor
        *integers; /* INT32 or INT64: the graph's (delegate0_out<k>.npy); of a program FP32: its floats */
} ns_case_references;

/* Of a model, what its outputs name. NS_ERROR_INPUT where a file has another number of elements. */
ns_code ns_case_read_named_references(const ns_case_files *files, const ns_case_model *model,
                                      int output_count, const size_t *counts, ns_arena *arena,
                                      ns_case_references *out, ns_error *error);

/* Reads them for outputs of the types and shapes `outputs`; one that lies channels last is brought into that
 * form where its integers were kept in logical order. Integers are left out where the case has several
 * delegates or other outputs than the program: then they are not the program's. NS_ERROR_INPUT where a file
 * of floats has another number of elements. */
ns_code ns_case_read_references(const ns_case_files *files, int output_count, const ns_tensor *outputs,
                                ns_arena *arena, ns_case_references *out, ns_error *error);

/* ---- float_graph.c ---- */

/* The float graph of a recorded case. */

/* Reads float.json and its parameters: a list of FX nodes in order, each with name, kind (placeholder,
 * get_attr, call_function, output), target, args and kwargs ({"node": name} for the result of another node),
 * and shape. */
ns_code ns_recorded_float_graph(const ns_case_files *files, ns_arena *arena, ns_aten_program **out,
                                ns_error *error);

/* npuscope's name of the one operator that float.json calls, or the FX node's where npuscope lacks it; NULL
 * where there are several or none. */
ns_code ns_recorded_operator(const ns_case_files *files, ns_arena *arena, const char **out, ns_error *error);

#endif
