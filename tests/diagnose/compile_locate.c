/* Where the elements of an OFM lie in the graph's tensor, worked out by hand. */
#include "diagnose/compile_parts.h"

#include "support/test.h"

/* An OFM of 1 x 2 x 2 int8 elements at `address`. */
static ns_npu_tap part(ns_tensor *data, ns_npu_layout *layout, int64_t address, int64_t depth)
{
    *data = (ns_tensor){.dtype = NS_DTYPE_INT8, .rank = 3, .shape = {1, 2, depth}};
    layout->base[0] = address;
    layout->element_bytes = 1;
    layout->width0 = layout->height0 = layout->height1 = 100;
    return (ns_npu_tap){.address = (uint64_t)address, .data = data, .layout = layout};
}

/* Columns 1 and 2 of the second row of [1, 2, 3, 4], NHWC, which lies at 0x100. */
static void test_nhwc(void **state)
{
    (void)state;
    ns_vela_debug_tensor placed = {.name = "t", .address = 0x100, .size = 24};
    const ns_vela_debug debug = {.tensor_count = 1, .tensors = &placed};
    const ns_vela_debug_operation op = {.output = "t", .shape = {1, 2, 3, 4}};
    const ns_tensor tensor = {.dtype = NS_DTYPE_INT8, .rank = 4, .shape = {1, 2, 3, 4}};
    ns_npu_layout layout = {.stride_y = 12, .stride_x = 4};
    ns_tensor data;
    ns_npu_tap tap = part(&data, &layout, 0x100 + 12 + 4, 4);
    size_t progress = 0, index[8];
    assert_true(ns_compile_locate(&tap, &debug, &op, &tensor, &progress, index));
    for (size_t i = 0; i < 8; i++)
        assert_int_equal(index[i], 16 + i);
    tap = part(&data, &layout, 0x100 + 20, 4); /* its last element would lie behind the tensor's end */
    assert_false(ns_compile_locate(&tap, &debug, &op, &tensor, &progress, index));
}

/* Channels 16 and 17 of both columns of the second row of [1, 2, 2, 18] in NHCWB16: bricks of 16 bytes, the
 * row's second slab after 2 x 16. */
static void test_bricks(void **state)
{
    (void)state;
    ns_vela_debug_tensor placed = {.name = "t", .address = 0x100, .size = 128};
    const ns_vela_debug debug = {.tensor_count = 1, .tensors = &placed};
    const ns_vela_debug_operation op = {.output = "t", .shape = {1, 2, 2, 18}};
    const ns_tensor tensor = {.dtype = NS_DTYPE_INT8, .rank = 3, .shape = {2, 2, 18}};
    ns_npu_layout layout = {.brick = true, .stride_y = 64, .stride_c = 32};
    ns_tensor data;
    const ns_npu_tap tap = part(&data, &layout, 0x100 + 64 + 32, 2);
    size_t progress = 0, index[4];
    assert_true(ns_compile_locate(&tap, &debug, &op, &tensor, &progress, index));
    assert_int_equal(index[0], (2 + 0) * 18 + 16);
    assert_int_equal(index[1], (2 + 0) * 18 + 17);
    assert_int_equal(index[2], (2 + 1) * 18 + 16);
    assert_int_equal(index[3], (2 + 1) * 18 + 17);
}

/* Without a placement: the whole tensor in order, or whole rows that follow each other. */
static void test_without_placement(void **state)
{
    (void)state;
    const ns_vela_debug debug = {0};
    const ns_vela_debug_operation op = {.output = "t", .shape = {1, 3, 2, 2}};
    const ns_tensor rows = {.dtype = NS_DTYPE_INT8, .rank = 3, .shape = {3, 2, 2}};
    const ns_tensor whole = {.dtype = NS_DTYPE_INT8, .rank = 1, .shape = {4}};
    ns_npu_layout layout = {.stride_y = 4, .stride_x = 2};
    ns_tensor data;
    const ns_npu_tap tap = part(&data, &layout, 0, 2);
    size_t progress = 0, index[4];
    for (size_t row = 0; row < 3; row++) {
        assert_true(ns_compile_locate(&tap, &debug, &op, &rows, &progress, index));
        assert_int_equal(index[0], 4 * row);
    }
    assert_false(ns_compile_locate(&tap, &debug, &op, &rows, &progress, index)); /* a fourth of three */
    progress = 0;
    assert_true(ns_compile_locate(&tap, NULL, NULL, &whole, &progress, index));
    const ns_tensor wider = {.dtype = NS_DTYPE_INT16, .rank = 1, .shape = {4}};
    assert_false(ns_compile_locate(&tap, &debug, &op, &wider, &progress, index));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nhwc),
        cmocka_unit_test(test_bricks),
        cmocka_unit_test(test_without_placement),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
