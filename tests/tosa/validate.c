#include "support/graph.h"
#include "tosa/operand_info.h"
#include "tosa/operator_info.h"

static ns_error error;

static void check_captured(const char *name)
{
    ns_graph *graph = test_read_graph(name);
    ASSERT_OK(ns_graph_validate(graph, &error));
    ns_graph_free(graph);
}

static void test_captured_graphs_are_valid(void **state)
{
    (void)state;
    assert_int_equal(test_each_captured(check_captured), 127);
}

/* ---- one operator, right and wrong ---- */

typedef struct spec {
    ns_dtype dtype; /* UNKNOWN ends a list */
    int rank;
    int64_t shape[6];
    int constant; /* 1: a constant of `value`s */
    int64_t value;
} spec;

#define I8(...) .dtype = NS_DTYPE_INT8, SHAPE_(__VA_ARGS__)
#define I16(...) .dtype = NS_DTYPE_INT16, SHAPE_(__VA_ARGS__)
#define I32(...) .dtype = NS_DTYPE_INT32, SHAPE_(__VA_ARGS__)
#define I48(...) .dtype = NS_DTYPE_INT48, SHAPE_(__VA_ARGS__)
#define BOOL(...) .dtype = NS_DTYPE_BOOL, SHAPE_(__VA_ARGS__)
#define F32(...) .dtype = NS_DTYPE_FP32, SHAPE_(__VA_ARGS__)
#define SHAPE_(...) .rank = sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t), .shape = {__VA_ARGS__}
#define VALUE(v) .constant = 1, .value = v
#define VALUES(...)                                                                      \
    .dtype = NS_DTYPE_SHAPE, .rank = sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t), \
    .shape = {__VA_ARGS__}
#define INTS(...)                                                       \
    {                                                                   \
        sizeof((int32_t[]){__VA_ARGS__}) / sizeof(int32_t), (int32_t[]) \
        {                                                               \
            __VA_ARGS__                                                 \
        }                                                               \
    }
#define BYTES(...)                                    \
    {                                                 \
        sizeof((uint8_t[]){__VA_ARGS__}), (uint8_t[]) \
        {                                             \
            __VA_ARGS__                               \
        }                                             \
    }

typedef struct row {
    ns_op op;
    spec inputs[6];
    spec outputs[3];
    ns_attributes attributes;
    const char *message; /* what follows "operator N (NAME): "; NULL: the graph is valid */
} row;

static int add(ns_graph *graph, const spec *s, int number, bool *is_input)
{
    ns_block *block = &graph->regions[0].blocks[0];
    char name[16];
    snprintf(name, sizeof name, "t%d", number);
    int index = -1;
    *is_input = false;
    if (s->dtype == NS_DTYPE_SHAPE) {
        ASSERT_OK(ns_block_add_const_shape(graph, block, name, s->rank, s->shape, &index, &error));
    } else if (s->constant) {
        ns_tensor tensor;
        ns_arena *arena = ns_arena_new();
        ASSERT_OK(ns_tensor_new(arena, s->dtype, s->rank, s->shape, &tensor, &error));
        for (size_t i = 0; i < ns_tensor_count(&tensor); i++)
            ns_tensor_set(&tensor, i, s->value);
        ASSERT_OK(ns_block_add_const(graph, block, name, &tensor, &index, &error));
        ns_arena_free(arena);
    } else {
        *is_input = true;
        ASSERT_OK(ns_block_add_tensor(graph, block, name, s->dtype, s->rank, s->shape, &index, &error));
    }
    return index;
}

static ns_graph *graph_of(const row *r)
{
    ns_graph *graph = NULL;
    ASSERT_OK(ns_graph_new(&graph, &error));
    ns_block *block = &graph->regions[0].blocks[0];
    int inputs[6], outputs[3], free_inputs[6], input_count = 0, output_count = 0, free_count = 0;
    bool is_input;
    for (; input_count < 6 && r->inputs[input_count].dtype; input_count++) {
        inputs[input_count] = add(graph, &r->inputs[input_count], input_count, &is_input);
        if (is_input)
            free_inputs[free_count++] = inputs[input_count];
    }
    for (; output_count < 3 && r->outputs[output_count].dtype; output_count++)
        outputs[output_count] = add(graph, &r->outputs[output_count], 10 + output_count, &is_input);
    ASSERT_OK(ns_block_add_operator(
        graph, block, &(ns_operator_parts){r->op, &r->attributes, input_count, inputs, output_count, outputs},
        &error));
    ASSERT_OK(ns_block_set_inputs(graph, block, free_count, free_inputs, &error));
    ASSERT_OK(ns_block_set_outputs(graph, block, output_count, outputs, &error));
    return graph;
}

#define CONV_INPUTS                                                  \
    {I8(1, 5, 5, 3)}, {I8(4, 3, 3, 3)}, {I32(4)}, {I8(1), VALUE(7)}, \
    {                                                                \
        I8(1), VALUE(0)                                              \
    }
#define CONV_ATTRIBUTES \
    .pad = INTS(1, 1, 1, 1), .stride = INTS(1, 1), .dilation = INTS(1, 1), .acc_type = NS_DTYPE_INT32
#define RESCALE_CONSTANTS                                            \
    {I32(1), VALUE(1 << 30)}, {I8(1), VALUE(30)}, {I8(1), VALUE(3)}, \
    {                                                                \
        I8(1), VALUE(-3)                                             \
    }

static const row rows[] = {
    /* counts, ranks, types, dims, constants */
    {NS_OP_ABS, {{I32(2, 3)}}, {{I32(2, 3)}}, {0}, NULL},
    {NS_OP_ABS, {{I32(2, 3)}, {I32(2, 3)}}, {{I32(2, 3)}}, {0}, "it has 2 inputs; it takes 1"},
    {NS_OP_ABS,
     {{I8(2, 3)}},
     {{I8(2, 3)}},
     {0},
     "the specification does not support this combination of types: in_out_t int8"},
    {NS_OP_ABS,
     {{I32(2, 3)}},
     {{F32(2, 3)}},
     {0},
     "output \"output\" has type fp32; the operands of type in_out_t before it have int32"},
    {NS_OP_ABS,
     {{I32(2, 3)}},
     {{I32(2, 4)}},
     {0},
     "output \"output\" is [2, 4] int32 and input \"input1\" is [2, 3] int32: their shapes must be equal"},
    {NS_OP_ABS, {{I32(2, 0)}}, {{I32(2, 0)}}, {0}, "dim 1 of input \"input1\" is 0; dims are at least 1"},
    {NS_OP_GATHER, {{I16(2, 9, 5)}, {I32(2, 3)}}, {{I16(2, 3, 5)}}, {0}, NULL},
    {NS_OP_GATHER,
     {{I16(2, 9, 5)}, {I32(1, 3)}},
     {{I16(2, 3, 5)}},
     {0},
     "dim 0 of input \"indices\" is 1; N is 2 by input \"values\""},
    {NS_OP_GATHER,
     {{I16(2, 9, 5)}, {I32(2)}},
     {{I16(2, 3, 5)}},
     {0},
     "input \"indices\" has rank 1; it must be at least 2"},
    {NS_OP_GATHER,
     {{I16(2, 9, 5)}, {I16(2, 3)}},
     {{I16(2, 3, 5)}},
     {0},
     "the specification does not support this combination of types: index_t int16, in_out_t int16"},
    {NS_OP_MATMUL,
     {{I16(2, 3, 4)}, {I16(2, 4, 5)}, {I16(1), VALUE(0)}, {I16(1)}},
     {{I48(2, 3, 5)}},
     {0},
     "input \"B_zp\" (\"t3\") must be a compile-time constant: make it with CONST"},
    {NS_OP_MATMUL,
     {{I16(2, 3, 4)}, {I16(2, 4, 5)}, {I16(1), VALUE(0)}, {I16(1), VALUE(1)}},
     {{I48(2, 3, 5)}},
     {0},
     "input \"B_zp\" is not 0; only int8 has a zero point"},
    {NS_OP_MATMUL,
     {{I16(2, 3, 4)}, {I16(2, 3, 5)}, {I16(1), VALUE(0)}, {I16(1), VALUE(0)}},
     {{I48(2, 3, 5)}},
     {0},
     "dim 1 of input \"B\" is 3; C is 4 by input \"A\""},
    /* level 8K */
    {NS_OP_IDENTITY, {{I8(1, 1, 1, 1, 1, 1)}}, {{I8(1, 1, 1, 1, 1, 1)}}, {0}, NULL},
    {NS_OP_IDENTITY,
     {{I8(65536, 65536)}},
     {{I8(65536, 65536)}},
     {0},
     "the number of elements is 4294967296; level 8K allows 2147483647 (MAX_LOG2_SIZE)"},
    {NS_OP_AVG_POOL2D,
     {{I8(1, 9000, 4, 1)}, {I8(1), VALUE(0)}, {I8(1), VALUE(0)}},
     {{I8(1, 1, 4, 1)}},
     {.kernel = INTS(9000, 1), .stride = INTS(1, 1), .pad = INTS(0, 0, 0, 0), .acc_type = NS_DTYPE_INT32},
     "kernel is 9000; level 8K allows 8192 (MAX_KERNEL)"},
    /* windows */
    {NS_OP_CONV2D, {CONV_INPUTS}, {{I32(1, 5, 5, 4)}}, {CONV_ATTRIBUTES}, NULL},
    {NS_OP_CONV2D,
     {CONV_INPUTS},
     {{I32(1, 5, 6, 4)}},
     {CONV_ATTRIBUTES},
     "OW is 6; input, padding, kernel and stride give 5"},
    {NS_OP_CONV2D,
     {CONV_INPUTS},
     {{I32(1, 5, 5, 5)}},
     {CONV_ATTRIBUTES},
     "dim 3 of output \"output\" is 5; OC is 4 by input \"weight\""},
    {NS_OP_CONV2D,
     {CONV_INPUTS},
     {{I32(1, 5, 5, 4)}},
     {.pad = INTS(1, 1, 1, 1), .stride = INTS(1, 1), .dilation = INTS(0, 1), .acc_type = NS_DTYPE_INT32},
     "dilation[0] is 0; it must be at least 1"},
    {NS_OP_CONV2D,
     {CONV_INPUTS},
     {{I32(1, 5, 5, 4)}},
     {.pad = INTS(1, 1), .stride = INTS(1, 1), .dilation = INTS(1, 1), .acc_type = NS_DTYPE_INT32},
     "pad has 2 values; it takes 4"},
    {NS_OP_CONV2D,
     {CONV_INPUTS},
     {{I32(1, 3, 3, 4)}},
     {.pad = INTS(1, 1, 1, 1), .stride = INTS(3, 3), .dilation = INTS(1, 1), .acc_type = NS_DTYPE_INT32},
     "along H the window moves over 4 elements, which the stride 3 does not divide"},
    {NS_OP_CONV2D,
     {CONV_INPUTS},
     {{I32(1, 5, 5, 4)}},
     {.pad = INTS(1, 1, 1, 1), .stride = INTS(1, 1), .dilation = INTS(1, 1), .acc_type = NS_DTYPE_INT48},
     "the specification does not support this combination of types: in_t int8, weight_t int8, out_t int32, "
     "acc_t int48, in_zp_t int8, weight_zp_t int8"},
    {NS_OP_DEPTHWISE_CONV2D,
     {{I8(1, 5, 5, 3)}, {I8(3, 3, 3, 2)}, {I32(6)}, {I8(1), VALUE(0)}, {I8(1), VALUE(0)}},
     {{I32(1, 5, 5, 6)}},
     {CONV_ATTRIBUTES},
     NULL},
    {NS_OP_DEPTHWISE_CONV2D,
     {{I8(1, 5, 5, 3)}, {I8(3, 3, 3, 2)}, {I32(3)}, {I8(1), VALUE(0)}, {I8(1), VALUE(0)}},
     {{I32(1, 5, 5, 6)}},
     {CONV_ATTRIBUTES},
     "the bias has 3 values; it takes 1 or the 6 output channels"},
    {NS_OP_TRANSPOSE_CONV2D,
     {CONV_INPUTS},
     {{I32(1, 7, 7, 4)}},
     {.out_pad = INTS(0, 0, 0, 0), .stride = INTS(1, 1), .acc_type = NS_DTYPE_INT32},
     NULL},
    {NS_OP_TRANSPOSE_CONV2D,
     {CONV_INPUTS},
     {{I32(1, 7, 7, 4)}},
     {.out_pad = INTS(-3, 3, 0, 0), .stride = INTS(1, 1), .acc_type = NS_DTYPE_INT32},
     "out_pad -3 and 3 along H must be above minus the kernel's 3"},
    {NS_OP_MAX_POOL2D,
     {{I16(1, 4, 4, 2)}},
     {{I16(1, 2, 2, 2)}},
     {.kernel = INTS(2, 2), .stride = INTS(2, 2), .pad = INTS(0, 0, 0, 0)},
     NULL},
    {NS_OP_MAX_POOL2D,
     {{I16(1, 4, 4, 2)}},
     {{I16(1, 3, 2, 2)}},
     {.kernel = INTS(2, 2), .stride = INTS(2, 2), .pad = INTS(2, 0, 0, 0)},
     "padding 2 and 0 along H must be below the kernel's 2"},
    {NS_OP_RFFT2D, {{F32(1, 8, 8)}}, {{F32(1, 8, 5)}, {F32(1, 8, 5)}}, {0}, NULL},
    {NS_OP_RFFT2D,
     {{F32(1, 8, 8)}},
     {{F32(1, 8, 5)}, {F32(1, 8, 4)}},
     {0},
     "output 1 has 4 columns; W / 2 + 1 is 5"},
    {NS_OP_RFFT2D,
     {{F32(1, 6, 8)}},
     {{F32(1, 6, 5)}, {F32(1, 6, 5)}},
     {0},
     "H is 6; it must be a power of two"},
    /* element-wise */
    {NS_OP_ADD, {{I32(2, 1)}, {I32(1, 3)}}, {{I32(2, 3)}}, {0}, NULL},
    {NS_OP_ADD,
     {{I32(2, 2)}, {I32(1, 3)}},
     {{I32(2, 3)}},
     {0},
     "dim 1 of input \"input2\" is 3; an input before it has 2: only 1 is broadcast"},
    {NS_OP_ADD,
     {{I32(2, 1)}, {I32(1, 3)}},
     {{I32(2, 1)}},
     {0},
     "dim 1 of the output is 1; the inputs broadcast to 3"},
    {NS_OP_ADD,
     {{I32(3)}, {I32(1, 3)}},
     {{I32(1, 3)}},
     {0},
     "input \"input1\" has rank 1, the output has 2: they must be equal"},
    {NS_OP_SELECT,
     {{BOOL(1, 1)}, {I32(2, 1)}, {I32(1, 3)}},
     {{I32(2, 2)}},
     {0},
     "dim 1 of the output is 2; the inputs broadcast to 3"},
    {NS_OP_CLAMP, {{I16(2)}}, {{I16(2)}}, {.min_val = BYTES(0, 0x80), .max_val = BYTES(0xff, 0x7f)}, NULL},
    {NS_OP_CLAMP,
     {{I16(2)}},
     {{I16(2)}},
     {.min_val = BYTES(1, 0), .max_val = BYTES(0, 0)},
     "max_val 0 is below min_val 1"},
    {NS_OP_CLAMP,
     {{I16(2)}},
     {{I16(2)}},
     {.min_val = BYTES(1), .max_val = BYTES(0, 0)},
     "min_val has 1 bytes; type int16 takes 2"},
    {NS_OP_CLAMP,
     {{F32(2)}},
     {{F32(2)}},
     {.min_val = BYTES(0, 0, 0xc0, 0x7f), .max_val = BYTES(0, 0, 0, 0)},
     "min_val is NaN"},
    {NS_OP_TABLE, {{I16(2)}, {I16(513), VALUE(0)}}, {{I32(2)}}, {0}, NULL},
    {NS_OP_TABLE,
     {{I16(2)}, {I16(256), VALUE(0)}},
     {{I32(2)}},
     {0},
     "the table has 256 entries; type int16 takes 513"},
    {NS_OP_RESCALE,
     {{I8(2, 3)}, RESCALE_CONSTANTS},
     {{I8(2, 3)}},
     {.scale32 = true, .rounding_mode = NS_SINGLE_ROUND},
     NULL},
    {NS_OP_RESCALE,
     {{I8(2, 3)}, RESCALE_CONSTANTS},
     {{I8(2, 3)}},
     {.scale32 = true, .rounding_mode = NS_SINGLE_ROUND, .per_channel = true},
     "there are 1 multipliers; per_channel = true takes 3"},
    {NS_OP_RESCALE,
     {{I8(2, 3)}, RESCALE_CONSTANTS},
     {{I8(2, 3)}},
     {.scale32 = true},
     "rounding_mode has the unknown value 0"},
    {NS_OP_RESCALE,
     {{I8(2, 3)}, RESCALE_CONSTANTS},
     {{I8(2, 3)}},
     {.scale32 = false, .rounding_mode = NS_SINGLE_ROUND},
     "multiplier has type int32; scale32 = false takes int16"},
    {NS_OP_RESCALE,
     {{I8(2, 3)}, RESCALE_CONSTANTS},
     {{I8(2, 3)}},
     {.scale32 = true, .rounding_mode = NS_SINGLE_ROUND, .input_unsigned = true, .output_unsigned = true},
     "input_unsigned and output_unsigned exclude each other"},
    {NS_OP_NEGATE,
     {{I16(2)}, {I16(1), VALUE(0)}, {I16(1), VALUE(5)}},
     {{I16(2)}},
     {0},
     "input \"output_zp\" is not 0; only int8 has a zero point"},
    /* layout */
    {NS_OP_ARGMAX, {{I8(2, 3)}}, {{I32(2)}}, {.axis = 1}, NULL},
    {NS_OP_ARGMAX, {{I8(2, 3)}}, {{I32(3)}}, {.axis = 1}, "dim 0 of the output is 3; it must be 2"},
    {NS_OP_REDUCE_SUM, {{I32(2, 3)}}, {{I32(2, 1)}}, {.axis = 1}, NULL},
    {NS_OP_REDUCE_SUM, {{I32(2, 3)}}, {{I32(2, 1)}}, {.axis = 2}, "axis 2 is outside 0 to 1"},
    {NS_OP_REDUCE_SUM, {{I32(2, 3)}}, {{I32(1, 1)}}, {.axis = 1}, "dim 0 of the output is 1; it must be 2"},
    {NS_OP_CONCAT, {{I8(2, 3)}, {I8(2, 4)}}, {{I8(2, 7)}}, {.axis = 1}, NULL},
    {NS_OP_CONCAT,
     {{I8(2, 3)}, {I8(1, 4)}},
     {{I8(2, 7)}},
     {.axis = 1},
     "dim 0 of input 1 is 1; of input 0 it is 2"},
    {NS_OP_PAD, {{I8(2)}, {VALUES(1, 2)}, {I8(1), VALUE(0)}}, {{I8(5)}}, {0}, NULL},
    {NS_OP_PAD,
     {{I8(2)}, {VALUES(1, -2)}, {I8(1), VALUE(0)}},
     {{I8(1)}},
     {0},
     "padding[1] is -2; it must be at least 0"},
    {NS_OP_PAD,
     {{I8(2)}, {VALUES(1)}, {I8(1), VALUE(0)}},
     {{I8(3)}},
     {0},
     "dim 0 of input \"padding\" is 1; 2*rank(shape1) is 2 by the specification"},
    {NS_OP_RESHAPE, {{I8(2, 3)}, {VALUES(6)}}, {{I8(6)}}, {0}, NULL},
    {NS_OP_RESHAPE,
     {{I8(2, 3)}, {VALUES(5)}},
     {{I8(5)}},
     {0},
     "the output has 5 elements, the input has 6: they must be equal"},
    {NS_OP_RESHAPE,
     {{I8(2, 3)}, {VALUES(3, 2)}},
     {{I8(2, 3)}},
     {0},
     "dim 0 of the output is 2; it must be 3"},
    {NS_OP_SLICE, {{I8(4)}, {VALUES(1)}, {VALUES(3)}}, {{I8(3)}}, {0}, NULL},
    {NS_OP_SLICE,
     {{I8(4)}, {VALUES(2)}, {VALUES(3)}},
     {{I8(3)}},
     {0},
     "start[0] + size[0] is 5; the input's dim is 4"},
    {NS_OP_TILE, {{I8(4)}, {VALUES(2)}}, {{I8(9)}}, {0}, "dim 0 of the output is 9; it must be 8"},
    {NS_OP_TRANSPOSE, {{I8(2, 3)}}, {{I8(3, 2)}}, {.perms = INTS(1, 0)}, NULL},
    {NS_OP_TRANSPOSE,
     {{I8(2, 3)}},
     {{I8(2, 2)}},
     {.perms = INTS(0, 0)},
     "perms[1] is 0, which is there twice"},
    {NS_OP_RESIZE,
     {{I8(1, 2, 2, 1)}, {VALUES(2, 1, 2, 1)}, {VALUES(0, 0)}, {VALUES(0, 0)}},
     {{I32(1, 3, 3, 1)}},
     {.mode = NS_RESIZE_BILINEAR},
     NULL},
    {NS_OP_RESIZE,
     {{I8(1, 2, 2, 1)}, {VALUES(2, 1, 2, 1)}, {VALUES(0, 0)}, {VALUES(0, 0)}},
     {{I32(1, 3, 3, 1)}},
     {.mode = NS_RESIZE_NEAREST},
     "int8 to int32 is not what its mode makes"},
    {NS_OP_RESIZE,
     {{I8(1, 2, 2, 1)}, {VALUES(2, 1, 2, 1)}, {VALUES(0, 0)}, {VALUES(0, 2)}},
     {{I32(1, 3, 5, 1)}},
     {.mode = NS_RESIZE_BILINEAR},
     "border 2 along W is outside -16 * scale_n to scale_n - 1"},
    /* control flow */
    {NS_OP_COND_IF,
     {{BOOL(1)}},
     {{I8(1)}},
     {.then_graph = "x", .else_graph = "y"},
     "then_graph names region \"x\", which the file does not have"},
    {NS_OP_COND_IF,
     {{BOOL(2)}},
     {{I8(1)}},
     {.then_graph = "x", .else_graph = "y"},
     "the condition has 2 elements; it must have one"},
    {NS_OP_WHILE_LOOP,
     {{I8(1)}},
     {{I8(2)}},
     {.cond_graph = "x", .body_graph = "y"},
     "input 0 is [1] int8, output 0 is [2] int8: they must be equal"},
};

static void test_each_rule(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ns_graph *graph = graph_of(&rows[i]);
        const ns_code code = ns_graph_validate(graph, &error);
        if (!rows[i].message && code != NS_OK)
            fail_msg("row %zu is refused: %s", i, error.message);
        if (rows[i].message) {
            assert_int_not_equal(code, NS_OK);
            char expected[512];
            snprintf(expected, sizeof expected, "operator %d (%s): %s",
                     graph->regions[0].blocks[0].operator_count - 1, ns_op_text(rows[i].op), rows[i].message);
            assert_string_equal(error.message, expected);
        }
        ns_graph_free(graph);
    }
}

/* ---- the graph as a whole ---- */

static void expect_failure(const ns_graph *graph, ns_code code, const char *message)
{
    assert_int_equal(ns_graph_validate(graph, &error), code);
    assert_string_equal(error.message, message);
}

static void test_data_flow(void **state)
{
    (void)state;
    const row abs_row = {NS_OP_ABS, {{I32(2)}}, {{I32(2)}}, {0}, NULL};
    ns_graph *graph = graph_of(&abs_row);
    ns_block *block = &graph->regions[0].blocks[0];
    block->input_count = 0;
    expect_failure(graph, NS_ERROR_INPUT,
                   "operator 0 (ABS): input 0 (\"t0\") is used before an operator makes it");
    block->input_count = 1;
    block->operators[0].outputs[0] = 0;
    expect_failure(graph, NS_ERROR_INPUT, "operator 0 (ABS): output 0 (\"t0\") has been made before");
    block->operators[0].outputs[0] = 1;
    block->operator_count = 0;
    expect_failure(graph, NS_ERROR_INPUT, "block output 0 (\"t10\"): no operator makes it");
    block->operator_count = 1;
    block->tensors[1].name = "t0";
    expect_failure(graph, NS_ERROR_INPUT, "two tensors have the name \"t0\": each needs its own");
    block->tensors[1].name = "t10";
    block->tensors[0].is_unranked = true;
    expect_failure(graph, NS_ERROR_UNSUPPORTED,
                   "operator 0 (ABS): input \"input1\" (\"t0\") is unranked: give it a shape");
    ns_graph_free(graph);
}

/* A variable may be the operand of VARIABLE, VARIABLE_READ and VARIABLE_WRITE only. */
static void test_variables(void **state)
{
    (void)state;
    const row add_row = {NS_OP_ADD, {{I32(2)}, {I32(2)}}, {{I32(2)}}, {0}, NULL};
    ns_graph *graph = graph_of(&add_row);
    ns_block *block = &graph->regions[0].blocks[0];
    const int b = block->operators[0].inputs[1], out = block->outputs[0];
    block->tensors[b].is_variable = true;
    expect_failure(graph, NS_ERROR_INPUT, "block input 1 (\"t1\") is a variable: VARIABLE_WRITE writes one");
    block->input_count = 1;
    expect_failure(graph, NS_ERROR_INPUT,
                   "operator 0 (ADD): input 1 (\"t1\") is a variable: only VARIABLE_READ reads one, and only "
                   "VARIABLE_WRITE writes one");
    block->tensors[b].is_variable = false;
    block->input_count = 2;
    block->tensors[out].is_variable = true;
    expect_failure(
        graph, NS_ERROR_INPUT,
        "operator 0 (ADD): output 0 (\"t10\") is a variable: only VARIABLE_READ reads one, and only "
        "VARIABLE_WRITE writes one");
    block->operator_count = 0;
    expect_failure(graph, NS_ERROR_INPUT, "block output 0 (\"t10\") is a variable: VARIABLE_READ reads one");
    ns_graph_free(graph);
}

/* A main block that runs itself would nest without end. */
static void test_nesting(void **state)
{
    (void)state;
    const row cond_row = {
        NS_OP_COND_IF, {{BOOL(1)}, {BOOL(1)}}, {{BOOL(1)}}, {.then_graph = "b", .else_graph = "b"}, NULL};
    ns_graph *graph = graph_of(&cond_row);
    ns_block *blocks = ns_arena_alloc(graph->arena, 2, sizeof *blocks);
    ns_region *regions = ns_arena_alloc(graph->arena, 2, sizeof *regions);
    blocks[0] = blocks[1] = graph->regions[0].blocks[0];
    blocks[1].name = "b";
    /* Block b takes what lies behind the condition. */
    blocks[1].input_count = 1;
    for (int i = 0; i < 2; i++)
        regions[i] = (ns_region){.name = i ? "b" : "main", .block_count = 1, .blocks = &blocks[i]};
    graph->region_count = 2;
    graph->regions = regions;
    /* b's operator needs two tensors but the block has one input: reuse it as the condition. */
    blocks[1].operators = ns_arena_copy(graph->arena, blocks[0].operators, sizeof *blocks->operators);
    blocks[1].operators[0].inputs = (int[]){blocks[1].inputs[0], blocks[1].inputs[0]};
    expect_failure(
        graph, NS_ERROR_UNSUPPORTED,
        "COND_IF and WHILE_LOOP nest deeper than 6 levels, or a block runs itself; level 8K allows 6 "
        "(MAX_NESTING)");
    ns_graph_free(graph);
}

/* ---- the tables ---- */

/* operands.def has the same names, in the same order, as operators.def. */
static void test_operand_tables_agree(void **state)
{
    (void)state;
    for (ns_op op = 0; op < NS_OP_COUNT; op++) {
        char names[2][256] = {"", ""};
        int count = 0;
        const ns_operand_info *operands = ns_op_operands(op, &count);
        for (int i = 0; i < count; i++) {
            char *list = names[operands[i].direction];
            const bool many =
                operands[i].kind == NS_OPERAND_TENSOR_LIST || operands[i].kind == NS_OPERAND_SHAPE_LIST;
            snprintf(list + strlen(list), 256 - strlen(list), "%s%s%s", *list ? " " : "", operands[i].name,
                     many ? "[]" : "");
        }
        assert_string_equal(names[NS_OPERAND_INPUT], ns_op_get_info(op)->inputs);
        assert_string_equal(names[NS_OPERAND_OUTPUT], ns_op_get_info(op)->outputs);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_captured_graphs_are_valid),
        cmocka_unit_test(test_each_rule),
        cmocka_unit_test(test_data_flow),
        cmocka_unit_test(test_nesting),
        cmocka_unit_test(test_variables),
        cmocka_unit_test(test_operand_tables_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
