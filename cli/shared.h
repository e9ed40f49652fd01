/* What subcommands share. */
#ifndef NS_CLI_SHARED_H
#define NS_CLI_SHARED_H

#include "base/bytes.h"
#include "formats/interface.h"
#include "npuscope/compare.h"
#include "npuscope/diagnose.h"
#include "npuscope/fuzz_vela.h"
#include "npuscope/program.h"
#include "options.h"
#include "rows.h"

/* ---- rows.c ---- */

/* Budget: the options that bound memory, work and time, which every command that reads models shares. */

typedef struct ns_budget_settings {
    uint64_t max_memory, max_work; /* 0: the default */
    double time_limit;             /* seconds; 0: none */
} ns_budget_settings;

/* The rows, for an ns_budget_settings. */
extern const ns_option ns_budget_options[];

/* Sets the limits, and ends the process where the time limit is over by a second: exit code 2. NS_ERROR_USAGE
 * for a time limit below 0. */
ns_code ns_budget_limit(ns_budget *budget, const ns_budget_settings *settings, ns_error *error);

/* ---- compare_arrays.c ---- */

/* Compare: the arrays of one side: a file's one, a folder's .npy files with those of folders in it, an
 * archive's. */
typedef struct ns_array_list {
    int count, capacity;
    const char **names; /* sorted: "out0", "taps/0003_RESCALE" */
    ns_npy *arrays;
    bool single; /* an .npy file */
} ns_array_list;

/* Reads a file, a folder or an archive. */
ns_code ns_arrays_list(ns_array_list *list, const char *path, ns_arena *arena, ns_error *error);

bool ns_npy_is_real(ns_npy_type type);

/* Element `i` as a double: exact but for 64-bit integers beyond 2^53, which no TOSA type holds. */
double ns_npy_real(const ns_npy *array, size_t i);

/* ---- compare_report.c ---- */

typedef struct ns_compare_settings {
    double qtol, atol, rtol, min_sqnr;
    const char *scale_text; /* "S", "S:ZERO" */
    double scale, zero;     /* it: of integers beside floats; 0: not given */
    const char *json, *html;
} ns_compare_settings;

/* Two tensors and what was found. */
typedef struct ns_compare_pair {
    const char *title;
    ns_npy a, b;
    const char *alone;  /* the side that has it; NULL: both */
    const char *scaled; /* the side whose integers are reals by --scale, in `a` or `b` too; NULL: none */
    bool comparable;    /* the same kind of number, and shapes that differ by dims of 1 at most */
    bool same;          /* within what was allowed */
    size_t nan_a, nan_b;
    ns_comparison comparison;
} ns_compare_pair;

typedef struct ns_compare_run {
    ns_cli *cli;
    const ns_compare_settings *settings;
    int count;
    ns_compare_pair *pairs;
} ns_compare_run;

/* The documents of a comparison of `a` and `b`, to the OUTPUTs that the settings name. */
ns_code ns_compare_write_json(const ns_compare_run *run, const char *a, const char *b, bool same,
                              ns_error *error);
ns_code ns_compare_write_html(const ns_compare_run *run, const char *a, const char *b, ns_error *error);

/* ---- inputs.c ---- */

/* Inputs: loads what a model takes from the files of the command line, for every kind of model alike. */

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
    bool scale_asked;           /* the command has --input-scale: a message names it */
    bool scale_given;           /* by it: ties are rounded to even, as ExecuTorch does */
    bool fixed;                 /* no tensor: the model holds its value */
    const int64_t *least_shape; /* a dynamic shape: each dim may be from this up to `shape`; NULL: fixed */
    /* Out. */
    ns_npy array; /* in the model's type; data NULL: not given */
    int64_t held; /* how many frames the file holds */
    bool raw;     /* from bytes without a header */
} ns_input;

/* What files may hold beyond one value of each input. */
typedef struct ns_input_rules {
    const ns_text_list *files;  /* of --input */
    const ns_text_list *types;  /* of --input-type, "[NAME=]TYPE"; NULL: none */
    const ns_text_list *scales; /* of --input-scale, "[NAME=]SCALE[:ZERO]"; NULL: the command has none */
    bool frames;   /* a leading axis that counts frames is taken, and a folder of .npy files, a frame each */
    bool any_type; /* floats stay in the file's type: the caller converts them */
    bool optional; /* not every one must be given */
    const char *what; /* in messages: "reference of" an output; NULL: "input" */
} ns_input_rules;

/* Loads all inputs. *frames: how many frames the files hold; the same for every input, or one that is kept
 * for all. A file is an .npy, an .npz of one array or with one of the input's name, or raw bytes. Shapes may
 * differ by dims of 1. Floats are quantised where the scale is known: as TFLite Micro's QUANTIZE
 * does by the model's own, as ExecuTorch does by --input-scale; integers of another width are taken where
 * they fit, of another sign refused, with the way round. Messages name the input, the file and what was
 * expected. */
ns_code ns_inputs_load(const ns_input_rules *rules, ns_arena *arena, int count, ns_input *inputs,
                       int64_t *frames, ns_error *error);

/* ---- input_types.c ---- */

/* Bytes of an element; 0 where the type does not tell. */
size_t ns_npy_width(ns_npy_type type);
bool ns_npy_is_integer(ns_npy_type type);

/* Converts an input's elements to the model's type: floats by its scale where that is known, to float32 of
 * any width; integers of another width where each fits. Others are refused as ns_input_wrong_type does. */
ns_code ns_input_take_type(const ns_input *input, const char *file, ns_arena *arena, ns_npy *array,
                           ns_error *error);

/* NS_ERROR_INPUT: both types, and what mends it. */
ns_code ns_input_wrong_type(const ns_input *input, const char *file, const ns_npy *array, ns_error *error);

/* The same dims, but for those of 1. */
bool ns_input_same_but_ones(int rank, const int64_t *shape, int other_rank, const int64_t *other);

/* Accepts the array's shape, as one value or as frames, and gives the array the one that the model wants. */
bool ns_input_take_shape(ns_npy *array, const ns_input *input, bool with_frames, int64_t *frames);

/* How many elements are NaN, and the index of the first. */
size_t ns_npy_count_nan(const ns_npy *array, size_t *first);

/* NaN among floats is worth a warning: nothing behind it means much. */
void ns_input_warn_of_nan(const char *what, const char *name, const char *file, const ns_npy *array);

/* ---- inputs.c ---- */

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

/* ---- program_files.c ---- */

/* Program files: the inputs and outputs of an ExecuTorch program as .npy files. */

/* Is it an ExecuTorch program? */
bool ns_program_files_probe(ns_bytes bytes);

/* The file of a tensor, without data. */
ns_code ns_program_files_describe(const ns_program_tensor *tensor, ns_npy *array, ns_error *error);

/* A tensor whose bytes, in memory order, lie at `memory`, as an .npy file. */
ns_code ns_program_files_npy(const ns_program_tensor *tensor, const void *memory, ns_arena *arena,
                             ns_bytes *out, ns_error *error);

/* A program's inputs in memory order; each list has room for all of them. */
typedef struct ns_program_files {
    const void **data;      /* NULL: no tensor */
    size_t *sizes;          /* of one sample */
    bool with_samples;      /* a leading axis of a file may count samples, which lie one behind the other */
    int64_t *held;          /* with samples: how many each file holds; one is kept for all */
    int64_t samples;        /* out: how many there are */
    const int64_t **shapes; /* of a dynamic shape what the file has; NULL: its upper bound */
    int test;               /* of a bundled program: the case whose inputs stand in where no file is given */
} ns_program_files;

ns_code ns_program_files_new(const ns_program *program, ns_arena *arena, ns_program_files *out,
                             ns_error *error);

ns_code ns_program_files_load(ns_cli *cli, const ns_text_list *inputs, const ns_program *program,
                              ns_program_files *out, ns_error *error);

/* ---- main.c ---- */

/* Signals: SIGINT and SIGTERM end a run with 130 and 143, and leave nothing behind (base/leftover.h). */

/* To be called once, before the process has other threads. A signal that the process was started to ignore
 * stays ignored. */
void ns_signals_watch(void);

/* ---- diagnose_write.c ---- */

/* Smallest: what a reduced graph is written to, and where the stream of it departs first. */

/* A reduced graph with inputs, and the results that TOSA gives. */
typedef struct ns_smallest {
    const void *file;
    size_t file_size;
    int input_count, output_count;
    const ns_tensor *inputs, *outputs;
} ns_smallest;

/* Writes the graph to `path`, and its tensors to <prefix>in<k>.npy and <prefix>out<k>.npy. */
ns_code ns_smallest_write(ns_cli *cli, const ns_smallest *smallest, const char *path, const char *prefix,
                          ns_error *error);

/* Compiles it: `row` has the first operation of the NPU that departs, with its operator of the graph, where
 * one does (row->departs: none where Vela dies). */
ns_code ns_smallest_departure(ns_cli *cli, const ns_smallest *smallest, const ns_diagnose_target *target,
                              ns_diagnose_compile *row, ns_error *error);

/* ---- state.c ---- */

/* State: what a model keeps from run to run, in a folder (--state DIR): state<index>.npy each, and
 * state.json. */

/* One variable: its name, and its value with type and shape. */
typedef struct ns_state_item {
    const char *name; /* NULL: none */
    ns_npy value;
} ns_state_item;

/* Reads the values that an earlier run left in `folder` into `items`. *found is false where there are none.
 * NS_ERROR_INPUT: another model's, told by count, types or shapes. */
ns_code ns_state_load(const char *folder, ns_arena *arena, int count, ns_state_item *items, bool *found,
                      ns_error *error);

ns_code ns_state_save(const char *folder, ns_arena *arena, int count, const ns_state_item *items,
                      ns_error *error);

#define NS_ROW_STATE(type, field)                                                                  \
    {                                                                                              \
        0, "state", NS_OPTION_FOLDER, "DIR", offsetof(type, field),                                \
            "folder that the model's variables are taken from, if an\nearlier run left them, and " \
            "written to"                                                                           \
    }

/* ---- inspect_npu.c ---- */

/* Prints a command stream, a Vela npz; `only` some operations (ns_npu_inspect_some). */
ns_code ns_inspect_stream(ns_cli *cli, bool json, const char *only, ns_bytes bytes, ns_error *error);

/* Prints what the operations of many streams execute, and what never. */
ns_code ns_inspect_coverage(ns_cli *cli, bool json, int count, char **paths, ns_error *error);

/* npuscope fuzz-vela: the findings as JSON. */

/* Writes the document npuscope/fuzz-vela/1 to the OUTPUT `path`; whole, or an error. */
ns_code ns_fuzz_json_write(ns_cli *cli, const char *path, const ns_fuzz_result *result, ns_error *error);

/* One finding as the document npuscope/reduce/1; the same. */
ns_code ns_finding_json_write(ns_cli *cli, const char *path, const ns_fuzz_finding *finding, ns_error *error);

/* ---- fuzz_report.c ---- */

/* "2 wrong, 3 right": how many of a family's accelerators do what. */
void ns_fuzz_cell_text(const ns_fuzz_cell *cell, ns_buffer *out);

/* "command 49, POOL MAX, of operator 3 (REDUCE_MAX): 1 of 4 elements wrong"; NULL: no memory. */
const char *ns_fuzz_departure_text(const ns_diagnose_departure *first, ns_arena *arena);

/* The page of a search, to the OUTPUT `path`. */
ns_code ns_fuzz_page_write(ns_cli *cli, const char *path, const ns_fuzz_result *result, ns_error *error);

/* The Markdown report of a search. */

ns_code ns_fuzz_report_write(const ns_fuzz_result *result, const char *path, ns_arena *arena,
                             ns_error *error);

/* ---- suite_options.c ---- */

typedef struct ns_cli_suite_settings {
    ns_row_selection selection;
    ns_text_list cases, min_sqnr, max_steps;
    const char *vela_flags, *config, *system_config, *memory_mode;
    bool all_targets;
    const char *stages, *json, *junit, *csv, *markdown, *html, *vela;
    int64_t threads;
    double qtol, atol, rtol, epsilon, data_scale;
    const char *weights, *symmetric_io, *baseline, *history, *label;
    unsigned cpu;
    bool list, strict;
} ns_cli_suite_settings;

/* Vela's options in one text, which takes them apart at spaces. */
ns_code ns_suite_set_vela(const ns_cli_suite_settings *settings, ns_arena *arena, ns_suite_options *suite,
                          ns_error *error);

/* --min-sqnr and --max-steps, once the rows are selected. NS_ERROR_USAGE: no number, or no operator. */
ns_code ns_suite_set_limits(const ns_cli_suite_settings *settings, ns_arena *arena, ns_suite_options *suite,
                            ns_error *error);

/* ---- main.c ---- */

/* Subcommands: all of them, in the order of subcommands.def. */

typedef struct ns_subcommand_entry {
    char name[16]; /* as it is typed: "vela-diff" */
    const char *summary;
    const ns_subcommand *subcommand;
} ns_subcommand_entry;

/* Entry `index`, from 0; false behind the last. */
bool ns_subcommand_at(int index, ns_subcommand_entry *out);

/* The entry that is typed `name`; false when there is none. */
bool ns_subcommand_find(const char *name, ns_subcommand_entry *out);

/* The options that `subcommand` takes beside its own; NULL: none. */
const ns_option *ns_subcommand_shared(const ns_subcommand *subcommand);

#endif
