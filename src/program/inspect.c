#include "program/interface.h"

#include <inttypes.h>

#include "base/interface.h"
#include "npu/watch/interface.h"
#include "program/internal.h"

static int calls_of(const ns_program *program, ns_instruction_kind kind, int target)
{
    int count = 0;
    for (int c = 0; c < program->chain_count; c++)
        for (int i = 0; i < program->chains[c].instruction_count; i++) {
            const ns_instruction *instruction = &program->chains[c].instructions[i];
            count += instruction->kind == kind && instruction->target == target;
        }
    return count;
}

/* ---- text ---- */

static void text_value(const ns_program *program, int index, ns_buffer *buffer)
{
    static const char *const homes[] = {"", " constant", " planned"};
    const ns_value *value = &program->values[index];
    char text[256];
    switch (value->kind) {
    case NS_VALUE_TENSOR:
        ns_buffer_format(buffer, "%s%s", ns_program_tensor_describe(&value->as.tensor, text, sizeof text),
                         homes[program->plans[index].home]);
        if (value->as.tensor.dynamic)
            ns_buffer_format(buffer, " dynamic, at most that");
        if (!ns_program_tensor_is_contiguous(&value->as.tensor)) {
            ns_buffer_format(buffer, " dim order");
            for (int i = 0; i < value->as.tensor.rank; i++)
                ns_buffer_format(buffer, " %d", value->as.tensor.dim_order[i]);
        }
        break;
    case NS_VALUE_INT:
        ns_buffer_format(buffer, "%" PRId64, value->as.integer);
        break;
    case NS_VALUE_BOOL:
        ns_buffer_format(buffer, value->as.boolean ? "true" : "false");
        break;
    case NS_VALUE_DOUBLE:
        ns_buffer_format(buffer, "%.9g", value->as.real);
        break;
    case NS_VALUE_NONE:
    case NS_VALUE_STRING:
    case NS_VALUE_INT_LIST:
    case NS_VALUE_DOUBLE_LIST:
    case NS_VALUE_BOOL_LIST:
    case NS_VALUE_TENSOR_LIST:
    case NS_VALUE_OPTIONAL_TENSOR_LIST:
        ns_buffer_format(buffer, "%s", ns_value_kind_text(value->kind));
        break;
    }
}

static void text_values(const ns_program *program, const char *title, int count, const int *indices,
                        ns_buffer *buffer)
{
    for (int i = 0; i < count; i++) {
        ns_buffer_format(buffer, "%s%d: value %d, ", title, i, indices[i]);
        text_value(program, indices[i], buffer);
        ns_buffer_format(buffer, "\n");
    }
}

static void text_instruction(const ns_program *program, int number, const ns_instruction *instruction,
                             ns_buffer *buffer)
{
    ns_buffer_format(buffer, "  %d ", number);
    switch (instruction->kind) {
    case NS_INSTRUCTION_KERNEL:
        ns_buffer_format(buffer, "%s", program->kernels[instruction->target]->name);
        break;
    case NS_INSTRUCTION_DELEGATE:
        ns_buffer_format(buffer, "delegate %d", instruction->target);
        break;
    case NS_INSTRUCTION_MOVE:
        ns_buffer_format(buffer, "move value %d to %d\n", instruction->target, instruction->other);
        return;
    case NS_INSTRUCTION_JUMP_FALSE:
        ns_buffer_format(buffer, "jump to %d if value %d is false\n", instruction->other,
                         instruction->target);
        return;
    case NS_INSTRUCTION_FREE:
        ns_buffer_format(buffer, "free value %d\n", instruction->target);
        return;
    }
    ns_buffer_format(buffer, "\n");
    for (int i = 0; i < instruction->argument_count; i++) {
        ns_buffer_format(buffer, "      %d: value %d, ", i, instruction->arguments[i]);
        text_value(program, instruction->arguments[i], buffer);
        ns_buffer_format(buffer, "\n");
    }
}

static ns_code text_delegate(const ns_delegate *delegate, ns_buffer *buffer, ns_error *error)
{
    if (delegate->stream)
        return ns_npu_inspect_text(delegate->stream, buffer, error);
    if (!delegate->graph.data) {
        ns_buffer_format(buffer, "another backend's: npuscope does not look into it\n");
        return NS_OK;
    }
    const char *text = NULL;
    NS_TRY(ns_graph_delegate_print(delegate->graph, false, buffer->arena, &text, error));
    ns_buffer_append(buffer, text, strlen(text));
    return NS_OK;
}

ns_code ns_program_inspect_text(const ns_program *program, ns_buffer *buffer, ns_error *error)
{
    ns_buffer_format(buffer, "ExecuTorch program, method %s", program->method);
    for (int i = 0, others = 0; i < program->method_count; i++)
        if (program->methods[i] != program->method)
            ns_buffer_format(buffer, "%s %s", others++ ? "," : "; it has also", program->methods[i]);
    ns_buffer_format(buffer, "\n");
    if (program->case_count)
        ns_buffer_format(buffer, "bundled with %d test case%s\n", program->case_count,
                         program->case_count == 1 ? "" : "s");
    text_values(program, "input ", program->input_count, program->inputs, buffer);
    text_values(program, "output ", program->output_count, program->outputs, buffer);
    for (int i = 1; i < program->buffer_count; i++)
        ns_buffer_format(buffer, "planned buffer %d: %" PRIu64 " bytes\n", i, program->buffer_sizes[i]);
    for (int i = 0; i < program->kernel_count; i++) {
        const ns_kernel_info *kernel = program->kernels[i];
        ns_buffer_format(buffer, "operator %d: %s%s%s, called %d time%s%s\n", i, kernel->name,
                         *kernel->overload ? "." : "", kernel->overload,
                         calls_of(program, NS_INSTRUCTION_KERNEL, i),
                         calls_of(program, NS_INSTRUCTION_KERNEL, i) == 1 ? "" : "s",
                         kernel->function ? "" : "; npuscope does not have it");
    }
    for (int c = 0; c < program->chain_count; c++) {
        ns_buffer_format(buffer, "chain %d\n", c);
        for (int i = 0; i < program->chains[c].instruction_count; i++)
            text_instruction(program, i, &program->chains[c].instructions[i], buffer);
    }
    for (int i = 0; i < program->delegate_count; i++) {
        ns_buffer_format(buffer, "\ndelegate %d: %s, called %d time%s\n", i, program->delegates[i]->id,
                         calls_of(program, NS_INSTRUCTION_DELEGATE, i),
                         calls_of(program, NS_INSTRUCTION_DELEGATE, i) == 1 ? "" : "s");
        NS_TRY(text_delegate(program->delegates[i], buffer, error));
    }
    return buffer->failed ? ns_fail(error, NS_ERROR_MEMORY, "no memory for the description") : NS_OK;
}

/* ---- JSON ---- */

static void add_value(ns_json *json, const ns_program *program, int index)
{
    static const char *const homes[] = {"none", "constant", "planned"};
    const ns_value *value = &program->values[index];
    ns_json_object(json, NULL);
    ns_json_integer(json, "value", index);
    if (value->kind == NS_VALUE_TENSOR) {
        const ns_program_tensor *tensor = &value->as.tensor;
        ns_json_text(json, "type", ns_scalar_text(tensor->scalar));
        ns_json_integers(json, "shape", tensor->rank, tensor->shape);
        ns_json_array(json, "dim_order");
        for (int i = 0; i < tensor->rank; i++)
            ns_json_integer(json, NULL, tensor->dim_order[i]);
        ns_json_end(json);
        ns_json_text(json, "memory", homes[program->plans[index].home]);
    } else if (value->kind == NS_VALUE_INT) {
        ns_json_integer(json, "integer", value->as.integer);
    } else if (value->kind == NS_VALUE_BOOL) {
        ns_json_bool(json, "bool", value->as.boolean);
    } else if (value->kind == NS_VALUE_DOUBLE) {
        ns_json_real(json, "real", value->as.real);
    } else {
        ns_json_text(json, "kind", ns_value_kind_text(value->kind));
    }
    ns_json_end(json);
}

static void add_values(ns_json *json, const char *key, const ns_program *program, int count,
                       const int *indices)
{
    ns_json_array(json, key);
    for (int i = 0; i < count; i++)
        add_value(json, program, indices[i]);
    ns_json_end(json);
}

static void add_instruction(ns_json *json, const ns_program *program, const ns_instruction *instruction)
{
    static const char *const keys[] = {
        [NS_INSTRUCTION_KERNEL] = "operator", [NS_INSTRUCTION_DELEGATE] = "delegate",
        [NS_INSTRUCTION_MOVE] = "move",       [NS_INSTRUCTION_JUMP_FALSE] = "jump_if_false",
        [NS_INSTRUCTION_FREE] = "free",
    };
    ns_json_object(json, NULL);
    ns_json_integer(json, keys[instruction->kind], instruction->target);
    if (instruction->kind == NS_INSTRUCTION_KERNEL || instruction->kind == NS_INSTRUCTION_DELEGATE)
        add_values(json, "arguments", program, instruction->argument_count, instruction->arguments);
    if (instruction->kind == NS_INSTRUCTION_MOVE || instruction->kind == NS_INSTRUCTION_JUMP_FALSE)
        ns_json_integer(json, "to", instruction->other);
    ns_json_end(json);
}

static void add_kernels(ns_json *json, const ns_program *program)
{
    ns_json_array(json, "operators");
    for (int i = 0; i < program->kernel_count; i++) {
        const ns_kernel_info *kernel = program->kernels[i];
        ns_json_object(json, NULL);
        ns_json_text(json, "name", kernel->name);
        ns_json_text(json, "overload", kernel->overload);
        ns_json_integer(json, "calls", calls_of(program, NS_INSTRUCTION_KERNEL, i));
        ns_json_bool(json, "available", kernel->function != NULL);
        ns_json_end(json);
    }
    ns_json_end(json);
}

static void add_chains(ns_json *json, const ns_program *program)
{
    ns_json_array(json, "chains");
    for (int c = 0; c < program->chain_count; c++) {
        ns_json_array(json, NULL);
        for (int i = 0; i < program->chains[c].instruction_count; i++)
            add_instruction(json, program, &program->chains[c].instructions[i]);
        ns_json_end(json);
    }
    ns_json_end(json);
}

static ns_code add_delegates(ns_json *json, const ns_program *program, ns_error *error)
{
    ns_json_array(json, "delegates");
    for (int i = 0; i < program->delegate_count; i++) {
        const ns_delegate *delegate = program->delegates[i];
        const char *graph = NULL;
        if (delegate->graph.data)
            NS_TRY(ns_graph_delegate_print(delegate->graph, true, json->buffer->arena, &graph, error));
        ns_json_object(json, NULL);
        ns_json_text(json, "id", program->delegates[i]->id);
        ns_json_integer(json, "calls", calls_of(program, NS_INSTRUCTION_DELEGATE, i));
        if (graph)
            ns_json_document(json, "graph", (ns_bytes){(const uint8_t *)graph, strlen(graph)});
        else if (delegate->stream)
            NS_TRY(ns_npu_inspect_json(delegate->stream, json, "stream", error));
        ns_json_end(json);
    }
    ns_json_end(json);
    return NS_OK;
}

ns_code ns_program_inspect_json(const ns_program *program, ns_buffer *buffer, ns_error *error)
{
    ns_json json = ns_json_begin(buffer, true, 17);
    ns_json_object(&json, NULL);
    ns_json_text(&json, "schema", "npuscope/inspect/1");
    ns_json_text(&json, "format", "program");
    ns_json_text(&json, "method", program->method);
    ns_json_array(&json, "methods");
    for (int i = 0; i < program->method_count; i++)
        ns_json_text(&json, NULL, program->methods[i]);
    ns_json_end(&json);
    add_values(&json, "inputs", program, program->input_count, program->inputs);
    add_values(&json, "outputs", program, program->output_count, program->outputs);
    ns_json_array(&json, "planned_buffers");
    for (int i = 1; i < program->buffer_count; i++)
        ns_json_integer(&json, NULL, (int64_t)program->buffer_sizes[i]);
    ns_json_end(&json);
    add_kernels(&json, program);
    add_chains(&json, program);
    NS_TRY(add_delegates(&json, program, error));
    ns_json_end(&json);
    return ns_json_finish(&json, "the description", NULL, error);
}
