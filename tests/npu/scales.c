#include "npu/weights/interface.h"

#include "support/test.h"

static void check(ns_scale_format format, const uint8_t *bytes, int64_t bias, uint32_t scale, int shift)
{
    ns_arena *arena = ns_arena_new();
    ns_scale_record *records;
    ns_error error;
    const ns_bytes stream = {bytes, NS_SCALE_RECORD_BYTES};
    ASSERT_OK(ns_scales_decode(format, &stream, 1, 1, arena, &records, &error));
    assert_int_equal(records[0].bias, bias);
    assert_int_equal(records[0].scale, scale);
    assert_int_equal(records[0].shift, shift);
    ns_arena_free(arena);
}

static void test_each_format(void **state)
{
    (void)state;
    const uint8_t u55[] = {0xfe, 0xff, 0xff, 0xff, 0xff, 0x01, 0x00, 0x00, 0x80, 0x1f};
    check(NS_SCALES_U55, u55, -2, 0x80000001u, 31);
    const uint8_t narrow[] = {0x00, 0x00, 0x00, 0x80, 0xff, 0xff, 0xff, 0x7f, 0x3f, 0};
    check(NS_SCALES_U85_I32, narrow, INT32_MIN, INT32_MAX, 63);
    const uint8_t wide[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 0xff, 0x7f, 0x01, 0};
    check(NS_SCALES_U85_I48, wide, ((int64_t)1 << 47) - 1, 0x7fff, 1);
}

static void test_two_cores_take_channels_in_turn(void **state)
{
    (void)state;
    uint8_t even[2 * NS_SCALE_RECORD_BYTES] = {0}, odd[NS_SCALE_RECORD_BYTES] = {0};
    even[0] = 10;
    even[NS_SCALE_RECORD_BYTES] = 12;
    odd[0] = 11;
    const ns_bytes streams[2] = {{even, sizeof even}, {odd, sizeof odd}};
    ns_arena *arena = ns_arena_new();
    ns_scale_record *records;
    ns_error error;
    ASSERT_OK(ns_scales_decode(NS_SCALES_U55, streams, 2, 3, arena, &records, &error));
    for (int i = 0; i < 3; i++)
        assert_int_equal(records[i].bias, 10 + i);
    assert_int_equal(ns_scales_decode(NS_SCALES_U55, streams, 2, 4, arena, &records, &error), NS_ERROR_FAULT);
    ns_arena_free(arena);
}

static void test_reserved_bits_are_faults(void **state)
{
    (void)state;
    ns_arena *arena = ns_arena_new();
    ns_scale_record *records;
    const struct {
        ns_scale_format format;
        int byte;
        uint8_t value;
    } cases[] = {{NS_SCALES_U55, 9, 0x40},     {NS_SCALES_U85_I32, 7, 0x80}, {NS_SCALES_U85_I32, 9, 1},
                 {NS_SCALES_U85_I48, 7, 0x80}, {NS_SCALES_U85_I48, 8, 0x80}, {NS_SCALES_U85_I48, 9, 1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t bytes[NS_SCALE_RECORD_BYTES] = {0};
        bytes[cases[i].byte] = cases[i].value;
        const ns_bytes stream = {bytes, sizeof bytes};
        assert_int_equal(ns_scales_decode(cases[i].format, &stream, 1, 1, arena, &records, NULL),
                         NS_ERROR_FAULT);
    }
    ns_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_format),
        cmocka_unit_test(test_two_cores_take_channels_in_turn),
        cmocka_unit_test(test_reserved_bits_are_faults),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
