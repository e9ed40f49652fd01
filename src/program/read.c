#include <limits.h>
#include <stdio.h>

#include "program/internal.h"

/* Slots of table ExecutionPlan. */
enum {
    PLAN_NAME = 0,
    PLAN_VALUES = 2,
    PLAN_INPUTS = 3,
    PLAN_OUTPUTS = 4,
    PLAN_CHAINS = 5,
    PLAN_OPERATORS = 6,
    PLAN_DELEGATES = 7,
    PLAN_BUFFER_SIZES = 8,
};

static ns_code read_methods(ns_reading *reading, ns_fb_vector plans, ns_error *error)
{
    ns_program *program = reading->program;
    program->method_count = (int)plans.count;
    program->methods = NS_ARENA_ARRAY(reading->arena, plans.count, const char *);
    if (!program->methods)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for %u methods", plans.count);
    for (uint32_t i = 0; i < plans.count; i++) {
        ns_fb_table plan;
        ns_bytes name;
        NS_TRY(ns_fb_element_table(plans, i, "method", &plan, error));
        NS_TRY(ns_fb_get_string(plan, PLAN_NAME, "name of a method", &name, error));
        NS_TRY(ns_reading_string(reading, name, &program->methods[i], error));
    }
    return NS_OK;
}

static ns_code no_method(const ns_program *program, const char *wanted, ns_error *error)
{
    char names[256] = "";
    size_t used = 0;
    for (int i = 0; i < program->method_count && used < sizeof names; i++)
        used += (size_t)snprintf(names + used, sizeof names - used, "%s%.60s", i ? ", " : "",
                                 program->methods[i]);
    return ns_fail(error, NS_ERROR_USAGE, "the program has no method '%s'; it has %s", wanted, names);
}

/* The plan of the wanted method; for NULL the one called "forward", or the first. */
static ns_code choose_plan(ns_reading *reading, const char *wanted, ns_fb_table *plan, ns_error *error)
{
    ns_fb_vector plans;
    ns_program *program = reading->program;
    NS_TRY(ns_fb_get_vector(reading->file->root, 1, 4, "methods", &plans, error));
    if (!plans.count)
        return ns_fail(error, NS_ERROR_INPUT, "the program has no method");
    NS_TRY(read_methods(reading, plans, error));
    int chosen = -1;
    for (int i = program->method_count; i-- > 0;)
        if (strcmp(program->methods[i], wanted ? wanted : "forward") == 0)
            chosen = i;
    if (chosen < 0 && wanted)
        return no_method(program, wanted, error);
    program->method = program->methods[chosen < 0 ? 0 : chosen];
    return ns_fb_element_table(plans, chosen < 0 ? 0 : (uint32_t)chosen, "method", plan, error);
}

static ns_code read_buffers(ns_reading *reading, ns_fb_table plan, ns_error *error)
{
    ns_fb_vector sizes;
    NS_TRY(ns_fb_get_vector(plan, PLAN_BUFFER_SIZES, 8, "buffer sizes", &sizes, error));
    ns_program *program = reading->program;
    program->buffer_count = (int)sizes.count;
    program->buffer_sizes = NS_ARENA_ARRAY(reading->arena, sizes.count, uint64_t);
    if (!program->buffer_sizes)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for %u buffer sizes", sizes.count);
    uint64_t total = 0;
    for (uint32_t i = 0; i < sizes.count; i++) {
        uint64_t size = ns_load_u64(sizes.reader->bytes.data + sizes.position + (size_t)i * 8);
        if (size > NS_PROGRAM_MEMORY_LIMIT - total)
            return ns_fail(error, NS_ERROR_INPUT, "planned buffer %u of %llu bytes: over 256 MiB in all", i,
                           (unsigned long long)size);
        total += size;
        program->buffer_sizes[i] = size;
    }
    return NS_OK;
}

/* A list of value numbers. */
static ns_code read_indices(ns_reading *reading, ns_fb_table table, int slot, const char *what, int *count,
                            int **out, ns_error *error)
{
    ns_fb_vector items;
    NS_TRY(ns_fb_get_vector(table, slot, 4, what, &items, error));
    *count = (int)items.count;
    *out = NS_ARENA_ARRAY(reading->arena, items.count, int);
    if (!*out)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for %s", what);
    for (uint32_t i = 0; i < items.count; i++) {
        (*out)[i] = ns_fb_element_i32(items, i);
        if ((*out)[i] < 0 || (*out)[i] >= reading->program->value_count)
            return ns_fail(error, NS_ERROR_INPUT, "%s refer to value %d of %d", what, (*out)[i],
                           reading->program->value_count);
    }
    return NS_OK;
}

static ns_code read_kernels(ns_reading *reading, ns_fb_table plan, ns_error *error)
{
    ns_fb_vector operators;
    NS_TRY(ns_fb_get_vector(plan, PLAN_OPERATORS, 4, "operators", &operators, error));
    ns_program *program = reading->program;
    program->kernel_count = (int)operators.count;
    program->kernels = NS_ARENA_ARRAY(reading->arena, operators.count, const ns_kernel_info *);
    if (!program->kernels)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for %u operators", operators.count);
    for (uint32_t i = 0; i < operators.count; i++) {
        ns_fb_table entry;
        ns_bytes text;
        const char *name = NULL, *overload = NULL;
        NS_TRY(ns_fb_element_table(operators, i, "operator", &entry, error));
        NS_TRY(ns_fb_get_string(entry, 0, "operator's name", &text, error));
        NS_TRY(ns_reading_string(reading, text, &name, error));
        NS_TRY(ns_fb_get_string(entry, 1, "operator's overload", &text, error));
        NS_TRY(ns_reading_string(reading, text, &overload, error));
        program->kernels[i] = ns_kernel_find(name, overload);
        if (!program->kernels[i]) { /* the program can be inspected all the same */
            ns_kernel_info *absent = NS_ARENA_NEW(reading->arena, ns_kernel_info);
            if (!absent)
                return ns_fail(error, NS_ERROR_MEMORY, "no memory for an operator");
            *absent = (ns_kernel_info){name, overload, NULL, 0, INT_MAX, 0};
            program->kernels[i] = absent;
        }
    }
    return NS_OK;
}

static ns_code read_delegates(ns_reading *reading, ns_fb_table plan, ns_accelerator accelerator,
                              ns_error *error)
{
    ns_fb_vector delegates, inline_data;
    NS_TRY(ns_fb_get_vector(plan, PLAN_DELEGATES, 4, "delegates", &delegates, error));
    NS_TRY(ns_fb_get_vector(reading->file->root, 3, 4, "delegate data", &inline_data, error));
    ns_program *program = reading->program;
    program->delegate_count = (int)delegates.count;
    program->delegates = NS_ARENA_ARRAY(reading->arena, delegates.count, ns_delegate *);
    if (!program->delegates)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for %u delegates", delegates.count);
    for (uint32_t i = 0; i < delegates.count; i++) {
        ns_fb_table entry, reference, buffer;
        ns_bytes id_text, blob = {0};
        const char *id = NULL;
        uint8_t location = 0;
        uint32_t index = 0;
        NS_TRY(ns_fb_element_table(delegates, i, "delegate", &entry, error));
        NS_TRY(ns_fb_get_string(entry, 0, "delegate's id", &id_text, error));
        NS_TRY(ns_reading_string(reading, id_text, &id, error));
        NS_TRY(ns_fb_get_table(entry, 1, "delegate's data", &reference, error));
        if (!reference.reader)
            return ns_fail(error, NS_ERROR_INPUT, "delegate %u has no data", i);
        NS_TRY(ns_fb_u8(reference, 0, 0, "data location", &location, error));
        NS_TRY(ns_fb_u32(reference, 1, 0, "data index", &index, error));
        if (location == 1) {
            NS_TRY(ns_program_file_segment(reading->file, index, "delegate", &blob, error));
        } else if (index < inline_data.count) {
            NS_TRY(ns_fb_element_table(inline_data, index, "delegate data", &buffer, error));
            NS_TRY(ns_fb_get_bytes(buffer, 0, "delegate data", &blob, error));
        } else {
            return ns_fail(error, NS_ERROR_INPUT, "delegate %u: data %u of %u do not exist", i, index,
                           inline_data.count);
        }
        if (ns_delegate_read(reading->file, id, blob, accelerator, reading->arena, &program->delegates[i],
                             error) != NS_OK)
            return ns_add_context(error, "delegate %u", i);
    }
    return NS_OK;
}

static ns_code check_index(int index, int count, const char *what, ns_error *error)
{
    if (index < 0 || index >= count)
        return ns_fail(error, NS_ERROR_INPUT, "%s %d of %d does not exist", what, index, count);
    return NS_OK;
}

static ns_code read_instruction(ns_reading *reading, ns_fb_table entry, int instruction_count,
                                ns_instruction *out, ns_error *error)
{
    const ns_program *program = reading->program;
    uint8_t kind = 0;
    ns_fb_table table;
    NS_TRY(ns_fb_u8(entry, 0, 0, "kind of an instruction", &kind, error));
    NS_TRY(ns_fb_get_table(entry, 1, "instruction", &table, error));
    if (kind < NS_INSTRUCTION_KERNEL || kind > NS_INSTRUCTION_FREE || !table.reader)
        return ns_fail(error, NS_ERROR_INPUT, "unknown or empty instruction of kind %u", kind);
    out->kind = (ns_instruction_kind)kind;
    NS_TRY(ns_fb_i32(table, 0, 0, "instruction", &out->target, error));
    switch (out->kind) {
    case NS_INSTRUCTION_KERNEL: {
        NS_TRY(check_index(out->target, program->kernel_count, "operator", error));
        NS_TRY(read_indices(reading, table, 1, "arguments", &out->argument_count, &out->arguments, error));
        const ns_kernel_info *kernel = program->kernels[out->target];
        if (out->argument_count < kernel->least || out->argument_count > kernel->most)
            return ns_fail(error, NS_ERROR_INPUT, "%s is called with %d arguments, expected %d to %d",
                           kernel->name, out->argument_count, kernel->least, kernel->most);
        return NS_OK;
    }
    case NS_INSTRUCTION_DELEGATE:
        NS_TRY(check_index(out->target, program->delegate_count, "delegate", error));
        return read_indices(reading, table, 1, "arguments", &out->argument_count, &out->arguments, error);
    case NS_INSTRUCTION_MOVE:
        NS_TRY(ns_fb_i32(table, 1, 0, "instruction", &out->other, error));
        NS_TRY(check_index(out->target, program->value_count, "value", error));
        return check_index(out->other, program->value_count, "value", error);
    case NS_INSTRUCTION_JUMP_FALSE:
        NS_TRY(ns_fb_i32(table, 1, 0, "instruction", &out->other, error));
        NS_TRY(check_index(out->target, program->value_count, "value", error));
        return check_index(out->other, instruction_count + 1, "instruction",
                           error); /* the end is a destination */
    case NS_INSTRUCTION_FREE:
        return check_index(out->target, program->value_count, "value", error);
    }
    return NS_OK;
}

static ns_code read_chains(ns_reading *reading, ns_fb_table plan, ns_error *error)
{
    ns_fb_vector chains;
    NS_TRY(ns_fb_get_vector(plan, PLAN_CHAINS, 4, "chains", &chains, error));
    ns_program *program = reading->program;
    program->chain_count = (int)chains.count;
    program->chains = NS_ARENA_ARRAY(reading->arena, chains.count, ns_chain);
    if (!program->chains)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for %u chains", chains.count);
    for (uint32_t i = 0; i < chains.count; i++) {
        ns_fb_table entry;
        ns_fb_vector instructions;
        NS_TRY(ns_fb_element_table(chains, i, "chain", &entry, error));
        NS_TRY(ns_fb_get_vector(entry, 2, 4, "instructions", &instructions, error));
        ns_chain *chain = &program->chains[i];
        chain->instruction_count = (int)instructions.count;
        chain->instructions = NS_ARENA_ARRAY(reading->arena, instructions.count, ns_instruction);
        if (!chain->instructions)
            return ns_fail(error, NS_ERROR_MEMORY, "no memory for %u instructions", instructions.count);
        for (uint32_t k = 0; k < instructions.count; k++) {
            ns_fb_table instruction;
            NS_TRY(ns_fb_element_table(instructions, k, "instruction", &instruction, error));
            if (read_instruction(reading, instruction, (int)instructions.count, &chain->instructions[k],
                                 error) != NS_OK)
                return ns_add_context(error, "chain %u, instruction %u", i, k);
        }
    }
    return NS_OK;
}

ns_code ns_program_read_method(const void *data, size_t size, const char *method, ns_accelerator accelerator,
                               ns_arena *arena, ns_program **out, ns_error *error)
{
    ns_program_file file;
    ns_bytes bytes = {data, size};
    const bool bundled = ns_program_is_bundle(data, size);
    if (bundled)
        NS_TRY(ns_bundle_program(bytes, &bytes, error));
    NS_TRY(ns_program_file_open(&file, bytes, error));
    ns_program *program = NS_ARENA_NEW(arena, ns_program);
    if (!program)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a program");
    ns_reading reading = {&file, arena, program};
    ns_fb_table plan;
    ns_fb_vector values;
    NS_TRY(choose_plan(&reading, method, &plan, error));
    NS_TRY(read_buffers(&reading, plan, error));
    NS_TRY(ns_fb_get_vector(plan, PLAN_VALUES, 4, "values", &values, error));
    NS_TRY(ns_reading_values(&reading, values, error));
    NS_TRY(
        read_indices(&reading, plan, PLAN_INPUTS, "inputs", &program->input_count, &program->inputs, error));
    NS_TRY(read_indices(&reading, plan, PLAN_OUTPUTS, "outputs", &program->output_count, &program->outputs,
                        error));
    NS_TRY(read_kernels(&reading, plan, error));
    NS_TRY(read_delegates(&reading, plan, accelerator, error));
    NS_TRY(read_chains(&reading, plan, error));
    if (bundled)
        NS_TRY(ns_bundle_cases((ns_bytes){data, size}, program, arena, error));
    *out = program;
    return NS_OK;
}

ns_code ns_program_read(const void *data, size_t size, ns_accelerator accelerator, ns_arena *arena,
                        ns_program **out, ns_error *error)
{
    return ns_program_read_method(data, size, NULL, accelerator, arena, out, error);
}

int ns_program_method_count(const ns_program *program)
{
    return program->method_count;
}

const char *ns_program_method_name(const ns_program *program, int index)
{
    return program->methods[index];
}

const char *ns_program_method(const ns_program *program)
{
    return program->method;
}

int ns_program_kernel_count(const ns_program *program)
{
    return program->kernel_count;
}

ns_code ns_program_kernel_name(const ns_program *program, int index, ns_arena *arena, const char **out,
                               ns_error *error)
{
    const ns_kernel_info *kernel = program->kernels[index];
    *out = ns_arena_format(arena, "%s%s%s", kernel->name, *kernel->overload ? "." : "", kernel->overload);
    return *out ? NS_OK : ns_fail(error, NS_ERROR_MEMORY, "no memory for a kernel's name");
}

bool ns_program_kernel_linked(const ns_program *program, int index, ns_runner runner)
{
    return program->kernels[index]->runners & runner;
}

int ns_program_input_count(const ns_program *program)
{
    return program->input_count;
}

int ns_program_output_count(const ns_program *program)
{
    return program->output_count;
}

static const ns_program_tensor *tensor_or_null(const ns_program *program, int index)
{
    const ns_value *value = &program->values[index];
    return value->kind == NS_VALUE_TENSOR ? &value->as.tensor : NULL;
}

const ns_program_tensor *ns_program_input(const ns_program *program, int index)
{
    return tensor_or_null(program, program->inputs[index]);
}

const ns_program_tensor *ns_program_output(const ns_program *program, int index)
{
    return tensor_or_null(program, program->outputs[index]);
}

int ns_program_buffer_count(const ns_program *program)
{
    return program->buffer_count;
}

uint64_t ns_program_buffer_size(const ns_program *program, int index)
{
    return program->buffer_sizes[index];
}

int ns_program_delegate_count(const ns_program *program)
{
    return program->delegate_count;
}

ns_npu_stream *ns_program_delegate(const ns_program *program, int index)
{
    return program->delegates[index]->stream;
}

const char *ns_program_delegate_id(const ns_program *program, int index)
{
    return program->delegates[index]->id;
}

const void *ns_program_delegate_graph(const ns_program *program, int index, size_t *size)
{
    *size = program->delegates[index]->graph.size;
    return program->delegates[index]->graph.data;
}
