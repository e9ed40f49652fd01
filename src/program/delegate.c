/* The blob (ExecuTorch 1.5.0, backends/arm/arm_vela.py and runtime/VelaBinStream.cpp): blocks of a 16-byte
 * name, a u32 size, a u8 "external" flag and 11 reserved bytes, then the payload padded to 16 bytes. The
 * first is vela_bin_stream, the last vela_end_stream, both empty. An external block's payload is the
 * 64-character key of a named datum. inputs and outputs: an i32 count, then for each six dims, element
 * size, offset in the scratch memory and region, all i32.
 *
 * Earlier releases (arm_vela.py, VelaBinStream.h and the backend's .cpp at v0.4.0 to v0.7.0): four dims up to
 * 0.7; instead of scratch_size, up to 0.6, scratch_data, as many zeros as the scratch memory has bytes; the
 * backend is called ArmBackend up to 0.5. With four dims the runtime exchanges CHW and HWC of bytes where
 * the program's dims and the stream's say so. */
#include "program/internal.h"

#include <stdio.h>

enum { BLOCK_HEADER = 32, IO_RANK = 6, IO_OLD_RANK = 4, IO_SCALARS = 3, KEY_SIZE = 64 };

/* Region 2, Vela's memory mode Dedicated_Sram. The blob does not tell its size: the runtime gives the NPU the
 * runner's ethosu_fast_scratch, memory of its own beside the scratch memory
 * (EthosUBackend_Cortex_M.cpp). Here it is all the SRAM of a Corstone-320, unless ns_npu_options.fast_scratch
 * says what the device has. */
#define FAST_SCRATCH_SIZE ((uint64_t)4 << 20)

typedef struct blob_parts {
    ns_bytes commands, weights, inputs, outputs;
    uint32_t scratch_size;
    bool has_scratch, ended;
} blob_parts;

/* Names are compared as prefixes, as the runtime does. */
static bool is_named(const uint8_t *name, const char *text)
{
    return strncmp((const char *)name, text, strlen(text)) == 0;
}

static ns_code read_block(ns_program_file *file, ns_bytes blob, size_t *position, blob_parts *parts,
                          ns_error *error)
{
    ns_bytes header, payload;
    NS_TRY(ns_bytes_slice(blob, *position, BLOCK_HEADER, "block header", &header, error));
    uint32_t size = ns_load_u32(header.data + 16);
    NS_TRY(ns_bytes_slice(blob, *position + BLOCK_HEADER, size, "block", &payload, error));
    bool first = *position == 0;
    *position += BLOCK_HEADER + ((size_t)size + 15) / 16 * 16;
    if (header.data[20] == 1) {
        if (size != KEY_SIZE)
            return ns_fail(error, NS_ERROR_INPUT, "external block with a key of %u bytes, expected %d", size,
                           KEY_SIZE);
        NS_TRY(ns_program_file_named(file, payload, &payload, error));
    }
    const uint8_t *name = header.data;
    if (is_named(name, "vela_bin_stream")) {
        if (!first)
            return ns_fail(error, NS_ERROR_INPUT, "a second vela_bin_stream block");
    } else if (first) {
        return ns_fail(error, NS_ERROR_INPUT, "the blob does not begin with vela_bin_stream");
    } else if (is_named(name, "cmd_data")) {
        parts->commands = payload;
    } else if (is_named(name, "weight_data")) {
        parts->weights = payload;
    } else if (is_named(name, "scratch_size")) {
        NS_TRY(ns_bytes_u32(payload, 0, "scratch_size", &parts->scratch_size, error));
        parts->has_scratch = true;
    } else if (is_named(name, "scratch_data")) {
        parts->scratch_size = size;
        parts->has_scratch = true;
    } else if (is_named(name, "inputs")) {
        parts->inputs = payload;
    } else if (is_named(name, "outputs")) {
        parts->outputs = payload;
    } else if (is_named(name, "vela_end_stream")) {
        parts->ended = true;
    } else {
        return ns_fail(error, NS_ERROR_INPUT, "unknown block '%.16s'", (const char *)name);
    }
    return NS_OK;
}

/* A block's size tells how many dims its tensors have. */
static int dims_of(size_t size, uint32_t count)
{
    const size_t old = (size_t)count * (IO_OLD_RANK + IO_SCALARS) * 4;
    return count > 0 && size - 4 == old ? IO_OLD_RANK : IO_RANK;
}

static ns_code read_io(ns_bytes bytes, const char *what, ns_arena *arena, int *count, const ns_npu_io **out,
                       ns_error *error)
{
    *count = 0;
    *out = NULL;
    if (!bytes.data)
        return NS_OK;
    uint32_t declared = 0;
    NS_TRY(ns_bytes_u32(bytes, 0, what, &declared, error));
    const int rank = dims_of(bytes.size, declared), words = rank + IO_SCALARS;
    if (declared > (bytes.size - 4) / ((size_t)words * 4))
        return ns_fail(error, NS_ERROR_INPUT, "%s: %u tensors do not fit a block of %zu bytes", what,
                       declared, bytes.size);
    ns_npu_io *list = NS_ARENA_ARRAY(arena, declared, ns_npu_io);
    if (!list)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for %u tensors", declared);
    for (uint32_t i = 0; i < declared; i++) {
        int32_t word[IO_RANK + IO_SCALARS];
        for (int k = 0; k < words; k++)
            word[k] = (int32_t)ns_load_u32(bytes.data + 4 + ((size_t)i * (size_t)words + (size_t)k) * 4);
        const int32_t *scalars = word + rank;
        ns_npu_io *io = &list[i];
        io->rank = rank;
        for (int k = 0; k < rank; k++)
            io->shape[k] = word[k] == 0 ? 1 : word[k]; /* the runtime takes 0 for 1 */
        io->element_bytes = scalars[0];
        io->offset = (uint32_t)scalars[1];
        /* The runtime ignores the region: inputs and outputs lie in the scratch memory, region 1. */
        io->region = 1;
        size_t elements = 0;
        if (ns_shape_count(io->rank, io->shape, &elements, error) != NS_OK)
            return ns_add_context(error, "%s %u", what, i);
        if (scalars[0] != 1 && scalars[0] != 2 && scalars[0] != 4 && scalars[0] != 8)
            return ns_fail(error, NS_ERROR_INPUT, "%s %u: elements of %d bytes", what, i, scalars[0]);
        if (scalars[1] < 0)
            return ns_fail(error, NS_ERROR_INPUT, "%s %u: negative offset %d", what, i, scalars[1]);
    }
    *count = (int)declared;
    *out = list;
    return NS_OK;
}

static ns_code read_graph(ns_program_file *file, ns_bytes blob, ns_arena *arena, ns_delegate *delegate,
                          ns_error *error)
{
    NS_TRY(ns_program_file_spend(file, blob.size, error));
    delegate->graph = (ns_bytes){ns_arena_copy(arena, blob.data, blob.size), blob.size};
    if (!delegate->graph.data)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a graph of %zu bytes", blob.size);
    return ns_graph_delegate_interface(delegate->graph, arena, &delegate->input_count, &delegate->inputs,
                                       &delegate->output_count, &delegate->outputs, error);
}

ns_code ns_delegate_read(ns_program_file *file, const char *id, ns_bytes blob, ns_accelerator accelerator,
                         ns_arena *arena, ns_delegate **out, ns_error *error)
{
    const bool is_graph = strcmp(id, "TOSABackend") == 0;
    const bool is_foreign = !is_graph && strcmp(id, "EthosUBackend") != 0 && strcmp(id, "ArmBackend") != 0;
    if (is_graph || is_foreign) {
        ns_delegate *delegate = NS_ARENA_NEW(arena, ns_delegate);
        if (!delegate)
            return ns_fail(error, NS_ERROR_MEMORY, "no memory for a delegate");
        delegate->id = id;
        *out = delegate;
        return is_foreign ? NS_OK : read_graph(file, blob, arena, delegate, error);
    }
    blob_parts parts = {0};
    for (size_t position = 0; !parts.ended;) {
        size_t begin = position;
        if (read_block(file, blob, &position, &parts, error) != NS_OK)
            return ns_add_context(error, "Ethos-U blob, offset %zu", begin);
        if (parts.ended && position != blob.size)
            return ns_fail(error, NS_ERROR_INPUT, "Ethos-U blob: %zu bytes, but vela_end_stream ends at %zu",
                           blob.size, position);
    }
    if (!parts.commands.data || !parts.has_scratch)
        return ns_fail(error, NS_ERROR_INPUT, "Ethos-U blob: no %s block",
                       parts.commands.data ? "scratch_size" : "cmd_data");
    if (parts.scratch_size > NS_PROGRAM_MEMORY_LIMIT)
        return ns_fail(error, NS_ERROR_INPUT, "Ethos-U blob: %u bytes of scratch memory, over 256 MiB",
                       parts.scratch_size);
    NS_TRY(ns_program_file_spend(file, parts.commands.size + (uint64_t)parts.weights.size, error));
    ns_delegate *delegate = NS_ARENA_NEW(arena, ns_delegate);
    if (!delegate)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a delegate");
    delegate->id = id;
    NS_TRY(read_io(parts.inputs, "input", arena, &delegate->input_count, &delegate->inputs, error));
    NS_TRY(read_io(parts.outputs, "output", arena, &delegate->output_count, &delegate->outputs, error));
    const ns_npu_parts stream = {
        .payload = parts.commands.data,
        .payload_size = parts.commands.size,
        .weights = parts.weights.data,
        .weights_size = parts.weights.size,
        .scratch_size = parts.scratch_size,
        .scratch_fast_size = FAST_SCRATCH_SIZE,
        .input_count = delegate->input_count,
        .output_count = delegate->output_count,
        .inputs = delegate->inputs,
        .outputs = delegate->outputs,
    };
    NS_TRY(ns_npu_load_parts(&stream, accelerator, arena, &delegate->stream, error));
    *out = delegate;
    return NS_OK;
}

static size_t io_count(const ns_npu_io *io)
{
    size_t count = 1;
    for (int i = 0; i < io->rank; i++)
        count *= (size_t)io->shape[i];
    return count;
}

/* The runtime takes int8, uint8, bool, int16 and int32, with the stream's element size. */
static ns_code check_input(const ns_program_tensor *tensor, const ns_npu_io *io, int index, ns_error *error)
{
    switch (tensor->scalar) {
    case NS_SCALAR_INT8:
    case NS_SCALAR_UINT8:
    case NS_SCALAR_BOOL:
    case NS_SCALAR_INT16:
    case NS_SCALAR_INT32:
        break;
    default:
        return ns_fail(error, NS_ERROR_INPUT,
                       "delegate input %d is %s, expected int32, int16, int8, uint8 or bool", index,
                       ns_scalar_text(tensor->scalar));
    }
    if (ns_scalar_bytes(tensor->scalar) != io->element_bytes || tensor->count != io_count(io))
        return ns_fail(error, NS_ERROR_INPUT,
                       "delegate input %d: %zu elements of %s, the stream expects %zu of %d bytes", index,
                       tensor->count, ns_scalar_text(tensor->scalar), io_count(io), io->element_bytes);
    return NS_OK;
}

/* Copies a result row by row where the program's tensor and the stream's differ in size (runtime's
 * copy_with_layout_adjustment): a longer row of the stream loses its padding; a row half as long as an
 * int8 row holds two 4-bit values to a byte, low half first. */
static ns_code copy_output(const ns_npu_io *io, int index, const uint8_t *source, ns_program_tensor *tensor,
                           ns_error *error)
{
    const size_t tensor_bytes = tensor->count * (size_t)ns_scalar_bytes(tensor->scalar);
    const size_t io_bytes = io_count(io) * (size_t)io->element_bytes;
    uint8_t *target = tensor->data;
    if (tensor_bytes == io_bytes) {
        memcpy(target, source, tensor_bytes);
        return NS_OK;
    }
    const size_t io_row = (size_t)io->shape[io->rank - 1] * (size_t)io->element_bytes;
    const size_t rows = io_row ? io_bytes / io_row : 0;
    if (!rows || tensor_bytes % rows)
        return ns_fail(error, NS_ERROR_INPUT,
                       "delegate output %d: %zu bytes do not divide into the stream's %zu rows", index,
                       tensor_bytes, rows);
    const size_t row = tensor_bytes / rows;
    const bool packed = row == 2 * io_row && io->element_bytes == 1 && tensor->scalar == NS_SCALAR_INT8;
    if (row > io_row && !packed)
        return ns_fail(error, NS_ERROR_INPUT,
                       "delegate output %d: rows of %zu bytes, but the stream writes %zu", index, row,
                       io_row);
    for (size_t r = 0; r < rows; r++, source += io_row, target += row) {
        if (!packed) {
            memcpy(target, source, row);
            continue;
        }
        for (size_t k = 0; k < io_row; k++) {
            target[2 * k] = (uint8_t)(((source[k] & 15) ^ 8) - 8);
            target[2 * k + 1] = (uint8_t)(((source[k] >> 4) ^ 8) - 8);
        }
    }
    return NS_OK;
}

static ns_code get_tensor(ns_value *value, const char *what, int index, ns_program_tensor **out,
                          ns_error *error)
{
    if (value->kind != NS_VALUE_TENSOR || (!value->as.tensor.data && value->as.tensor.count))
        return ns_fail(error, NS_ERROR_INPUT, "delegate %s %d is %s, expected a tensor with memory", what,
                       index, ns_value_kind_text(value->kind));
    *out = &value->as.tensor;
    return NS_OK;
}

/* ---- CHW and HWC ---- */

/* What the runtime of four dims exchanges (check_requires_permute): int8 and bool. */
static bool is_exchanged(const ns_program_tensor *tensor, const ns_npu_io *io)
{
    return io->rank == IO_OLD_RANK && tensor->rank == 4 &&
           (tensor->scalar == NS_SCALAR_INT8 || tensor->scalar == NS_SCALAR_BOOL) &&
           tensor->shape[0] == io->shape[0] && tensor->shape[1] == io->shape[3] &&
           tensor->shape[2] == io->shape[1] && tensor->shape[3] == io->shape[2];
}

static void transpose(const uint8_t *source, size_t rows, size_t columns, uint8_t *target)
{
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < columns; c++)
            target[c * rows + r] = source[r * columns + c];
}

/* From CHW to HWC, or back. The runtime exchanges the first image alone. */
static ns_code exchange(const ns_program_tensor *tensor, const uint8_t *source, bool to_hwc, uint8_t *target,
                        ns_error *error)
{
    const size_t channels = (size_t)tensor->shape[1], pixels = channels ? tensor->count / channels : 0;
    if (tensor->shape[0] != 1)
        return ns_fail(error, NS_ERROR_UNSUPPORTED,
                       "a delegate of ExecuTorch before 1.0 with a batch of %d, of which its runtime "
                       "rearranges one image: export the program with 1.0 or later",
                       (int)tensor->shape[0]);
    transpose(source, to_hwc ? channels : pixels, to_hwc ? pixels : channels, target);
    return NS_OK;
}

/* An input's bytes as the stream takes them. */
static ns_code stream_input(const ns_program_tensor *tensor, const ns_npu_io *io, int index, ns_arena *arena,
                            ns_tensor *out, ns_error *error)
{
    NS_TRY(check_input(tensor, io, index, error));
    *out = (ns_tensor){.dtype = ns_dtype_of_size(io->element_bytes), .rank = io->rank, .data = tensor->data};
    memcpy(out->shape, io->shape, sizeof out->shape);
    if (!is_exchanged(tensor, io))
        return NS_OK;
    out->data = ns_arena_alloc(arena, tensor->count, 1);
    if (!out->data)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a delegate's input");
    return exchange(tensor, tensor->data, true, out->data, error);
}

static ns_code tell(const ns_delegate *delegate, const ns_delegate_call *call, const ns_tensor *in,
                    const ns_tensor *out, ns_error *error)
{
    const ns_program_delegate_call told = {call->number, delegate->input_count, delegate->output_count, in,
                                           out};
    return call->watch && call->watch->told ? call->watch->told(call->watch->context, &told, error) : NS_OK;
}

ns_code ns_delegate_run(const ns_delegate *delegate, const ns_delegate_call *call,
                        const ns_npu_options *options, ns_value *values, ns_arena *arena,
                        ns_npu_statistics *statistics, ns_error *error)
{
    const int *arguments = call->arguments;
    const int inputs = delegate->input_count, outputs = delegate->output_count;
    if (!delegate->stream && !delegate->graph.data)
        return ns_fail(error, NS_ERROR_UNSUPPORTED,
                       "delegate '%s' (EthosUBackend and TOSABackend are modelled: export the program for "
                       "Ethos-U)",
                       delegate->id);
    /* The argument list may carry more than the delegate uses; the runtime counts by the stream. */
    if (call->argument_count < inputs + outputs)
        return ns_fail(error, NS_ERROR_INPUT,
                       "a delegate with %d inputs and %d outputs is called with %d arguments", inputs,
                       outputs, call->argument_count);
    ns_tensor *in = NS_ARENA_ARRAY(arena, (size_t)inputs, ns_tensor);
    ns_tensor *out = NS_ARENA_ARRAY(arena, (size_t)outputs, ns_tensor);
    if (!in || !out)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a delegate call");
    for (int i = 0; i < inputs; i++) {
        ns_program_tensor *tensor = NULL;
        NS_TRY(get_tensor(&values[arguments[i]], "input", i, &tensor, error));
        NS_TRY(stream_input(tensor, &delegate->inputs[i], i, arena, &in[i], error));
    }
    NS_TRY(tell(delegate, call, in, NULL, error));
    NS_TRY(delegate->stream ? ns_npu_run(delegate->stream, options, in, inputs, arena, out, statistics, error)
                            : ns_graph_delegate_run(delegate->graph, options, in, inputs, arena, out, error));
    NS_TRY(tell(delegate, call, in, out, error));
    for (int i = 0; i < outputs; i++) {
        ns_program_tensor *tensor = NULL;
        NS_TRY(get_tensor(&values[arguments[inputs + i]], "output", i, &tensor, error));
        if (tensor->constant)
            return ns_fail(error, NS_ERROR_INPUT, "delegate output %d is a constant of the program", i);
        const ns_npu_io *io = &delegate->outputs[i];
        NS_TRY(is_exchanged(tensor, io) ? exchange(tensor, out[i].data, false, tensor->data, error)
                                        : copy_output(io, i, out[i].data, tensor, error));
    }
    return NS_OK;
}
