/* The compile half against real releases of Vela: a graph that 5.1.0 compiles wrongly for Ethos-U55, one
 * whose stream asks for what Ethos-U85 does not define, and one that is right. What is at fault is told in
 * docs/errata.md: REDUCE_MIN before a RESHAPE; convolutions with a stride over 3. Skipped without Vela. */
#include "diagnose/compile_parts.h"
#include "npuscope/diagnose.h"

#include <math.h>

#include "support/with_vela.h"

/* A graph in the making. */
typedef struct draft {
    ns_graph *graph;
    ns_block *block;
} draft;

static draft begin(void)
{
    draft d = {0};
    ns_error error = {0};
    ASSERT_OK(ns_graph_new(&d.graph, &error));
    d.block = &d.graph->regions[0].blocks[0];
    return d;
}

static int tensor(const draft *d, const char *name, ns_dtype dtype, int rank, const int64_t *shape)
{
    int index;
    ns_error error = {0};
    ASSERT_OK(ns_block_add_tensor(d->graph, d->block, name, dtype, rank, shape, &index, &error));
    return index;
}

/* A constant whose elements are a hash of their place, -127 to 127 (weights that compress badly, as trained
 * ones do); step 0: all `value`. */
static int constant(const draft *d, const char *name, ns_dtype dtype, int rank, const int64_t *shape,
                    int step, int value)
{
    int index;
    ns_error error = {0};
    ns_tensor values;
    ASSERT_OK(ns_tensor_new(arena, dtype, rank, shape, &values, &error));
    for (size_t i = 0; i < ns_tensor_count(&values); i++)
        ns_tensor_set(&values, i,
                      step ? (int64_t)((uint32_t)(i * (size_t)step) * 2654435761u >> 16) % 255 - 127 : value);
    ASSERT_OK(ns_block_add_const(d->graph, d->block, name, &values, &index, &error));
    return index;
}

static void add(const draft *d, ns_op op, const ns_attributes *attributes, int input_count, const int *inputs,
                int output)
{
    ns_error error = {0};
    ASSERT_OK(ns_block_add_operator(
        d->graph, d->block, &(ns_operator_parts){op, attributes, input_count, inputs, 1, &output}, &error));
}

/* Writes the graph, makes an input of its own values, and diagnoses it. */
static const ns_diagnose_compile *diagnose(draft *d, int input, int output,
                                           const ns_accelerator *accelerators, int count, int mode_count,
                                           int rows)
{
    ns_error error = {0};
    const void *data;
    size_t size;
    ns_tensor values;
    const ns_tensor *declared = &d->block->tensors[input].tensor;
    ASSERT_OK(ns_block_set_inputs(d->graph, d->block, 1, &input, &error));
    ASSERT_OK(ns_block_set_outputs(d->graph, d->block, 1, &output, &error));
    ASSERT_OK(ns_tensor_new(arena, declared->dtype, declared->rank, declared->shape, &values, &error));
    for (size_t i = 0; i < ns_tensor_count(&values); i++)
        ns_tensor_set(&values, i, (int64_t)(i * 37 % 251) - 125);
    ASSERT_OK(ns_graph_write(d->graph, arena, &data, &size, &error));
    ns_graph_free(d->graph);
    const ns_vela_options kept = {.cache = cache};
    static const char *const modes[] = {"Shared_Sram", "Sram_Only"};
    const ns_diagnose_compile_options options = {.model = data,
                                                 .model_size = size,
                                                 .inputs = &values,
                                                 .input_count = 1,
                                                 .accelerators = accelerators,
                                                 .accelerator_count = count,
                                                 .memory_modes = modes,
                                                 .memory_mode_count = mode_count,
                                                 .velas = &vela,
                                                 .vela_count = 1,
                                                 .vela = &kept};
    const ns_diagnose_compile *found;
    int found_count;
    ASSERT_OK(ns_diagnose_compile_run(&options, arena, &found, &found_count, &error));
    assert_int_equal(found_count, rows);
    return found;
}

/* Vela makes MIN of SUB, MAX and SUB; the last broadcasts, and every element takes the first's constant. */
static void test_wrong_reduce_min(void **state)
{
    (void)state;
    static const ns_accelerator both[] = {NS_ACCELERATOR_U55_128, NS_ACCELERATOR_U85_256};
    const draft d = begin();
    const ns_attributes axis = {.axis = 2, .nan_mode = NS_NAN_PROPAGATE}, none = {0};
    const int x = tensor(&d, "x", NS_DTYPE_INT16, 3, (int64_t[]){1, 4, 8});
    const int m = tensor(&d, "least", NS_DTYPE_INT16, 3, (int64_t[]){1, 4, 1});
    const int y = tensor(&d, "y", NS_DTYPE_INT16, 2, (int64_t[]){1, 4});
    int shape;
    ns_error error = {0};
    add(&d, NS_OP_REDUCE_MIN, &axis, 1, &x, m);
    ASSERT_OK(ns_block_add_const_shape(d.graph, d.block, "shape", 2, (int64_t[]){1, 4}, &shape, &error));
    add(&d, NS_OP_RESHAPE, &none, 2, (int[]){m, shape}, y);
    const ns_diagnose_compile *rows = diagnose((draft *)&d, x, y, both, 2, 1, 2);
    assert_string_equal(rows[0].verdict, "wrong");
    assert_true(rows[0].is_finding);
    assert_int_equal(rows[0].elements, 4);
    assert_true(rows[0].wrong > 0);
    assert_true(rows[0].departs);
    assert_string_equal(rows[0].first_wrong.operation, "ELEMENTWISE SUB");
    assert_true(rows[0].first_wrong.operator_index == 0 || rows[0].first_wrong.operator_index == 2);
    assert_true(rows[0].first_wrong.confirmed);
    assert_int_equal(rows[0].first_wrong.wrong, rows[0].wrong);
    assert_string_equal(rows[0].known_defect, "reduce_min_reshape");
    assert_string_equal(rows[0].proof, "right once 'least' is an output too");
    assert_string_equal(rows[1].verdict, "right");
    assert_false(rows[1].is_finding || rows[1].departs);
    assert_true(isinf(rows[1].sqnr_db));
}

/* Kernel 1 x 11, stride 5, padded, 64 channels: Vela slices the depth between steps that keep accumulators.
 */
static void test_undefined_strides(void **state)
{
    (void)state;
    const ns_accelerator one_target = NS_ACCELERATOR_U85_256;
    const draft d = begin();
    const ns_attributes conv = {.pad = {4, (int32_t[]){0, 0, 5, 1}},
                                .stride = {2, (int32_t[]){1, 5}},
                                .dilation = {2, (int32_t[]){1, 1}},
                                .acc_type = NS_DTYPE_INT32};
    const ns_attributes rescale = {.scale32 = true, .rounding_mode = NS_SINGLE_ROUND};
    const int64_t one = 1;
    const int x = tensor(&d, "x", NS_DTYPE_INT8, 4, (int64_t[]){1, 1, 400, 16});
    const int c = tensor(&d, "c", NS_DTYPE_INT32, 4, (int64_t[]){1, 1, 80, 64});
    const int y = tensor(&d, "y", NS_DTYPE_INT8, 4, (int64_t[]){1, 1, 80, 64});
    const int w = constant(&d, "w", NS_DTYPE_INT8, 4, (int64_t[]){64, 1, 11, 16}, 7, 0);
    const int b = constant(&d, "b", NS_DTYPE_INT32, 1, (int64_t[]){64}, 11, 0);
    const int zero8 = constant(&d, "zero8", NS_DTYPE_INT8, 1, &one, 0, 0);
    const int zero8w = constant(&d, "zero8w", NS_DTYPE_INT8, 1, &one, 0, 0);
    add(&d, NS_OP_CONV2D, &conv, 5, (int[]){x, w, b, zero8, zero8w}, c);
    const int multiplier = constant(&d, "multiplier", NS_DTYPE_INT32, 1, &one, 0, 1 << 30);
    const int shift = constant(&d, "shift", NS_DTYPE_INT8, 1, &one, 0, 37);
    const int zero32 = constant(&d, "zero32", NS_DTYPE_INT32, 1, &one, 0, 0);
    const int zero8y = constant(&d, "zero8y", NS_DTYPE_INT8, 1, &one, 0, 0);
    add(&d, NS_OP_RESCALE, &rescale, 5, (int[]){c, multiplier, shift, zero32, zero8y}, y);
    const ns_diagnose_compile *rows = diagnose((draft *)&d, x, y, &one_target, 1, 2, 2);
    assert_string_equal(rows[0].memory_mode, "Sram_Only"); /* where weights are not buffered */
    assert_string_equal(rows[0].verdict, "right");
    assert_string_equal(rows[1].verdict, "undefined");
    assert_int_equal(rows[1].avoided_count > 0, true);
    assert_true(rows[1].is_finding);
    assert_non_null(strstr(rows[1].reason, "KEPT_ACCUMULATORS"));
    assert_true(rows[1].departs);
    assert_string_equal(rows[1].first_wrong.output, "y");
    assert_string_equal(rows[1].known_defect, "conv_stride_padded");
    assert_string_equal(rows[1].proof, "right with --optimise Size");
}

static void test_unknown_mode(void **state)
{
    (void)state;
    ns_error error = {0};
    const char *mode = "Sram";
    const ns_diagnose_compile *rows;
    int count;
    const ns_diagnose_compile_options options = {.memory_modes = &mode, .memory_mode_count = 1};
    assert_int_equal(ns_diagnose_compile_run(&options, arena, &rows, &count, &error), NS_ERROR_USAGE);
    assert_non_null(strstr(error.message, "Shared_Sram"));
}

/* ---- where the elements of an OFM lie in the graph's tensor, worked out by hand; needs no Vela ---- */

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

static int run_group(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wrong_reduce_min),
        cmocka_unit_test(test_undefined_strides),
        cmocka_unit_test(test_unknown_mode),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nhwc),
        cmocka_unit_test(test_bricks),
        cmocka_unit_test(test_without_placement),
    };
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    return failed ? failed : with_vela(run_group);
}
