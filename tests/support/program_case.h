/* The ExecuTorch programs in tests/data/program.zip: program.pte, inputs in<i>.bin, expected outputs
 * out<i>.npy.
 */
#ifndef NS_TESTS_PROGRAM_CASE_H
#define NS_TESTS_PROGRAM_CASE_H

#include "npuscope/program.h"

enum { PROGRAM_CASE_INPUTS = 4, PROGRAM_CASE_OUTPUTS = 16 };

/* Runs the program of folder `name`, which has output_count outputs, with its inputs. */
ns_code program_case_run(const char *name, const ns_npu_options *options, int output_count, ns_arena *arena,
                         ns_program_tensor *outputs, ns_error *error);

/* The same; each output must equal the expected one, bit for bit, type and shape included. */
void program_case_check(const char *name, int output_count);

#endif
