/* Vela's npz (`--output-format raw`): cmd_data (driver payload), weight_data, scratch sizes, and for inputs
 * and outputs rows of six dims, element sizes, regions and byte offsets.
 * Source: Vela 5.1.0, vela/rawdata_writer.py, write_rawdata_output_from_model. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "formats/interface.h"
#include "npu/internal.h"

/* Inputs or outputs of one stream; Vela's own tables are far smaller. */
#define MAX_IO 4096

static ns_code find(const ns_npz *npz, const char *name, const ns_npy **out, ns_error *error)
{
    *out = ns_npz_find(npz, name);
    if (!*out)
        return ns_fail(error, NS_ERROR_INPUT,
                       "the npz has no member '%s'; is it Vela's (--output-format raw)?", name);
    return NS_OK;
}

/* Element `index` of an integer member. */
static ns_code integer(const ns_npy *array, const char *name, size_t index, int64_t *out, ns_error *error)
{
    if (!array->data || index >= array->count)
        return ns_fail(error, NS_ERROR_INPUT, "'%s' has %zu elements; want number %zu", name, array->count,
                       index);
    const uint8_t *data = (const uint8_t *)array->data + index * array->item_size;
    switch (array->type) {
    case NS_NPY_INT32:
        *out = (int32_t)ns_load_u32(data);
        return NS_OK;
    case NS_NPY_UINT32:
        *out = ns_load_u32(data);
        return NS_OK;
    case NS_NPY_INT64:
    case NS_NPY_UINT64:
        *out = (int64_t)ns_load_u64(data);
        return NS_OK;
    default:
        return ns_fail(error, NS_ERROR_INPUT, "'%s' has elements of type %s; want integers", name,
                       ns_npy_type_text(array->type));
    }
}

static ns_code scalar(const ns_npz *npz, const char *name, int64_t *out, ns_error *error)
{
    const ns_npy *array;
    NS_TRY(find(npz, name, &array, error));
    return integer(array, name, 0, out, error);
}

static ns_code region(const ns_npz *npz, const char *name, int *out, ns_error *error)
{
    int64_t value = 0;
    NS_TRY(scalar(npz, name, &value, error));
    if (value < 0 || value >= NS_NPU_REGIONS)
        return ns_fail(error, NS_ERROR_INPUT, "'%s' is %" PRId64 "; there are %d regions", name, value,
                       NS_NPU_REGIONS);
    *out = (int)value;
    return NS_OK;
}

static ns_code bytes_of(const ns_npz *npz, const char *name, ns_bytes *out, ns_error *error)
{
    const ns_npy *array;
    NS_TRY(find(npz, name, &array, error));
    if (!array->data && array->count)
        return ns_fail(error, NS_ERROR_INPUT, "'%s' holds objects; want bytes", name);
    *out = (ns_bytes){array->data, array->count * array->item_size};
    return NS_OK;
}

/* "input_shape", "input_elem_size", "input_region", "input_offset". */
static ns_code read_io(const ns_npz *npz, const char *prefix, ns_arena *arena, ns_npu_io **out, int *count,
                       ns_error *error)
{
    static const char *const suffixes[] = {"shape", "elem_size", "region", "offset"};
    const ns_npy *members[4];
    char names[4][32];
    for (int i = 0; i < 4; i++) {
        snprintf(names[i], sizeof names[i], "%s_%s", prefix, suffixes[i]);
        NS_TRY(find(npz, names[i], &members[i], error));
    }
    size_t total = members[1]->count;
    int64_t rank = members[0]->rank == 2 ? members[0]->shape[1] : 0;
    if (total > MAX_IO ||
        (total && (rank < 1 || rank > NS_MAX_RANK || members[0]->count != total * (size_t)rank)))
        return ns_fail(error, NS_ERROR_INPUT, "'%s' does not hold %zu shapes of 1 to %d dims", names[0],
                       total, NS_MAX_RANK);
    ns_npu_io *io = NS_ARENA_ARRAY(arena, total, ns_npu_io);
    if (!io)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for %zu tensors", total);
    for (size_t i = 0; i < total; i++) {
        int64_t element, place, offset;
        for (int d = 0; d < rank; d++)
            NS_TRY(integer(members[0], names[0], i * (size_t)rank + (size_t)d, &io[i].shape[d], error));
        NS_TRY(integer(members[1], names[1], i, &element, error));
        NS_TRY(integer(members[2], names[2], i, &place, error));
        NS_TRY(integer(members[3], names[3], i, &offset, error));
        if (element < 0 || element > 8 || place < 0 || place >= NS_NPU_REGIONS || offset < 0)
            return ns_fail(error, NS_ERROR_INPUT,
                           "%s %zu: element size %" PRId64 ", region %" PRId64 ", offset %" PRId64
                           " is not possible",
                           prefix, i, element, place, offset);
        io[i].rank = (int)rank;
        io[i].element_bytes = (int)element;
        io[i].region = (int)place;
        io[i].offset = (uint64_t)offset;
    }
    *out = io;
    *count = (int)total;
    return NS_OK;
}

/* Scale and zero point of one tensor, where the entry is {"quant_type": "per_tensor", "scale": [f4],
 * "zero_point": [i4 or i8]}. */
static void take_quantisation(const ns_pickle_value *entry, ns_npu_io *io)
{
    const uint8_t *scale = ns_pickle_first(ns_pickle_find(entry, "scale"), "f4", 4);
    const ns_pickle_value *zero = ns_pickle_find(entry, "zero_point");
    const uint8_t *narrow = ns_pickle_first(zero, "i4", 4), *wide = ns_pickle_first(zero, "i8", 8);
    float value;
    if (!scale || (!narrow && !wide))
        return;
    memcpy(&value, scale, sizeof value);
    io->scale = (double)value;
    io->zero_point = narrow ? (int32_t)ns_load_u32(narrow) : (int64_t)ns_load_u64(wide);
}

/* Members that 5.1.0 and later write, as pickled objects: read, not unpickled. */
static ns_code read_quantisation(const ns_npz *npz, const char *name, ns_npu_io *io, int count,
                                 ns_arena *arena, ns_error *error)
{
    const ns_npy *array = ns_npz_find(npz, name);
    const ns_pickle_value *root;
    if (!array || !array->pickled.data)
        return NS_OK;
    if (ns_pickle_read(array->pickled, arena, &root, error) != NS_OK)
        return ns_add_context(error, "%s", name);
    for (int i = 0; i < count; i++)
        take_quantisation(ns_pickle_object(root, i), &io[i]);
    return NS_OK;
}

static bool same_place(const ns_npu_io *a, const ns_npu_io *b)
{
    return a->region == b->region && a->offset == b->offset;
}

/* An LSTM's states, listed as often as they are read or written; 3.12.0 has no such members. */
static ns_code read_variables(const ns_npz *npz, ns_npu_stream *stream, ns_arena *arena, ns_error *error)
{
    ns_npu_io *list;
    int count;
    const ns_npy *offsets = ns_npz_find(npz, "variable_offset");
    if (!offsets || !offsets->count)
        return NS_OK;
    NS_TRY(read_io(npz, "variable", arena, &list, &count, error));
    NS_TRY(read_quantisation(npz, "variable_quantization", list, count, arena, error));
    stream->starts_known = true;
    stream->variables = list;
    for (int i = 0; i < count; i++) {
        int k = 0;
        while (k < stream->variable_count && !same_place(&list[k], &list[i]))
            k++;
        stream->starts_known = stream->starts_known && list[i].scale != 0;
        if (k == stream->variable_count)
            list[stream->variable_count++] = list[i];
    }
    return NS_OK;
}

ns_code ns_npu_load_npz(const void *data, size_t size, ns_accelerator accelerator, ns_arena *arena,
                        ns_npu_stream **out, ns_error *error)
{
    ns_npz npz;
    ns_bytes payload;
    int64_t scratch, fast;
    ns_npu_stream *stream = NS_ARENA_NEW(arena, ns_npu_stream);
    if (!stream)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a command stream");
    NS_TRY(ns_npz_read((ns_bytes){data, size}, "Vela npz", arena, &npz, error));
    stream->arena = arena;
    NS_TRY(bytes_of(&npz, "cmd_data", &payload, error));
    NS_TRY(bytes_of(&npz, "weight_data", &stream->weights, error));
    NS_TRY(region(&npz, "weight_region", &stream->weight_region, error));
    NS_TRY(region(&npz, "scratch_region", &stream->scratch_region, error));
    NS_TRY(region(&npz, "scratch_fast_region", &stream->scratch_fast_region, error));
    NS_TRY(scalar(&npz, "scratch_size", &scratch, error));
    NS_TRY(scalar(&npz, "scratch_fast_size", &fast, error));
    if (scratch < 0 || fast < 0)
        return ns_fail(error, NS_ERROR_INPUT, "scratch sizes of %" PRId64 " and %" PRId64 " bytes", scratch,
                       fast);
    stream->scratch_size = (uint64_t)scratch;
    stream->scratch_fast_size = (uint64_t)fast;
    /* One memory: Vela's main core prints region 0 and size 0, its legacy core scratch's region and size. */
    if (fast == 0 || stream->scratch_fast_region == stream->scratch_region) {
        stream->scratch_size = (uint64_t)(fast > scratch ? fast : scratch);
        stream->scratch_fast_size = 0;
        stream->scratch_fast_region = 2;
    }
    if (stream->weight_region == stream->scratch_region ||
        stream->scratch_region == stream->scratch_fast_region ||
        stream->weight_region == stream->scratch_fast_region)
        return ns_fail(error, NS_ERROR_INPUT, "weights, scratch and fast scratch share a region (%d, %d, %d)",
                       stream->weight_region, stream->scratch_region, stream->scratch_fast_region);
    NS_TRY(read_io(&npz, "input", arena, &stream->inputs, &stream->input_count, error));
    NS_TRY(read_io(&npz, "output", arena, &stream->outputs, &stream->output_count, error));
    NS_TRY(read_quantisation(&npz, "input_quantization", stream->inputs, stream->input_count, arena, error));
    NS_TRY(
        read_quantisation(&npz, "output_quantization", stream->outputs, stream->output_count, arena, error));
    NS_TRY(read_variables(&npz, stream, arena, error));
    *out = stream;
    return ns_npu_stream_finish(stream, payload, accelerator, error);
}
