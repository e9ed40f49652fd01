#include "program/internal.h"

#include <string.h>

#include "formats/flatbuffer.h"

#define IDENTIFIER "BP08"

/* Slots of the tables, and ValueUnion's number of a tensor. */
enum { SUITES = 1, PROGRAM = 2, METHOD = 0, CASES = 1, INPUTS = 0, EXPECTED = 1, VALUE_TYPE = 0, VALUE = 1 };
enum { SCALAR = 0, SIZES = 1, DATA = 2, ORDER = 3, TENSOR = 1 };

bool ns_program_is_bundle(const void *data, size_t size)
{
    return size >= 8 && memcmp((const uint8_t *)data + 4, "BP", 2) == 0;
}

ns_code ns_bundle_program(ns_bytes bundle, ns_bytes *out, ns_error *error)
{
    ns_fb_reader reader;
    ns_fb_table root;
    NS_TRY(ns_fb_open(&reader, bundle, IDENTIFIER, &root, error));
    NS_TRY(ns_fb_get_bytes(root, PROGRAM, "the bundled program", out, error));
    return out->data ? NS_OK : ns_fail(error, NS_ERROR_INPUT, "the bundle holds no program");
}

static bool scalar_of(uint8_t code, ns_scalar *out)
{
    switch (code) {
#define NS_SCALAR(name, text, number, bytes) \
    case number:                             \
        *out = NS_SCALAR_##name;             \
        return true;
#include "npuscope/scalars.def"
#undef NS_SCALAR
    default:
        return false;
    }
}

static ns_code read_shape(ns_fb_table table, ns_program_tensor *tensor, ns_error *error)
{
    ns_fb_vector sizes;
    ns_bytes order;
    unsigned seen = 0;
    NS_TRY(ns_fb_get_vector(table, SIZES, 4, "sizes", &sizes, error));
    NS_TRY(ns_fb_get_bytes(table, ORDER, "dim order", &order, error));
    if (sizes.count > NS_PROGRAM_MAX_RANK || (order.data && order.size != sizes.count))
        return ns_fail(error, NS_ERROR_INPUT, "a tensor of rank %u with a dim order of %zu", sizes.count,
                       order.size);
    tensor->rank = (int)sizes.count;
    for (int i = 0; i < tensor->rank; i++) {
        tensor->shape[i] = ns_fb_element_i32(sizes, (uint32_t)i);
        tensor->dim_order[i] = order.data ? order.data[i] : (uint8_t)i;
        if (tensor->dim_order[i] >= tensor->rank || seen >> tensor->dim_order[i] & 1)
            return ns_fail(error, NS_ERROR_INPUT, "the dim order is no permutation");
        seen |= 1u << tensor->dim_order[i];
    }
    return ns_program_tensor_count(tensor, error);
}

/* One value; rank -1 where it is no tensor. */
static ns_code read_value(ns_fb_table entry, ns_program_tensor *out, ns_bytes *data, ns_error *error)
{
    uint8_t type, code;
    ns_fb_table table;
    *out = (ns_program_tensor){.rank = -1};
    *data = (ns_bytes){0};
    NS_TRY(ns_fb_u8(entry, VALUE_TYPE, 0, "kind of a value", &type, error));
    if (type != TENSOR)
        return NS_OK;
    NS_TRY(ns_fb_get_table(entry, VALUE, "a value", &table, error));
    NS_TRY(ns_fb_u8(table, SCALAR, 0, "scalar type", &code, error));
    NS_TRY(ns_fb_get_bytes(table, DATA, "a tensor's data", data, error));
    if (!scalar_of(code, &out->scalar))
        return ns_fail(error, NS_ERROR_UNSUPPORTED, "tensors of ExecuTorch's scalar type %u", code);
    NS_TRY(read_shape(table, out, error));
    if (data->size != out->count * (size_t)ns_scalar_bytes(out->scalar))
        return ns_fail(error, NS_ERROR_INPUT, "a tensor of %zu elements has %zu bytes", out->count,
                       data->size);
    out->data = (void *)(uintptr_t)(data->data ? data->data : (const uint8_t *)"");
    out->capacity = data->size;
    return NS_OK;
}

/* Inputs or expected outputs, as many as the program has at most. */
static ns_code read_list(ns_fb_table test, int slot, int most, ns_program_tensor *tensors, ns_bytes *bytes,
                         ns_error *error)
{
    ns_fb_vector list;
    NS_TRY(ns_fb_get_vector(test, slot, 4, "values of a test case", &list, error));
    for (int i = 0; i < most; i++) {
        ns_fb_table entry = {0};
        if ((uint32_t)i < list.count)
            NS_TRY(ns_fb_element_table(list, (uint32_t)i, "value of a test case", &entry, error));
        NS_TRY(read_value(entry, &tensors[i], &bytes[i], error));
    }
    return NS_OK;
}

static ns_code read_case(ns_fb_table test, const ns_program *program, ns_arena *arena, ns_program_case *out,
                         ns_error *error)
{
    const size_t inputs = (size_t)program->input_count, outputs = (size_t)program->output_count;
    ns_program_tensor *given = NS_ARENA_ARRAY(arena, inputs, ns_program_tensor);
    ns_bytes *bytes = NS_ARENA_ARRAY(arena, outputs, ns_bytes);
    out->inputs = NS_ARENA_ARRAY(arena, inputs, ns_bytes);
    out->expected = NS_ARENA_ARRAY(arena, outputs, ns_program_tensor);
    if (!given || !bytes || !out->inputs || !out->expected)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a test case");
    NS_TRY(read_list(test, INPUTS, program->input_count, given, out->inputs, error));
    return read_list(test, EXPECTED, program->output_count, out->expected, bytes, error);
}

static ns_code read_suite(ns_fb_table suite, ns_program *program, ns_arena *arena, ns_error *error)
{
    ns_fb_vector cases;
    NS_TRY(ns_fb_get_vector(suite, CASES, 4, "test cases", &cases, error));
    program->cases = NS_ARENA_ARRAY(arena, cases.count, ns_program_case);
    if (!program->cases)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for %u test cases", cases.count);
    for (uint32_t i = 0; i < cases.count; i++) {
        ns_fb_table test;
        NS_TRY(ns_fb_element_table(cases, i, "test case", &test, error));
        if (read_case(test, program, arena, &program->cases[i], error) != NS_OK)
            return ns_add_context(error, "test case %u", i);
    }
    program->case_count = (int)cases.count;
    return NS_OK;
}

ns_code ns_bundle_cases(ns_bytes bundle, ns_program *program, ns_arena *arena, ns_error *error)
{
    ns_fb_reader reader;
    ns_fb_table root;
    ns_fb_vector suites;
    NS_TRY(ns_fb_open(&reader, bundle, IDENTIFIER, &root, error));
    NS_TRY(ns_fb_get_vector(root, SUITES, 4, "test suites", &suites, error));
    for (uint32_t i = 0; i < suites.count; i++) {
        ns_fb_table suite;
        ns_bytes name;
        NS_TRY(ns_fb_element_table(suites, i, "test suite", &suite, error));
        NS_TRY(ns_fb_get_string(suite, METHOD, "name of a method", &name, error));
        if (name.data && strlen(program->method) == name.size &&
            memcmp(program->method, name.data, name.size) == 0)
            return read_suite(suite, program, arena, error);
    }
    return NS_OK;
}

int ns_program_case_count(const ns_program *program)
{
    return program->case_count;
}

const void *ns_program_case_input(const ns_program *program, int test, int index, size_t *size)
{
    const ns_bytes *bytes = &program->cases[test].inputs[index];
    *size = bytes->size;
    return bytes->data;
}

const ns_program_tensor *ns_program_case_expected(const ns_program *program, int test, int index)
{
    const ns_program_tensor *tensor = &program->cases[test].expected[index];
    return tensor->rank < 0 ? NULL : tensor;
}
