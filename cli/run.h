/* Run: what every kind of model that `npuscope run` takes has in common. */
#ifndef NS_CLI_RUN_H
#define NS_CLI_RUN_H

#include "base/bytes.h"
#include "base/interface.h"
#include "formats/interface.h"
#include "npuscope/npu.h"
#include "npuscope/program.h"
#include "npuscope/tensor.h"
#include "npuscope/vela_debug.h"
#include "options.h"
#include "report/interface.h"
#include "shared.h"

typedef struct ns_run_settings {
    ns_text_list inputs;       /* "FILE" or "NAME=FILE" */
    ns_text_list input_types;  /* "TYPE" or "NAME=TYPE" */
    ns_text_list input_scales; /* "S[:ZERO]" or "NAME=S[:ZERO]" */
    const char *method;        /* of a program; NULL: "forward", or the first */
    int64_t test;              /* of a bundled program: its test case */
    const char *state;         /* folder of variables; NULL: every run begins anew */
    int64_t part;              /* of a .tflite: this ethos-u operator alone; -1: all */
    bool reference;            /* an uncompiled .tflite on the CPU's kernels */
    const char *folder;        /* of the outputs; NULL: only their names and shapes are printed */
    const char *accelerator;   /* NULL: whatever the stream says */
    bool hazards;              /* check waits and block dependencies */
    bool strict_chip;          /* of two readings of the chip the harsher */
    bool check;                /* and every byte of memory: hazards are checked too */
    const char *tap;           /* folder for what each NPU operation produced; NULL: none */
    const char *debug_db;      /* of the stream: taps are named by the graph's tensors; NULL: by number */
    const char *tap_only;      /* "3,7-9,x": numbers of operations, tensors that they write; NULL: all */
    unsigned cpu_mask;
    int64_t threads;  /* of a graph */
    const char *html; /* the page's file; NULL: none */
    ns_page *page;    /* what of it there is; NULL: none was asked for */
} ns_run_settings;

/* A named tensor: what a model takes and gives. */
typedef struct ns_run_tensor {
    const char *name;
    ns_tensor tensor;
    bool leading_ones;  /* of an input: its container pads shapes with ones, and does not tell bool */
    bool unsigned_bits; /* of an input: its elements are unsigned, held bit for bit */
    double scale;       /* of an input: files may hold floats; 0: not known */
    int64_t zero_point;
    const ns_npy *array; /* of an output: what is written instead of `tensor`; NULL: the tensor */
} ns_run_tensor;

/* A kind of model, told by its content. One row of the table in run.c each. */
typedef struct ns_model_kind {
    const char *name; /* "TOSA graph" */
    bool (*probe)(ns_bytes bytes);
    /* Reads the model, its inputs with ns_run_load_inputs, runs it, and gives the outputs in order. */
    ns_code (*run)(ns_cli *cli, const ns_run_settings *settings, ns_bytes bytes, int *output_count,
                   ns_run_tensor **outputs, ns_error *error);
} ns_model_kind;

/* Fills `inputs`, whose names, types and shapes the model has declared, from the files of the command line:
 * by name, or in order. NS_ERROR_INPUT names the tensor and what was expected. */
ns_code ns_run_load_inputs(const ns_run_settings *settings, ns_arena *arena, int count, ns_run_tensor *inputs,
                           ns_error *error);

/* An input that a model has declared, for ns_inputs_load. */
ns_code ns_run_declare(const ns_run_tensor *tensor, ns_input *out, ns_error *error);

/* Input `index` of a stream, for ns_run_load_inputs. */
ns_code ns_run_declare_input(const ns_npu_io *io, int index, ns_arena *arena, ns_run_tensor *out,
                             ns_error *error);

/* What a file of the tap is charged: with the default budget at most 2^18 are written, whatever loops a
 * stream has. */
#define NS_RUN_TAP_FILE_WORK (NS_BUDGET_DEFAULT_WORK >> 18)

/* What an operation gave in figures, as members of the tap's open object, as a line, and on the page: range,
 * codes used (of types up to 16 bits), share of elements at an end of the type; `tensor`: the graph's name of
 * it, NULL where there is none. */
void ns_run_tap_summary(ns_cli *cli, const ns_run_settings *settings, ns_json *json, int number,
                        const char *name, const char *tensor, const ns_npy *array);

/* The line above them. */
void ns_run_tap_heading(ns_cli *cli);

/* Whether --tap-only ("3,7-9,conv1_out"; NULL: all) has the operation's number, or the tensor that it writes
 * (NULL: its name is not known). */
bool ns_run_tap_wanted(const char *list, int number, const char *tensor);

/* NS_ERROR_USAGE where a name in the list is none that `has` knows. */
ns_code ns_run_tap_check(const char *list, bool (*has)(const void *context, const char *name),
                         const void *context, ns_arena *arena, ns_error *error);

/* What --tap collects of NPU operations. */
typedef struct ns_run_tap {
    ns_cli *cli;
    const ns_run_settings *settings;
    ns_arena *arena; /* one operation at a time */
    ns_buffer text;
    ns_json json;                /* tap.json so far, in `text` */
    int call, last;              /* streams that have run before, and the operation tapped last */
    const ns_npu_stream *stream; /* NULL: a program, whose outputs are not those of one stream */
    int *writers;         /* of each of the stream's outputs: the last operation that wrote to it, or -1 */
    ns_vela_debug *debug; /* NULL: none was given */
    int between;          /* calls of delegates that were told */
    ns_buffer between_text;
    ns_json between_json; /* "delegates" of tap.json: a document of its own */
} ns_run_tap;

/* What a program gives a delegate, and gets from it: an ns_program_watch whose context is the tap. */
ns_code ns_run_tap_delegate(void *tap, const ns_program_delegate_call *call, ns_error *error);

/* Sets the options of a run as the settings say, tap included; `tap` must stay where it is until closed.
 * `stream` is what runs, or NULL. */
ns_code ns_run_tap_open(ns_run_tap *tap, ns_cli *cli, const ns_run_settings *settings,
                        const ns_npu_stream *stream, ns_npu_options *options, ns_error *error);

/* After the run, which returned `code`: writes tap.json. NS_ERROR_UNDEFINED for hazards, and for what --check
 * found. */
ns_code ns_run_tap_close(ns_run_tap *tap, ns_code code, const ns_npu_statistics *statistics, ns_error *error);

/* Compares output `index` with what its file expects of it: a line, and expected<index>.npy in the folder of
 * the outputs. */
ns_code ns_run_expected(ns_cli *cli, const ns_run_settings *settings, int index, const ns_npy *output,
                        const ns_npy *expected, ns_error *error);

/* Runs one stream as a model of its own: its inputs from the files, its outputs. */
ns_code ns_run_stream(ns_cli *cli, const ns_run_settings *settings, ns_npu_stream *stream, int *output_count,
                      ns_run_tensor **outputs, ns_error *error);

/* The accelerator of the settings; NS_ACCELERATOR_UNKNOWN where none is given. */
ns_code ns_run_accelerator(const ns_run_settings *settings, ns_accelerator *out, ns_error *error);

extern const ns_model_kind ns_run_tosa_kind;
extern const ns_model_kind ns_run_npz_kind;
extern const ns_model_kind ns_run_tflite_kind;
extern const ns_model_kind ns_run_program_kind;

#endif
