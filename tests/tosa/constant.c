#include "tosa/internal.h"

#include <math.h>

#include "support/test.h"

static ns_error error;

static void unpack(ns_arena *arena, ns_dtype dtype, int64_t count, size_t size, const uint8_t *bytes,
                   ns_tensor *tensor)
{
    *tensor = (ns_tensor){.dtype = dtype, .rank = 1, .shape = {count}};
    ASSERT_OK(ns_constant_unpack(arena, (ns_bytes){bytes, size}, tensor, &error));
}

static void test_packed_types(void **state)
{
    (void)state;
    ns_arena *arena = ns_arena_new();
    ns_tensor tensor;
    /* Low half first; the high half of the last byte is padding. */
    unpack(arena, NS_DTYPE_INT4, 3, 2, (const uint8_t[]){0x87, 0xff}, &tensor);
    assert_int_equal(ns_tensor_get(&tensor, 0), 7);
    assert_int_equal(ns_tensor_get(&tensor, 1), -8);
    assert_int_equal(ns_tensor_get(&tensor, 2), -1);
    unpack(arena, NS_DTYPE_INT48, 2, 12,
           (const uint8_t[]){0, 0, 0, 0, 0, 0x80, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f}, &tensor);
    assert_int_equal(ns_tensor_get(&tensor, 0), -140737488355328);
    assert_int_equal(ns_tensor_get(&tensor, 1), 140737488355327);
    /* Four values in three bytes, low bits first. */
    unpack(arena, NS_DTYPE_FP6E3M2, 4, 3, (const uint8_t[]){0x81, 0x30, 0x10}, &tensor);
    for (int i = 0; i < 4; i++)
        assert_int_equal(((uint8_t *)tensor.data)[i], i + 1);
    unpack(arena, NS_DTYPE_BOOL, 2, 2, (const uint8_t[]){0, 7}, &tensor);
    assert_int_equal(ns_tensor_get(&tensor, 0), 0);
    assert_int_equal(ns_tensor_get(&tensor, 1), 1);
    ns_arena_free(arena);
}

static void test_too_few_and_too_many_bytes(void **state)
{
    (void)state;
    ns_arena *arena = ns_arena_new();
    ns_tensor tensor;
    unpack(arena, NS_DTYPE_INT8, 1, 4, (const uint8_t[]){9, 1, 2, 3}, &tensor);
    assert_int_equal(ns_tensor_get(&tensor, 0), 9);
    tensor = (ns_tensor){.dtype = NS_DTYPE_INT48, .rank = 1, .shape = {2}};
    const uint8_t bytes[11] = {0};
    assert_int_equal(ns_constant_unpack(arena, (ns_bytes){bytes, 11}, &tensor, &error), NS_ERROR_INPUT);
    assert_string_equal(error.message, "11 bytes of data where 2 elements of type int48 need 12");
    ns_arena_free(arena);
}

static void test_floats(void **state)
{
    (void)state;
    /* IEEE 754 binary16: 1.5, the smallest subnormal, -infinity, NaN; bfloat16: -2. */
    uint16_t halves[4] = {0x3e00, 0x0001, 0xfc00, 0x7e00}, brain = 0xc000;
    const ns_tensor fp16 = {.dtype = NS_DTYPE_FP16, .rank = 1, .shape = {4}, .data = halves};
    const ns_tensor bf16 = {.dtype = NS_DTYPE_BF16, .rank = 1, .shape = {1}, .data = &brain};
    assert_true(ns_real_get(&fp16, 0) == 1.5);
    assert_true(ns_real_get(&fp16, 1) == 0x1p-24);
    assert_true(ns_real_get(&fp16, 2) == -INFINITY);
    assert_true(isnan(ns_real_get(&fp16, 3)));
    assert_true(ns_real_get(&bf16, 0) == -2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_packed_types),
        cmocka_unit_test(test_too_few_and_too_many_bytes),
        cmocka_unit_test(test_floats),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
