/* The ExecuTorch programs in tests/data/program: program.pte, inputs in<i>.bin, expected outputs out<i>.npy.
 */
#ifndef NS_TESTS_PROGRAM_CASE_H
#define NS_TESTS_PROGRAM_CASE_H

/* Runs the program of folder `name`; each of its output_count outputs must equal the expected one, bit for
 * bit, type and shape included. */
void program_case_check(const char *name, int output_count);

#endif
