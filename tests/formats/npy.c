#include "formats/interface.h"

#include <stdio.h>

#include "support/arena.h"
#include "support/data.h"
#include "support/test.h"

static ns_error error;

/* A version 1.0 file with that header and `size` bytes of data 0, 1, 2... */
static ns_bytes file_of(const char *header, size_t size)
{
    ns_buffer buffer = {.arena = arena};
    size_t length = strlen(header);
    uint8_t prefix[10] = {0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, (uint8_t)length, (uint8_t)(length >> 8)};
    ns_buffer_append(&buffer, prefix, sizeof prefix);
    ns_buffer_append(&buffer, header, length);
    for (size_t i = 0; i < size; i++) {
        uint8_t byte = (uint8_t)i;
        ns_buffer_append(&buffer, &byte, 1);
    }
    assert_false(buffer.failed);
    return (ns_bytes){buffer.data, buffer.size};
}

static void reads_what_numpy_wrote(void **state)
{
    (void)state;
    ns_npy array;
    ASSERT_OK(test_data_array("captured/test_bmm_a16w8_u85_INT[rand_rect]/delegate0_in0.npy", arena, &array,
                              &error));
    assert_int_equal(array.type, NS_NPY_INT16);
    assert_int_equal(array.rank, 3);
    assert_int_equal(array.count, array.shape[0] * array.shape[1] * array.shape[2]);
    char text[64];
    assert_string_equal(ns_npy_describe(&array, text, sizeof text), "[1, 55, 3] int16");
}

static void writes_the_bytes_that_numpy_writes(void **state)
{
    (void)state;
    static const char *const names[] = {
        "captured/test_bmm_a16w8_u85_INT[rand_rect]/delegate0_in0.npy",
        "captured/test_exp_a16w8_u55_INT[rank1_rand]/delegate0_out0.npy",
        "captured/test_conv1d_a16w8_u55_INT[two_conv1d_per_channel_quant=True]/float_conv_0.bias.npy",
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        ns_bytes file, again;
        ns_npy array;
        ASSERT_OK(test_data_read(names[i], arena, &file, &error));
        ASSERT_OK(ns_npy_read(file, names[i], arena, &array, &error));
        ASSERT_OK(ns_npy_write(&array, arena, &again, &error));
        assert_int_equal(again.size, file.size);
        assert_memory_equal(again.data, file.data, file.size);
    }
}

static void keeps_trailing_zeros_of_byte_strings(void **state)
{
    (void)state;
    ns_npy array;
    ns_bytes file = file_of("{'descr': '|S5', 'fortran_order': False, 'shape': (), }\n", 5);
    uint8_t *data = ns_arena_copy(arena, file.data, file.size);
    memset(data + file.size - 2, 0, 2);
    ASSERT_OK(ns_npy_read((ns_bytes){data, file.size}, "x", arena, &array, &error));
    assert_int_equal(array.type, NS_NPY_BYTES);
    assert_int_equal(array.rank, 0);
    assert_int_equal(array.item_size, 5);
    assert_memory_equal(array.data, "\0\1\2\0\0", 5);
}

static void reads_other_spellings_of_the_header(void **state)
{
    (void)state;
    static const char *const headers[] = {
        "{'descr': '<i2', 'fortran_order': False, 'shape': (2, 3), }  \n",
        "{\"shape\":(2,3),\"fortran_order\":False,\"descr\":\"<i2\"}",
        "{'descr': '<i2', 'fortran_order': False, 'shape': (2L, 3L,)}",
    };
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        ns_npy array;
        ASSERT_OK(ns_npy_read(file_of(headers[i], 12), "x", arena, &array, &error));
        assert_int_equal(array.rank, 2);
        assert_int_equal(array.shape[0], 2);
        assert_int_equal(array.shape[1], 3);
        assert_int_equal(((int16_t *)array.data)[5], 0x0b0a);
    }
}

static void refuses_what_it_does_not_read(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        size_t size;
        ns_code code;
        const char *message;
    } cases[] = {
        {"{'descr': '>i2', 'fortran_order': False, 'shape': (2,)}", 4, NS_ERROR_UNSUPPORTED,
         "x: element type '>i2' is not little-endian; save it with array.astype('<i2')"},
        {"{'descr': '<i2', 'fortran_order': True, 'shape': (2, 1)}", 4, NS_ERROR_UNSUPPORTED,
         "x: the array is in Fortran order; save it with numpy.ascontiguousarray"},
        {"{'descr': '<c8', 'fortran_order': False, 'shape': (2,)}", 16, NS_ERROR_UNSUPPORTED,
         "x: element type '<c8' is not one that npuscope reads"},
        {"{'descr': [('a', '<i2')], 'fortran_order': False, 'shape': (2,)}", 4, NS_ERROR_UNSUPPORTED,
         "x: a structured array"},
        {"{'descr': '<i2', 'fortran_order': False, 'shape': (2,)}", 5, NS_ERROR_INPUT,
         "x: 1 bytes follow the array's last element"},
        {"{'descr': '<i2', 'fortran_order': False, 'shape': (2,)}", 3, NS_ERROR_INPUT,
         "x: 2 elements of 2 bytes do not fit the file's 3"},
        {"{'descr': '<i2', 'fortran_order': False, 'shape': (99999999999999999999,)}", 4, NS_ERROR_INPUT,
         "x: the .npy header is malformed at its byte 66: expected a dim under 2^48"},
        {"{'descr': '<i2', 'fortran_order': False, 'shape': (1048576, 1048576, 2)}", 4, NS_ERROR_INPUT,
         "x: the shape has more than 2^40 elements"},
        {"{'descr': '<i2', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,1)}", 2, NS_ERROR_UNSUPPORTED,
         "x: an array of more than 8 dims"},
        {"{'descr': '<i2', 'shape': (2,)}", 4, NS_ERROR_INPUT,
         "x: the .npy header is malformed at its byte 31: expected descr, fortran_order and shape, and "
         "nothing "
         "else"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ns_npy array;
        assert_int_equal(ns_npy_read(file_of(cases[i].header, cases[i].size), "x", arena, &array, &error),
                         cases[i].code);
        assert_string_equal(error.message, cases[i].message);
    }
}

static void refuses_every_prefix(void **state)
{
    (void)state;
    ns_bytes file = file_of("{'descr': '<i4', 'fortran_order': False, 'shape': (2, 2), }\n", 16);
    for (size_t size = 0; size < file.size; size++) {
        ns_npy array;
        /* A copy of exactly that size, so that the sanitizer sees a read past its end. */
        uint8_t *prefix = malloc(size + 1);
        assert_non_null(prefix);
        memcpy(prefix, file.data, size);
        assert_int_equal(ns_npy_read((ns_bytes){prefix, size}, "x", arena, &array, &error), NS_ERROR_INPUT);
        free(prefix);
    }
    ns_npy array;
    ASSERT_OK(ns_npy_read(file, "x", arena, &array, &error));
}

static void converts_to_tensors(void **state)
{
    (void)state;
    int8_t bytes[] = {-8, 7, 8};
    ns_npy array = {NS_NPY_INT8, 1, 1, {2}, 2, bytes};
    ns_tensor tensor;
    ASSERT_OK(ns_npy_to_tensor(&array, NS_DTYPE_INT4, &tensor, &error));
    assert_int_equal(ns_tensor_get(&tensor, 0), -8);
    array.count = array.shape[0] = 3;
    assert_int_equal(ns_npy_to_tensor(&array, NS_DTYPE_INT4, &tensor, &error), NS_ERROR_INPUT);
    assert_string_equal(error.message, "element 2 is 8, outside int4's range");
    assert_int_equal(ns_npy_to_tensor(&array, NS_DTYPE_INT16, &tensor, &error), NS_ERROR_INPUT);
    assert_string_equal(error.message, "expected elements of type int16, not int8");
    int64_t wide[] = {-(INT64_C(1) << 47), INT64_C(1) << 47};
    array = (ns_npy){NS_NPY_INT64, 8, 1, {2}, 2, wide};
    assert_int_equal(ns_npy_to_tensor(&array, NS_DTYPE_INT48, &tensor, &error), NS_ERROR_INPUT);
    assert_string_equal(error.message, "element 1 is 140737488355328, outside int48's range");
}

/* What tosa-tools' verifier and numpy have the types in (ml_dtypes' narrow ones as bytes): there and back,
 * the element's bytes stay. */
static void every_type_has_an_array(void **state)
{
    (void)state;
    static const struct {
        ns_dtype dtype;
        const char *array;
    } rows[] = {
        {NS_DTYPE_BOOL, "bool"},      {NS_DTYPE_INT4, "int8"},     {NS_DTYPE_INT8, "int8"},
        {NS_DTYPE_INT16, "int16"},    {NS_DTYPE_INT32, "int32"},   {NS_DTYPE_INT48, "int64"},
        {NS_DTYPE_INT64, "int64"},    {NS_DTYPE_SHAPE, "int64"},   {NS_DTYPE_FP16, "float16"},
        {NS_DTYPE_FP32, "float32"},   {NS_DTYPE_BF16, "void16"},   {NS_DTYPE_FP8E4M3, "void8"},
        {NS_DTYPE_FP8UE8M0, "void8"}, {NS_DTYPE_FP8E5M2, "uint8"}, {NS_DTYPE_FP6E2M3, "uint8"},
        {NS_DTYPE_FP6E3M2, "uint8"},  {NS_DTYPE_FP4E2M1, "uint8"}, {NS_DTYPE_MXINT8, "uint8"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint64_t element = 1;
        ns_tensor tensor = {.dtype = rows[i].dtype, .rank = 1, .shape = {1}, .data = &element}, back;
        ns_npy array;
        char text[64];
        ASSERT_OK(ns_npy_from_tensor(&tensor, &array, &error));
        assert_string_equal(ns_npy_type_text(array.type), rows[i].array);
        assert_int_equal(array.item_size, ns_dtype_bytes(rows[i].dtype));
        ASSERT_OK(ns_npy_to_tensor(&array, rows[i].dtype, &back, &error));
        assert_ptr_equal(back.data, &element);
        snprintf(text, sizeof text, "[1] %s", rows[i].array);
        char described[64];
        assert_string_equal(ns_npy_describe(&array, described, sizeof described), text);
    }
    ns_npy array = {0};
    ns_tensor tensor = {.dtype = NS_DTYPE_UNKNOWN};
    assert_int_equal(ns_npy_from_tensor(&tensor, &array, &error), NS_ERROR_UNSUPPORTED);
    assert_string_equal(error.message, "tensors of type unknown in .npy files");
    assert_int_equal(ns_npy_to_tensor(&array, NS_DTYPE_UNKNOWN, &tensor, &error), NS_ERROR_UNSUPPORTED);
}

/* Names that command lines and cases give. */
static void types_by_name(void **state)
{
    (void)state;
    ns_npy_type type;
    assert_true(ns_npy_type_parse("float16", &type) && type == NS_NPY_FLOAT16);
    assert_true(ns_npy_type_parse("bfloat16", &type) && type == NS_NPY_UINT16);
    assert_true(ns_npy_type_parse("bits16", &type) && type == NS_NPY_UINT16);
    assert_false(ns_npy_type_parse("object", &type)); /* has no size of its own */
    assert_false(ns_npy_type_parse("int", &type));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_numpy_wrote),
        cmocka_unit_test(writes_the_bytes_that_numpy_writes),
        cmocka_unit_test(keeps_trailing_zeros_of_byte_strings),
        cmocka_unit_test(reads_other_spellings_of_the_header),
        cmocka_unit_test(refuses_what_it_does_not_read),
        cmocka_unit_test(refuses_every_prefix),
        cmocka_unit_test(converts_to_tensors),
        cmocka_unit_test(every_type_has_an_array),
        cmocka_unit_test(types_by_name),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
