/* Program: the structures that the reader fills and a run executes. Unchanged by a run. */
#ifndef NS_PROGRAM_PROGRAM_H
#define NS_PROGRAM_PROGRAM_H

#include "program/kernel.h"
#include "program/value.h"

/* Every kind of instruction, once, with its number in the union InstructionArguments. */
typedef enum ns_instruction_kind {
    NS_INSTRUCTION_KERNEL = 1,
    NS_INSTRUCTION_DELEGATE = 2,
    NS_INSTRUCTION_MOVE = 3,
    NS_INSTRUCTION_JUMP_FALSE = 4,
    NS_INSTRUCTION_FREE = 5,
} ns_instruction_kind;

/* Bounds of what a broken file can claim: planned buffers together, inputs and outputs without a plan
 * together, the scratch memory of a delegate. Arm's runner has 2 MB for each, or 64 MB in DDR (ExecuTorch
 * 1.5.0, examples/arm/executor_runner/CMakeLists.txt). */
#define NS_PROGRAM_MEMORY_LIMIT ((uint64_t)256 << 20)

typedef struct ns_instruction {
    ns_instruction_kind kind;
    int target; /* kernel or delegate index; MOVE: source; JUMP_FALSE: condition; FREE: value */
    int other;  /* MOVE: destination; JUMP_FALSE: instruction to go on with */
    int argument_count;
    int *arguments; /* indices of values */
} ns_instruction;

typedef struct ns_chain {
    int instruction_count;
    ns_instruction *instructions;
} ns_chain;

/* A test case of a bundled program, for the method that was read. */
typedef struct ns_program_case {
    ns_bytes *inputs;            /* in memory order; data NULL where an input is no tensor */
    ns_program_tensor *expected; /* rank -1 where an output is no tensor */
} ns_program_case;

struct ns_program {
    const char *method; /* the one that was read */
    int method_count;
    const char **methods; /* all that the file has */
    int case_count;
    ns_program_case *cases;
    int value_count;
    ns_value *values; /* tensors without data; a run works on a copy */
    ns_value_plan *plans;
    int buffer_count;
    uint64_t *buffer_sizes;
    int chain_count;
    ns_chain *chains;
    int kernel_count;
    const ns_kernel_info **kernels;
    int delegate_count;
    struct ns_delegate **delegates;
    int input_count, output_count;
    int *inputs, *outputs;
};

#endif
