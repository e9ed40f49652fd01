#include "stage/interface.h"

#include <string.h>

#include "program/interface.h"

static ns_code no_memory(ns_error *error)
{
    return ns_fail(error, NS_ERROR_MEMORY, "no memory for a case");
}

/* ---- taking ---- */

static ns_code make_room(ns_ladder *ladder, int input_count, int output_count, ns_error *error)
{
    const ns_case_model *model = &ladder->model->model;
    ladder->input_count = input_count;
    ladder->output_count = output_count;
    ladder->integers = NS_ARENA_ARRAY(ladder->arena, (size_t)input_count, ns_tensor);
    ladder->shapes = NS_ARENA_ARRAY(ladder->arena, (size_t)output_count, ns_tensor);
    ladder->outputs = NS_ARENA_ARRAY(ladder->arena, (size_t)output_count, ns_measured);
    if (!ladder->integers || !ladder->shapes || !ladder->outputs)
        return no_memory(error);
    if (output_count > NS_CASE_TENSORS)
        return ns_fail(error, NS_ERROR_UNSUPPORTED, "%s/%s has %d outputs; a case has at most %d",
                       ladder->row->files->where, model->file, output_count, NS_CASE_TENSORS);
    if (output_count < 1)
        return ns_fail(error, NS_ERROR_INPUT, "%s/%s has no output", ladder->row->files->where, model->file);
    if (model->input_count != input_count)
        return ns_fail(error, NS_ERROR_INPUT, "%s: %d inputs are given, %s has %d", ladder->row->files->where,
                       model->input_count, model->file, input_count);
    return NS_OK;
}

/* Type, shape and scale of an output. What the case gives as scale comes before what the file has. */
static void set_output(ns_ladder *ladder, int index, const ns_tensor *shape, double scale, int64_t zero_point)
{
    const ns_case_model *model = &ladder->model->model;
    if (index >= model->output_count || model->outputs[index].scale == 0) {
        model->outputs[index].scale = scale;
        model->outputs[index].zero_point = zero_point;
    }
    ladder->shapes[index] = *shape;
    ladder->shapes[index].data = NULL;
    ladder->outputs[index] = (ns_measured){ns_tensor_count(shape), model->outputs[index].scale};
    ladder->count += ladder->outputs[index].count;
}

static ns_code take_input(ns_ladder *ladder, int index, const ns_tensor *shape, double scale,
                          int64_t zero_point, ns_error *error)
{
    ns_case_tensor given = ladder->model->model.inputs[index];
    if (given.scale == 0) {
        given.scale = scale;
        given.zero_point = zero_point;
    }
    if (!given.file)
        return ns_fail(error, NS_ERROR_INPUT, "%s: input %d names no file", ladder->row->files->where, index);
    return ns_case_input_values(ladder->row->files, &given, shape->dtype, shape->rank, shape->shape,
                                ladder->arena, &ladder->integers[index], error);
}

static ns_code take_graph_io(ns_ladder *ladder, const ns_graph *graph, ns_error *error)
{
    NS_TRY(ns_graph_validate(graph, error));
    const ns_block *block = &graph->regions[0].blocks[0];
    NS_TRY(make_room(ladder, block->input_count, block->output_count, error));
    for (int i = 0; i < block->input_count; i++)
        NS_TRY(take_input(ladder, i, &block->tensors[block->inputs[i]].tensor, 0, 0, error));
    for (int o = 0; o < block->output_count; o++)
        set_output(ladder, o, &block->tensors[block->outputs[o]].tensor, 0, 0);
    return NS_OK;
}

static ns_code take_graph(ns_ladder *ladder, ns_error *error)
{
    const ns_bytes bytes = ladder->model->model.bytes;
    ns_graph *graph = NULL;
    NS_TRY(ns_graph_read_within(ns_arena_budget(ladder->arena), bytes.data, bytes.size, &graph, error));
    const ns_code code = take_graph_io(ladder, graph, error);
    ns_graph_free(graph);
    return code;
}

static ns_tensor io_shape(const ns_npu_io *io)
{
    ns_tensor shape = {.dtype = io->is_bool ? NS_DTYPE_BOOL : ns_dtype_of_size(io->element_bytes),
                       .rank = io->rank};
    memcpy(shape.shape, io->shape, sizeof shape.shape);
    return shape;
}

static ns_code take_stream(ns_ladder *ladder, ns_error *error)
{
    ns_given_model *given = ladder->model;
    const ns_bytes bytes = given->model.bytes;
    NS_TRY((given->model.kind == NS_CASE_NPZ ? ns_npu_load_npz : ns_npu_load_tflite)(
        bytes.data, bytes.size, NS_ACCELERATOR_UNKNOWN, ladder->arena, &given->stream, error));
    ladder->request.accelerator = ns_npu_accelerator(given->stream);
    NS_TRY(make_room(ladder, ns_npu_input_count(given->stream), ns_npu_output_count(given->stream), error));
    for (int i = 0; i < ladder->input_count; i++) {
        const ns_npu_io *io = ns_npu_input(given->stream, i);
        const ns_tensor shape = io_shape(io);
        NS_TRY(take_input(ladder, i, &shape, io->scale, io->zero_point, error));
    }
    for (int o = 0; o < ladder->output_count; o++) {
        const ns_npu_io *io = ns_npu_output(given->stream, o);
        const ns_tensor shape = io_shape(io);
        set_output(ladder, o, &shape, io->scale, io->zero_point);
    }
    return NS_OK;
}

ns_code ns_given_shape(const ns_ladder *ladder, const ns_program_tensor *tensor, ns_tensor *out,
                       ns_error *error)
{
    const ns_dtype dtype = tensor ? ns_scalar_dtype(tensor->scalar) : NS_DTYPE_UNKNOWN;
    if (dtype == NS_DTYPE_UNKNOWN || tensor->rank > NS_MAX_RANK)
        return ns_fail(error, NS_ERROR_UNSUPPORTED,
                       "%s/%s has an input or output that cannot be compared (%s)", ladder->row->files->where,
                       ladder->model->model.file, tensor ? ns_scalar_text(tensor->scalar) : "no tensor");
    *out = (ns_tensor){.dtype = dtype, .rank = tensor->rank};
    memcpy(out->shape, tensor->shape, (size_t)tensor->rank * sizeof tensor->shape[0]);
    return NS_OK;
}

static bool is_raw(const char *name)
{
    const size_t length = strlen(name);
    return length > 4 && strcmp(name + length - 4, ".bin") == 0;
}

/* The bytes of an input in its memory order: as a .bin file has them, or out of an .npy file. */
static ns_code take_program_input(ns_ladder *ladder, int index, ns_error *error)
{
    ns_given_model *given = ladder->model;
    const ns_program_tensor *tensor = ns_program_input(given->program, index);
    const char *file = given->model.inputs[index].file;
    if (!tensor) /* a number or None: the program holds it */
        return NS_OK;
    if (file && is_raw(file)) {
        ns_bytes bytes;
        NS_TRY(ns_case_bytes(ladder->row->files, file, ladder->arena, &bytes, error));
        given->inputs[index] = bytes.data;
        given->input_sizes[index] = bytes.size;
        return NS_OK;
    }
    ns_tensor shape;
    NS_TRY(ns_given_shape(ladder, tensor, &shape, error));
    NS_TRY(take_input(ladder, index, &shape, 0, 0, error));
    const size_t size = tensor->count * (size_t)ns_scalar_bytes(tensor->scalar);
    void *memory = ns_arena_alloc(ladder->arena, size, 1);
    if (!memory)
        return no_memory(error);
    ns_program_to_memory_order(tensor, ladder->integers[index].data, memory);
    given->inputs[index] = memory;
    given->input_sizes[index] = size;
    return NS_OK;
}

/* Of the first delegate with a command stream; others may be of another backend, or TOSA graphs. */
static void take_accelerator(ns_ladder *ladder, const ns_program *program)
{
    for (int i = ns_program_delegate_count(program) - 1; i >= 0; i--) {
        const ns_npu_stream *stream = ns_program_delegate(program, i);
        if (stream)
            ladder->request.accelerator = ns_npu_accelerator(stream);
    }
}

static ns_code take_program(ns_ladder *ladder, ns_error *error)
{
    ns_given_model *given = ladder->model;
    const ns_bytes bytes = given->model.bytes;
    NS_TRY(ns_program_read(bytes.data, bytes.size, NS_ACCELERATOR_UNKNOWN, ladder->arena, &given->program,
                           error));
    take_accelerator(ladder, given->program);
    NS_TRY(make_room(ladder, ns_program_input_count(given->program), ns_program_output_count(given->program),
                     error));
    given->inputs = NS_ARENA_ARRAY(ladder->arena, (size_t)ladder->input_count, const void *);
    given->input_sizes = NS_ARENA_ARRAY(ladder->arena, (size_t)ladder->input_count, size_t);
    if (!given->inputs || !given->input_sizes)
        return no_memory(error);
    for (int i = 0; i < ladder->input_count; i++)
        NS_TRY(take_program_input(ladder, i, error));
    for (int o = 0; o < ladder->output_count; o++) {
        ns_tensor shape;
        NS_TRY(ns_given_shape(ladder, ns_program_output(given->program, o), &shape, error));
        set_output(ladder, o, &shape, 0, 0);
    }
    return NS_OK;
}

/* Reals can be compared with integers of a known scale alone. */
static ns_code check_scales(const ns_ladder *ladder, ns_error *error)
{
    for (int o = 0; o < ladder->output_count; o++) {
        const bool real = ladder->references.floats[o].data || ladder->references.quantised[o].data;
        const ns_dtype dtype = ladder->shapes[o].dtype;
        if (real && ladder->outputs[o].scale == 0 && dtype != NS_DTYPE_FP32 && dtype != NS_DTYPE_BOOL)
            return ns_fail(
                error, NS_ERROR_INPUT,
                "%s: output %d of %s is compared with floats, and has no scale (case.json: outputs, scale)",
                ladder->row->files->where, o, ns_dtype_text(dtype));
    }
    return NS_OK;
}

static ns_code take_references(ns_ladder *ladder, ns_error *error)
{
    size_t *counts = NS_ARENA_ARRAY(ladder->arena, (size_t)ladder->output_count, size_t);
    if (!counts)
        return no_memory(error);
    for (int o = 0; o < ladder->output_count; o++)
        counts[o] = ladder->outputs[o].count;
    NS_TRY(ns_case_read_named_references(ladder->row->files, &ladder->model->model, ladder->output_count,
                                         counts, ladder->arena, &ladder->references, error));
    return check_scales(ladder, error);
}

ns_code ns_given_take(ns_ladder *ladder, bool recorded, ns_error *error)
{
    ns_given_model *given = NS_ARENA_NEW(ladder->arena, ns_given_model);
    if (!given)
        return no_memory(error);
    NS_TRY((recorded ? ns_case_delegate_read : ns_case_model_read)(ladder->row->files, ladder->arena,
                                                                   &given->model, error));
    ladder->model = given;
    ladder->count = 0;
    ladder->bound_problem = "what its format costs at most is not known of a given model";
    switch (given->model.kind) {
    case NS_CASE_TOSA:
        NS_TRY(take_graph(ladder, error));
        break;
    case NS_CASE_NPZ:
    case NS_CASE_TFLITE:
        NS_TRY(take_stream(ladder, error));
        break;
    case NS_CASE_PROGRAM:
        NS_TRY(take_program(ladder, error));
        break;
    }
    return take_references(ladder, error);
}
