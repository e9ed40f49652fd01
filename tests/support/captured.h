/* The captured cases in tests/data/captured.zip: ExecuTorch 1.5.0's quantised graphs with their inputs. */
#ifndef NS_TESTS_CAPTURED_H
#define NS_TESTS_CAPTURED_H

#include "ir/operator.h"
#include "support/data.h"

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

#endif
