/* Reads the value table of a method: what each value is, and where a tensor's memory comes from. */
#include "program/internal.h"

#include <stdio.h>

/* Slots of table Tensor. */
enum {
    TENSOR_SCALAR_TYPE = 0,
    TENSOR_STORAGE_OFFSET = 1,
    TENSOR_SIZES = 2,
    TENSOR_DIM_ORDER = 3,
    TENSOR_DATA_INDEX = 5,
    TENSOR_ALLOCATION = 6,
    TENSOR_DYNAMISM = 8,
    TENSOR_EXTRA = 9,
};

static ns_code read_scalar(ns_fb_table table, ns_scalar *out, ns_error *error)
{
    uint8_t code = 0;
    NS_TRY(ns_fb_u8(table, TENSOR_SCALAR_TYPE, 0, "scalar type", &code, error));
    switch (code) {
#define NS_SCALAR(name, text, number, bytes) \
    case number:                             \
        *out = NS_SCALAR_##name;             \
        return NS_OK;
#include "npuscope/scalars.def"
#undef NS_SCALAR
    default:
        return ns_fail(error, NS_ERROR_UNSUPPORTED, "tensors of ExecuTorch's scalar type %u", code);
    }
}

static ns_code read_layout(ns_fb_table table, ns_program_tensor *tensor, ns_error *error)
{
    ns_fb_vector sizes;
    ns_bytes order;
    uint8_t dynamism;
    NS_TRY(ns_fb_u8(table, TENSOR_DYNAMISM, 0, "shape dynamism", &dynamism, error));
    tensor->dynamic = dynamism != 0;
    NS_TRY(read_scalar(table, &tensor->scalar, error));
    NS_TRY(ns_fb_get_vector(table, TENSOR_SIZES, 4, "sizes", &sizes, error));
    NS_TRY(ns_fb_get_bytes(table, TENSOR_DIM_ORDER, "dim order", &order, error));
    if (sizes.count > NS_PROGRAM_MAX_RANK)
        return ns_fail(error, NS_ERROR_UNSUPPORTED, "a tensor of rank %u (at most %d)", sizes.count,
                       NS_PROGRAM_MAX_RANK);
    tensor->rank = (int)sizes.count;
    for (uint32_t i = 0; i < sizes.count; i++)
        tensor->shape[i] = ns_fb_element_i32(sizes, i);
    NS_TRY(ns_program_tensor_count(tensor, error));
    tensor->capacity = tensor->count * (size_t)ns_scalar_bytes(tensor->scalar);
    if (order.data && order.size != sizes.count)
        return ns_fail(error, NS_ERROR_INPUT, "a dim order of %zu entries for rank %u", order.size,
                       sizes.count);
    unsigned seen = 0;
    for (int i = 0; i < tensor->rank; i++) {
        tensor->dim_order[i] = order.data ? order.data[i] : (uint8_t)i;
        if (tensor->dim_order[i] >= tensor->rank || (seen & 1u << tensor->dim_order[i]))
            return ns_fail(error, NS_ERROR_INPUT, "the dim order is no permutation of 0 to %d",
                           tensor->rank - 1);
        seen |= 1u << tensor->dim_order[i];
    }
    int32_t storage_offset = 0;
    NS_TRY(ns_fb_i32(table, TENSOR_STORAGE_OFFSET, 0, "storage offset", &storage_offset, error));
    if (storage_offset)
        return ns_fail(error, NS_ERROR_UNSUPPORTED,
                       "a tensor with storage offset %d (ExecuTorch's runtime takes 0 only)", storage_offset);
    return NS_OK;
}

static ns_code read_planned(ns_reading *reading, ns_fb_table allocation, size_t bytes, ns_value_plan *plan,
                            ns_error *error)
{
    uint32_t memory = 0, low = 0, high = 0;
    NS_TRY(ns_fb_u32(allocation, 0, 0, "memory id", &memory, error));
    NS_TRY(ns_fb_u32(allocation, 1, 0, "memory offset", &low, error));
    NS_TRY(ns_fb_u32(allocation, 2, 0, "memory offset", &high, error));
    const ns_program *program = reading->program;
    plan->home = NS_HOME_PLANNED;
    plan->offset = (uint64_t)high << 32 | low;
    if (memory == 0 || memory >= (uint32_t)program->buffer_count)
        return ns_fail(error, NS_ERROR_INPUT, "planned buffer %u does not exist (1 to %d do)", memory,
                       program->buffer_count - 1);
    plan->buffer = (int)memory;
    uint64_t size = program->buffer_sizes[memory];
    if (plan->offset > size || bytes > size - plan->offset)
        return ns_fail(error, NS_ERROR_INPUT, "%zu bytes at %llu reach past planned buffer %u (%llu bytes)",
                       bytes, (unsigned long long)plan->offset, memory, (unsigned long long)size);
    return NS_OK;
}

static ns_code read_tensor(ns_reading *reading, ns_fb_table table, ns_program_tensor *tensor,
                           ns_value_plan *plan, ns_error *error)
{
    NS_TRY(read_layout(table, tensor, error));
    ns_fb_table allocation, extra;
    uint32_t data_index = 0;
    uint64_t mutable_list = 0;
    uint8_t location = 0;
    ns_bytes initial = {0}, name = {0};
    NS_TRY(ns_fb_u32(table, TENSOR_DATA_INDEX, 0, "data index", &data_index, error));
    NS_TRY(ns_fb_get_table(table, TENSOR_ALLOCATION, "allocation", &allocation, error));
    NS_TRY(ns_fb_get_table(table, TENSOR_EXTRA, "extra tensor info", &extra, error));
    if (extra.reader) {
        NS_TRY(ns_fb_u64(extra, 0, 0, "mutable data list", &mutable_list, error));
        NS_TRY(ns_fb_get_string(extra, 1, "name of a tensor", &name, error));
        NS_TRY(ns_fb_u8(extra, 2, 0, "data location", &location, error));
    }
    if (allocation.reader)
        NS_TRY(read_planned(reading, allocation, tensor->capacity, plan, error));
    if (location == 1 && name.data) {
        NS_TRY(ns_program_file_named(reading->file, name, &initial, error));
        NS_TRY(ns_bytes_slice(initial, 0, tensor->capacity, "external constant", &initial, error));
    } else if (data_index && allocation.reader) {
        NS_TRY(ns_program_file_mutable(reading->file, (uint32_t)mutable_list, data_index, tensor->capacity,
                                       &initial, error));
    } else if (data_index) {
        NS_TRY(ns_program_file_constant(reading->file, data_index, tensor->capacity, &initial, error));
    }
    if (!initial.data)
        return NS_OK;
    if (!allocation.reader)
        plan->home = NS_HOME_CONSTANT;
    NS_TRY(ns_program_file_spend(reading->file, initial.size, error));
    /* Copied: constants in the file need not be aligned for their type. */
    plan->initial = ns_arena_copy(reading->arena, initial.data, initial.size);
    if (!plan->initial)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a constant of %zu bytes", initial.size);
    return NS_OK;
}

static ns_code new_list(ns_reading *reading, ns_value *value, uint32_t count, size_t size, void *field,
                        ns_error *error)
{
    void *items = ns_arena_alloc(reading->arena, count, size);
    if (!items)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a list of %u", count);
    value->as.list.count = (int)count;
    memcpy(field, &items, sizeof items);
    return NS_OK;
}

/* Lists of integers hold value numbers as int64; lists of tensors as int32, -1 for an absent one. */
static ns_code read_index_list(ns_reading *reading, ns_fb_table table, ns_value *value, ns_error *error)
{
    const bool wide = value->kind == NS_VALUE_INT_LIST;
    ns_fb_vector items;
    NS_TRY(ns_fb_get_vector(table, 0, wide ? 8 : 4, "list", &items, error));
    NS_TRY(new_list(reading, value, items.count, sizeof(int), &value->as.list.indices, error));
    for (uint32_t i = 0; i < items.count; i++) {
        int64_t index = wide ? (int64_t)ns_load_u64(items.reader->bytes.data + items.position + (size_t)i * 8)
                             : ns_fb_element_i32(items, i);
        const bool absent = index == -1 && value->kind == NS_VALUE_OPTIONAL_TENSOR_LIST;
        if (!absent && (index < 0 || index >= reading->program->value_count))
            return ns_fail(error, NS_ERROR_INPUT, "a list refers to value %lld of %d", (long long)index,
                           reading->program->value_count);
        value->as.list.indices[i] = (int)index;
    }
    return NS_OK;
}

static ns_code read_real(ns_fb_table table, double *out, ns_error *error)
{
    uint64_t bits = 0;
    NS_TRY(ns_fb_u64(table, 0, 0, "a real", &bits, error));
    memcpy(out, &bits, sizeof *out);
    return NS_OK;
}

static ns_code read_value(ns_reading *reading, ns_fb_table entry, ns_value *value, ns_value_plan *plan,
                          ns_error *error)
{
    uint8_t kind = 0;
    ns_fb_table table;
    NS_TRY(ns_fb_u8(entry, 0, 0, "kind of a value", &kind, error));
    if (kind < NS_VALUE_NONE || kind > NS_VALUE_OPTIONAL_TENSOR_LIST)
        return ns_fail(error, NS_ERROR_INPUT, "unknown kind %u", kind);
    value->kind = (ns_value_kind)kind;
    NS_TRY(ns_fb_get_table(entry, 1, "value", &table, error));
    if (!table.reader)
        return ns_fail(error, NS_ERROR_INPUT, "%s without content", ns_value_kind_text(value->kind));
    switch (value->kind) {
    case NS_VALUE_NONE:
        return NS_OK;
    case NS_VALUE_INT: {
        uint64_t bits = 0;
        NS_TRY(ns_fb_u64(table, 0, 0, "an integer", &bits, error));
        value->as.integer = (int64_t)bits;
        return NS_OK;
    }
    case NS_VALUE_BOOL:
        return ns_fb_bool(table, 0, false, "a bool", &value->as.boolean, error);
    case NS_VALUE_DOUBLE:
        return read_real(table, &value->as.real, error);
    case NS_VALUE_TENSOR:
        return read_tensor(reading, table, &value->as.tensor, plan, error);
    case NS_VALUE_STRING: {
        ns_bytes text;
        NS_TRY(ns_fb_get_string(table, 0, "a string", &text, error));
        return ns_reading_string(reading, text, &value->as.string, error);
    }
    case NS_VALUE_DOUBLE_LIST: {
        ns_fb_vector items;
        NS_TRY(ns_fb_get_vector(table, 0, 8, "list", &items, error));
        NS_TRY(new_list(reading, value, items.count, sizeof(double), &value->as.list.reals, error));
        if (items.count)
            memcpy(value->as.list.reals, items.reader->bytes.data + items.position, (size_t)items.count * 8);
        return NS_OK;
    }
    case NS_VALUE_BOOL_LIST: {
        ns_bytes items;
        NS_TRY(ns_fb_get_bytes(table, 0, "list", &items, error));
        NS_TRY(new_list(reading, value, (uint32_t)items.size, sizeof(bool), &value->as.list.booleans, error));
        for (size_t i = 0; i < items.size; i++)
            value->as.list.booleans[i] = items.data[i] != 0;
        return NS_OK;
    }
    case NS_VALUE_INT_LIST:
    case NS_VALUE_TENSOR_LIST:
    case NS_VALUE_OPTIONAL_TENSOR_LIST:
        return read_index_list(reading, table, value, error);
    }
    return NS_OK;
}

ns_code ns_reading_values(ns_reading *reading, ns_fb_vector values, ns_error *error)
{
    ns_program *program = reading->program;
    program->value_count = (int)values.count;
    program->values = NS_ARENA_ARRAY(reading->arena, values.count, ns_value);
    program->plans = NS_ARENA_ARRAY(reading->arena, values.count, ns_value_plan);
    if (!program->values || !program->plans)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for %u values", values.count);
    for (uint32_t i = 0; i < values.count; i++) {
        ns_fb_table entry;
        NS_TRY(ns_fb_element_table(values, i, "value", &entry, error));
        if (read_value(reading, entry, &program->values[i], &program->plans[i], error) != NS_OK)
            return ns_add_context(error, "value %u", i);
    }
    return NS_OK;
}

ns_code ns_reading_string(ns_reading *reading, ns_bytes text, const char **out, ns_error *error)
{
    *out = text.data ? ns_arena_copy(reading->arena, text.data, text.size + 1) : "";
    return *out ? NS_OK : ns_fail(error, NS_ERROR_MEMORY, "no memory for a string");
}
