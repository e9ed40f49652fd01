#include "program/inspect.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>

#include "npu/watch/inspect.h"
#include "program/delegate.h"
#include "program/program.h"

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

ns_code ns_program_inspect_text(const ns_program *program, ns_buffer *buffer, ns_error *error)
{
    ns_buffer_format(buffer, "ExecuTorch program, method %s\n", program->method);
    text_values(program, "input ", program->input_count, program->inputs, buffer);
    text_values(program, "output ", program->output_count, program->outputs, buffer);
    for (int i = 1; i < program->buffer_count; i++)
        ns_buffer_format(buffer, "planned buffer %d: %" PRIu64 " bytes\n", i, program->buffer_sizes[i]);
    for (int i = 0; i < program->kernel_count; i++) {
        const ns_kernel_info *kernel = program->kernels[i];
        ns_buffer_format(buffer, "operator %d: %s%s%s, called %d times%s\n", i, kernel->name,
                         *kernel->overload ? "." : "", kernel->overload,
                         calls_of(program, NS_INSTRUCTION_KERNEL, i),
                         kernel->function ? "" : "; npuscope does not have it");
    }
    for (int c = 0; c < program->chain_count; c++) {
        ns_buffer_format(buffer, "chain %d\n", c);
        for (int i = 0; i < program->chains[c].instruction_count; i++)
            text_instruction(program, i, &program->chains[c].instructions[i], buffer);
    }
    for (int i = 0; i < program->delegate_count; i++) {
        ns_buffer_format(buffer, "\ndelegate %d: %s, called %d times\n", i, program->delegates[i]->id,
                         calls_of(program, NS_INSTRUCTION_DELEGATE, i));
        NS_TRY(ns_npu_inspect_text(program->delegates[i]->stream, buffer, error));
    }
    return buffer->failed ? ns_fail(error, NS_ERROR_MEMORY, "no memory for the description") : NS_OK;
}

/* ---- JSON ---- */

/* Names from a file need not be UTF-8: what is not printable ASCII becomes '?'. */
static json_t *json_name(ns_arena *arena, const char *name)
{
    char *copy = ns_arena_string(arena, name);
    for (char *c = copy; c && *c; c++)
        if (*c < ' ' || *c > '~')
            *c = '?';
    return copy ? json_string(copy) : NULL;
}

static json_t *json_value(const ns_program *program, int index, ns_arena *arena)
{
    static const char *const homes[] = {"none", "constant", "planned"};
    const ns_value *value = &program->values[index];
    json_t *out = json_pack("{s:i}", "value", index);
    if (value->kind == NS_VALUE_TENSOR) {
        const ns_program_tensor *tensor = &value->as.tensor;
        json_t *shape = json_array(), *order = json_array();
        for (int i = 0; i < tensor->rank; i++) {
            json_array_append_new(shape, json_integer(tensor->shape[i]));
            json_array_append_new(order, json_integer(tensor->dim_order[i]));
        }
        json_object_set_new(out, "type", json_string(ns_scalar_text(tensor->scalar)));
        json_object_set_new(out, "shape", shape);
        json_object_set_new(out, "dim_order", order);
        json_object_set_new(out, "memory", json_string(homes[program->plans[index].home]));
    } else if (value->kind == NS_VALUE_INT) {
        json_object_set_new(out, "integer", json_integer(value->as.integer));
    } else if (value->kind == NS_VALUE_BOOL) {
        json_object_set_new(out, "bool", json_boolean(value->as.boolean));
    } else if (value->kind == NS_VALUE_DOUBLE) {
        json_t *real = json_real(value->as.real); /* NULL for NaN and infinities */
        json_object_set_new(out, "real", real ? real : json_null());
    } else {
        json_object_set_new(out, "kind", json_name(arena, ns_value_kind_text(value->kind)));
    }
    return out;
}

static json_t *json_values(const ns_program *program, int count, const int *indices, ns_arena *arena)
{
    json_t *list = json_array();
    for (int i = 0; i < count; i++)
        json_array_append_new(list, json_value(program, indices[i], arena));
    return list;
}

static json_t *json_instruction(const ns_program *program, const ns_instruction *instruction, ns_arena *arena)
{
    switch (instruction->kind) {
    case NS_INSTRUCTION_KERNEL:
        return json_pack("{s:i, s:o}", "operator", instruction->target, "arguments",
                         json_values(program, instruction->argument_count, instruction->arguments, arena));
    case NS_INSTRUCTION_DELEGATE:
        return json_pack("{s:i, s:o}", "delegate", instruction->target, "arguments",
                         json_values(program, instruction->argument_count, instruction->arguments, arena));
    case NS_INSTRUCTION_MOVE:
        return json_pack("{s:i, s:i}", "move", instruction->target, "to", instruction->other);
    case NS_INSTRUCTION_JUMP_FALSE:
        return json_pack("{s:i, s:i}", "jump_if_false", instruction->target, "to", instruction->other);
    case NS_INSTRUCTION_FREE:
        return json_pack("{s:i}", "free", instruction->target);
    }
    return NULL;
}

static ns_code json_delegate(const ns_program *program, int index, ns_arena *arena, json_t **out,
                             ns_error *error)
{
    const ns_delegate *delegate = program->delegates[index];
    ns_buffer text = {.arena = arena};
    NS_TRY(ns_npu_inspect_json(delegate->stream, &text, error));
    json_t *stream = json_loadb((const char *)text.data, text.size, 0, NULL);
    if (!stream)
        return ns_fail(error, NS_ERROR_INTERNAL, "delegate %d: its description is not JSON", index);
    *out = json_pack("{s:o, s:i, s:o}", "id", json_name(arena, delegate->id), "calls",
                     calls_of(program, NS_INSTRUCTION_DELEGATE, index), "stream", stream);
    return NS_OK;
}

static ns_code fill(const ns_program *program, json_t *root, ns_arena *arena, ns_error *error)
{
    json_t *buffers = json_array(), *operators = json_array(), *chains = json_array(),
           *delegates = json_array();
    json_object_set_new(root, "schema", json_string("npuscope/inspect/1"));
    json_object_set_new(root, "format", json_string("program"));
    json_object_set_new(root, "method", json_name(arena, program->method));
    json_object_set_new(root, "inputs", json_values(program, program->input_count, program->inputs, arena));
    json_object_set_new(root, "outputs",
                        json_values(program, program->output_count, program->outputs, arena));
    json_object_set_new(root, "planned_buffers", buffers);
    json_object_set_new(root, "operators", operators);
    json_object_set_new(root, "chains", chains);
    json_object_set_new(root, "delegates", delegates);
    for (int i = 1; i < program->buffer_count; i++)
        json_array_append_new(buffers, json_integer((json_int_t)program->buffer_sizes[i]));
    for (int i = 0; i < program->kernel_count; i++) {
        const ns_kernel_info *kernel = program->kernels[i];
        json_array_append_new(operators,
                              json_pack("{s:o, s:o, s:i, s:b}", "name", json_name(arena, kernel->name),
                                        "overload", json_name(arena, kernel->overload), "calls",
                                        calls_of(program, NS_INSTRUCTION_KERNEL, i), "available",
                                        kernel->function != NULL));
    }
    for (int c = 0; c < program->chain_count; c++) {
        json_t *chain = json_array();
        for (int i = 0; i < program->chains[c].instruction_count; i++)
            json_array_append_new(chain,
                                  json_instruction(program, &program->chains[c].instructions[i], arena));
        json_array_append_new(chains, chain);
    }
    for (int i = 0; i < program->delegate_count; i++) {
        json_t *delegate = NULL;
        NS_TRY(json_delegate(program, i, arena, &delegate, error));
        json_array_append_new(delegates, delegate);
    }
    return NS_OK;
}

ns_code ns_program_inspect_json(const ns_program *program, ns_buffer *buffer, ns_error *error)
{
    json_t *root = json_object();
    ns_code code = fill(program, root, buffer->arena, error);
    char *text = code == NS_OK ? json_dumps(root, JSON_INDENT(1)) : NULL;
    json_decref(root);
    NS_TRY(code);
    if (!text)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the description");
    ns_buffer_format(buffer, "%s\n", text);
    free(text);
    return buffer->failed ? ns_fail(error, NS_ERROR_MEMORY, "no memory for the description") : NS_OK;
}
