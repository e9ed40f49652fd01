/* The scales that a program applies around its delegates: found in its instructions, not by running it. */
#include <string.h>

#include "program/internal.h"

static bool is_named(const ns_program *program, const ns_instruction *instruction, const char *name)
{
    return instruction->kind == NS_INSTRUCTION_KERNEL &&
           strcmp(program->kernels[instruction->target]->name, name) == 0;
}

/* The value of a delegate's argument, or -1. */
static int argument_of(const ns_program *program, int delegate, int argument)
{
    for (int c = 0; c < program->chain_count; c++)
        for (int i = 0; i < program->chains[c].instruction_count; i++) {
            const ns_instruction *instruction = &program->chains[c].instructions[i];
            if (instruction->kind == NS_INSTRUCTION_DELEGATE && instruction->target == delegate)
                return argument < instruction->argument_count ? instruction->arguments[argument] : -1;
        }
    return -1;
}

static int position_of(const int *list, int count, int value)
{
    for (int i = 0; i < count; i++)
        if (list[i] == value)
            return i;
    return -1;
}

/* Scale and zero point are arguments 1 and 2 of both kernels. */
static bool take(const ns_program *program, const ns_instruction *instruction, ns_program_scale *out)
{
    const ns_value *scale = &program->values[instruction->arguments[1]],
                   *zero = &program->values[instruction->arguments[2]];
    if (scale->kind != NS_VALUE_DOUBLE || zero->kind != NS_VALUE_INT || !(scale->as.real > 0))
        return false;
    out->scale = scale->as.real;
    out->zero_point = zero->as.integer;
    return true;
}

bool ns_program_input_scale(const ns_program *program, int delegate, int position, ns_program_scale *out)
{
    const int value = argument_of(program, delegate, position);
    for (int c = 0; value >= 0 && c < program->chain_count; c++)
        for (int i = 0; i < program->chains[c].instruction_count; i++) {
            const ns_instruction *instruction = &program->chains[c].instructions[i];
            if (!is_named(program, instruction, "quantized_decomposed::quantize_per_tensor") ||
                instruction->arguments[instruction->argument_count - 1] != value)
                continue;
            out->tensor = position_of(program->inputs, program->input_count, instruction->arguments[0]);
            return take(program, instruction, out);
        }
    return false;
}

bool ns_program_output_scale(const ns_program *program, int delegate, int position, ns_program_scale *out)
{
    const int value = argument_of(program, delegate, program->delegates[delegate]->input_count + position);
    for (int c = 0; value >= 0 && c < program->chain_count; c++)
        for (int i = 0; i < program->chains[c].instruction_count; i++) {
            const ns_instruction *instruction = &program->chains[c].instructions[i];
            if (!is_named(program, instruction, "quantized_decomposed::dequantize_per_tensor") ||
                instruction->arguments[0] != value)
                continue;
            out->tensor = position_of(program->outputs, program->output_count,
                                      instruction->arguments[instruction->argument_count - 1]);
            return take(program, instruction, out);
        }
    return false;
}
