/* Calls of kernels by hand, and a program by hand that jumps: what no recorded program asks for. Values
 * follow from the functions' definitions; messages name what is wrong with an argument. */
#include <math.h>
#include <string.h>

#include "program/internal.h"
#include "support/test.h"

enum { MOST_VALUES = 48 };

typedef ns_code kernel(ns_call *call, ns_error *error);

/* A call in the making: its arguments are the first values. */
typedef struct by_hand {
    ns_arena *arena;
    ns_budget budget;
    int arguments[MOST_VALUES], count;
    ns_value values[MOST_VALUES];
    int items; /* from MOST_VALUES - items on: what lists refer to */
    ns_error error;
} by_hand;

static void begin(by_hand *h)
{
    memset(h, 0, sizeof *h);
    h->arena = ns_arena_new();
    ns_budget_open(&h->budget, 0, 0, 0);
}

static ns_value *give(by_hand *h, ns_value value)
{
    h->arguments[h->count] = h->count;
    h->values[h->count] = value;
    return &h->values[h->count++];
}

static void give_integer(by_hand *h, int64_t integer)
{
    give(h, (ns_value){.kind = NS_VALUE_INT, .as.integer = integer});
}

static void give_real(by_hand *h, double real)
{
    give(h, (ns_value){.kind = NS_VALUE_DOUBLE, .as.real = real});
}

static void give_none(by_hand *h)
{
    give(h, (ns_value){.kind = NS_VALUE_NONE});
}

static void give_boolean(by_hand *h, bool boolean)
{
    give(h, (ns_value){.kind = NS_VALUE_BOOL, .as.boolean = boolean});
}

/* A list whose items are values of their own. */
static int *give_list(by_hand *h, ns_value_kind kind, int count)
{
    int *indices = NS_ARENA_ARRAY(h->arena, (size_t)count, int);
    for (int i = 0; i < count; i++)
        indices[i] = MOST_VALUES - ++h->items;
    give(h, (ns_value){.kind = kind, .as.list = {count, indices, NULL, NULL}});
    return indices;
}

static void give_integers(by_hand *h, int count, const int64_t *integers)
{
    const int *indices = give_list(h, NS_VALUE_INT_LIST, count);
    for (int i = 0; i < count; i++)
        h->values[indices[i]] = (ns_value){.kind = NS_VALUE_INT, .as.integer = integers[i]};
}

#define INTEGERS(...)                                                                  \
    (int)(sizeof((const int64_t[]){__VA_ARGS__}) / sizeof(int64_t)), (const int64_t[]) \
    {                                                                                  \
        __VA_ARGS__                                                                    \
    }

static ns_value tensor_of(ns_scalar scalar, int rank, const int64_t *shape, void *data)
{
    ns_value value = {.kind = NS_VALUE_TENSOR, .as.tensor = {.scalar = scalar, .rank = rank, .data = data}};
    ns_program_tensor *tensor = &value.as.tensor;
    for (int d = 0; d < rank; d++) {
        tensor->shape[d] = shape[d];
        tensor->dim_order[d] = (uint8_t)d;
    }
    assert_int_equal(ns_program_tensor_count(tensor, NULL), NS_OK);
    tensor->capacity = tensor->count * (size_t)ns_scalar_bytes(scalar);
    return value;
}

static ns_program_tensor *give_tensor(by_hand *h, ns_scalar scalar, int rank, const int64_t *shape,
                                      void *data)
{
    return &give(h, tensor_of(scalar, rank, shape, data))->as.tensor;
}

static ns_code call(by_hand *h, kernel *function)
{
    ns_call c = {"k", h->values, h->count, h->arguments, h->arena, &h->budget};
    return function(&c, &h->error);
}

static void fails(by_hand *h, kernel *function, const char *message)
{
    assert_int_not_equal(call(h, function), NS_OK);
    assert_string_equal(h->error.message, message);
    ns_arena_free(h->arena);
}

/* kernels/prim_ops/register_prim_ops.cpp; the quotient as Python's, the remainder as C's. */
static void test_numbers_of_shapes(void **state)
{
    (void)state;
    static const char beyond[] = "k: the result is no 64-bit number";
    static const struct {
        kernel *function;
        int64_t a, b, result;
        ns_value_kind kind;
        bool fails;
    } rows[] = {
        {ns_kernel_prim_add, 7, -9, -2, NS_VALUE_INT, false},
        {ns_kernel_prim_add, INT64_MAX, 1, 0, NS_VALUE_INT, true},
        {ns_kernel_prim_sub, 7, -9, 16, NS_VALUE_INT, false},
        {ns_kernel_prim_sub, INT64_MIN, 1, 0, NS_VALUE_INT, true},
        {ns_kernel_prim_mul, -7, 9, -63, NS_VALUE_INT, false},
        {ns_kernel_prim_mul, INT64_MIN, -1, 0, NS_VALUE_INT, true},
        {ns_kernel_prim_floordiv, 7, 2, 3, NS_VALUE_INT, false},
        {ns_kernel_prim_floordiv, -7, 2, -4, NS_VALUE_INT, false},
        {ns_kernel_prim_floordiv, 7, -2, -4, NS_VALUE_INT, false},
        {ns_kernel_prim_floordiv, -8, 2, -4, NS_VALUE_INT, false},
        {ns_kernel_prim_floordiv, 7, 0, 0, NS_VALUE_INT, true},
        {ns_kernel_prim_floordiv, INT64_MIN, -1, 0, NS_VALUE_INT, true},
        {ns_kernel_prim_mod, -7, 2, -1, NS_VALUE_INT, false},
        {ns_kernel_prim_mod, 7, 0, 0, NS_VALUE_INT, true},
        {ns_kernel_prim_mod, INT64_MIN, -1, 0, NS_VALUE_INT, true},
        {ns_kernel_prim_max, -3, 2, 2, NS_VALUE_INT, false},
        {ns_kernel_prim_min, -3, 2, -3, NS_VALUE_INT, false},
        {ns_kernel_prim_eq, 3, 3, 1, NS_VALUE_BOOL, false},
        {ns_kernel_prim_gt, 3, 3, 0, NS_VALUE_BOOL, false},
        {ns_kernel_prim_lt, -3, 3, 1, NS_VALUE_BOOL, false},
        {ns_kernel_prim_ge, 3, 3, 1, NS_VALUE_BOOL, false},
        {ns_kernel_prim_le, 4, 3, 0, NS_VALUE_BOOL, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        by_hand h;
        begin(&h);
        give_integer(&h, rows[i].a);
        give_integer(&h, rows[i].b);
        give_none(&h);
        if (rows[i].fails) {
            fails(&h, rows[i].function, beyond);
            continue;
        }
        assert_int_equal(call(&h, rows[i].function), NS_OK);
        assert_int_equal(h.values[2].kind, rows[i].kind);
        assert_int_equal(rows[i].kind == NS_VALUE_INT ? h.values[2].as.integer : h.values[2].as.boolean,
                         rows[i].result);
        ns_arena_free(h.arena);
    }
}

static void test_sizes_of_tensors(void **state)
{
    (void)state;
    float data[6] = {0};
    by_hand h;
    begin(&h);
    give_tensor(&h, NS_SCALAR_FLOAT32, 2, (const int64_t[]){2, 3}, data);
    give_integer(&h, -1);
    give_none(&h);
    assert_int_equal(call(&h, ns_kernel_sym_size), NS_OK);
    assert_int_equal(h.values[2].as.integer, 3);
    h.arguments[1] = 2;
    assert_int_equal(call(&h, ns_kernel_sym_numel), NS_OK);
    assert_int_equal(h.values[2].as.integer, 6);
    h.arguments[1] = 1;
    h.values[1].as.integer = 2;
    fails(&h, ns_kernel_sym_size, "k: dim 2 of a tensor of rank 2");
    begin(&h);
    give_boolean(&h, true);
    give_none(&h);
    fails(&h, ns_kernel_sym_numel, "k: argument 0 is a bool, expected a tensor");
}

/* A view into a tensor whose own plan is larger than what it shows now. */
static void begin_view(by_hand *h, float *data, float *planned, int count, const int64_t *sizes)
{
    begin(h);
    give_tensor(h, NS_SCALAR_FLOAT32, 2, (const int64_t[]){2, 3}, data);
    give_integers(h, count, sizes);
    give_tensor(h, NS_SCALAR_FLOAT32, 2, (const int64_t[]){4, 4}, planned);
}

static void test_views_of_memory(void **state)
{
    (void)state;
    float data[6] = {1, 2, 3, 4, 5, 6}, planned[16] = {0};
    by_hand h;
    begin_view(&h, data, planned, INTEGERS(3, -1));
    assert_int_equal(call(&h, ns_kernel_et_view), NS_OK);
    const ns_program_tensor *view = &h.values[2].as.tensor;
    assert_ptr_equal(view->data, data);
    assert_int_equal(view->shape[0], 3);
    assert_int_equal(view->shape[1], 2);
    /* 16 elements were planned for the view; in the memory that it shows now there are six. */
    by_hand full;
    begin(&full);
    give_integers(&full, INTEGERS(4, 4));
    give_real(&full, 7);
    give(&full, h.values[2]);
    fails(&full, ns_kernel_full, "k: a result of 16 elements does not fit the 24 bytes planned for it");
    ns_arena_free(h.arena);
    begin_view(&h, data, planned, INTEGERS(3, 2)); /* a view of a constant is one */
    h.values[0].as.tensor.constant = true;
    assert_int_equal(call(&h, ns_kernel_et_view), NS_OK);
    assert_true(h.values[2].as.tensor.constant);
    ns_arena_free(h.arena);
    begin_view(&h, data, planned, INTEGERS(3, 3));
    fails(&h, ns_kernel_et_view, "k: 6 elements as 9");
    begin_view(&h, data, planned, INTEGERS(-1, -1));
    fails(&h, ns_kernel_et_view, "k: a size of -1");
    begin_view(&h, data, planned, INTEGERS(INT64_MAX, INT64_MAX));
    fails(&h, ns_kernel_et_view, "k: a size of 9223372036854775807");
    begin_view(&h, data, planned, INTEGERS(6));
    fails(&h, ns_kernel_et_view, "k: the result is no tensor of its type and rank");
}

static void test_copies_broadcast(void **state)
{
    (void)state;
    int32_t row[3] = {1, 2, 3}, whole[6] = {0}, other[6] = {0};
    static const int32_t wanted[6] = {1, 2, 3, 1, 2, 3};
    by_hand h;
    begin(&h);
    give_tensor(&h, NS_SCALAR_INT32, 2, (const int64_t[]){2, 3}, whole);
    give_tensor(&h, NS_SCALAR_INT32, 1, (const int64_t[]){3}, row);
    give_none(&h);
    assert_int_equal(call(&h, ns_kernel_copy_in_place), NS_OK);
    assert_memory_equal(whole, wanted, sizeof wanted);
    give_tensor(&h, NS_SCALAR_INT32, 2, (const int64_t[]){2, 3}, other);
    assert_int_equal(call(&h, ns_kernel_copy), NS_OK);
    assert_memory_equal(other, wanted, sizeof wanted);
    h.values[1].as.tensor.shape[0] = h.values[1].as.tensor.count = 2;
    fails(&h, ns_kernel_copy, "k: dim 0 of an operand is 2 and does not broadcast");
    begin(&h); /* expand: -1 keeps the dim */
    give_tensor(&h, NS_SCALAR_INT32, 1, (const int64_t[]){3}, row);
    give_integers(&h, INTEGERS(2, -1));
    give_boolean(&h, false);
    give_tensor(&h, NS_SCALAR_INT32, 2, (const int64_t[]){2, 3}, other);
    memset(other, 0, sizeof other);
    assert_int_equal(call(&h, ns_kernel_expand_copy), NS_OK);
    assert_memory_equal(other, wanted, sizeof wanted);
    ns_arena_free(h.arena);
}

static void begin_strided(by_hand *h, int16_t *data, int16_t *out, const int64_t *size, const int64_t *stride,
                          int64_t offset)
{
    begin(h);
    give_tensor(h, NS_SCALAR_INT16, 1, (const int64_t[]){8}, data);
    give_integers(h, 2, size);
    give_integers(h, 2, stride);
    give_integer(h, offset);
    give_tensor(h, NS_SCALAR_INT16, 2, (const int64_t[]){3, 3}, out);
}

static void test_strides_end_in_the_memory(void **state)
{
    (void)state;
    static const char past[] = "k: sizes and strides reach past the 8 elements";
    static const int16_t wanted[4] = {1, 3, 4, 6};
    int16_t data[8] = {0, 1, 2, 3, 4, 5, 6, 7}, out[9] = {0};
    by_hand h;
    begin_strided(&h, data, out, (const int64_t[]){2, 2}, (const int64_t[]){3, 2}, 1);
    assert_int_equal(call(&h, ns_kernel_as_strided_copy), NS_OK);
    assert_memory_equal(out, wanted, sizeof wanted);
    ns_arena_free(h.arena);
    begin_strided(&h, data, out, (const int64_t[]){2, 2}, (const int64_t[]){3, 2}, 3);
    fails(&h, ns_kernel_as_strided_copy, past);
    begin_strided(&h, data, out, (const int64_t[]){2, 2}, (const int64_t[]){INT64_MAX, 2}, 0);
    fails(&h, ns_kernel_as_strided_copy, past);
    begin_strided(&h, data, out, (const int64_t[]){2, 2}, (const int64_t[]){-1, 2}, 4);
    fails(&h, ns_kernel_as_strided_copy, past);
    begin_strided(&h, data, out, (const int64_t[]){1, 1}, (const int64_t[]){0, 0}, INT64_MIN);
    fails(&h, ns_kernel_as_strided_copy, past);
    begin_strided(&h, data, out, (const int64_t[]){2, 2}, (const int64_t[]){3, 2}, 1);
    h.values[2].as.list.count = 1;
    fails(&h, ns_kernel_as_strided_copy, "k: 2 sizes and 1 strides");
    begin_strided(&h, data, out, (const int64_t[]){4, 4}, (const int64_t[]){0, 0}, 0);
    fails(&h, ns_kernel_as_strided_copy,
          "k: a result of 16 elements does not fit the 18 bytes planned for it");
}

static void begin_permute(by_hand *h, int8_t *data, int8_t *out, int count, const int64_t *dims)
{
    begin(h);
    give_tensor(h, NS_SCALAR_INT8, 2, (const int64_t[]){2, 3}, data);
    give_integers(h, count, dims);
    give_tensor(h, NS_SCALAR_INT8, 2, (const int64_t[]){3, 2}, out);
}

static void test_dims_that_are_none(void **state)
{
    (void)state;
    static const int8_t wanted[6] = {1, 4, 2, 5, 3, 6};
    int8_t data[6] = {1, 2, 3, 4, 5, 6}, out[6] = {0};
    by_hand h;
    begin_permute(&h, data, out, INTEGERS(-1, 0));
    assert_int_equal(call(&h, ns_kernel_permute_copy), NS_OK);
    assert_memory_equal(out, wanted, sizeof wanted);
    ns_arena_free(h.arena);
    begin_permute(&h, data, out, INTEGERS(1, 1));
    fails(&h, ns_kernel_permute_copy, "k: dims are no permutation of 0 to 1");
    begin_permute(&h, data, out, INTEGERS(0, 2));
    fails(&h, ns_kernel_permute_copy, "k: dims are no permutation of 0 to 1");
    begin_permute(&h, data, out, INTEGERS(1));
    fails(&h, ns_kernel_permute_copy, "k: 1 dims for rank 2");
    begin_permute(&h, data, out, INTEGERS(0, 1, 2));
    fails(&h, ns_kernel_permute_copy, "k: argument 1 has 3 entries, at most 2 are possible");
    begin_permute(&h, data, out, INTEGERS(3, -2));
    fails(&h, ns_kernel_view_copy, "k: a size of -2");
    begin_permute(&h, data, out, INTEGERS(3, 1));
    fails(&h, ns_kernel_view_copy, "k: 6 elements into 3");
    begin_permute(&h, data, out, INTEGERS(3, 2));
    h.values[0].as.tensor.dim_order[0] = 1;
    h.values[0].as.tensor.dim_order[1] = 0;
    fails(&h, ns_kernel_view_copy, "k changes the shape of a tensor that is not contiguous");
}

static void begin_slice(by_hand *h, int8_t *data, int8_t *out, int64_t start, int64_t end, int64_t step)
{
    begin(h);
    give_tensor(h, NS_SCALAR_INT8, 1, (const int64_t[]){6}, data);
    give_integer(h, 0);
    give_integer(h, start);
    give_integer(h, end);
    give_integer(h, step);
    give_tensor(h, NS_SCALAR_INT8, 1, (const int64_t[]){6}, out);
}

static void test_slices(void **state)
{
    (void)state;
    static const struct {
        int64_t start, end, step;
        int count;
        int8_t first, last;
    } rows[] = {{1, 4, 1, 3, 2, 4},
                {-2, INT64_MAX, 1, 2, 5, 6},
                {INT64_MIN, -1, 2, 3, 1, 5},
                {0, 6, INT64_MAX, 1, 1, 1},
                {4, 2, 1, 0, 0, 0}};
    int8_t data[6] = {1, 2, 3, 4, 5, 6}, out[6];
    by_hand h;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        begin_slice(&h, data, out, rows[i].start, rows[i].end, rows[i].step);
        assert_int_equal(call(&h, ns_kernel_slice_copy), NS_OK);
        assert_int_equal(h.values[5].as.tensor.shape[0], rows[i].count);
        if (rows[i].count) {
            assert_int_equal(out[0], rows[i].first);
            assert_int_equal(out[rows[i].count - 1], rows[i].last);
        }
        ns_arena_free(h.arena);
    }
    begin_slice(&h, data, out, 0, 6, 0);
    fails(&h, ns_kernel_slice_copy, "k: step 0 of rank 1");
    begin_slice(&h, data, out, -7, 0, 1); /* select's index is argument 2 */
    fails(&h, ns_kernel_select_copy, "k: index -7 is outside dim 0");
}

static void begin_cat(by_hand *h, int8_t *data, int8_t *out, int first, int second)
{
    begin(h);
    const int *items = give_list(h, NS_VALUE_TENSOR_LIST, 2);
    h->values[items[0]] = tensor_of(NS_SCALAR_INT8, 1, (const int64_t[]){first}, data);
    h->values[items[1]] = tensor_of(NS_SCALAR_INT8, 1, (const int64_t[]){second}, data + first);
    give_integer(h, 0);
    give_tensor(h, NS_SCALAR_INT8, 1, (const int64_t[]){5}, out);
}

static void test_joins(void **state)
{
    (void)state;
    int8_t data[6] = {1, 2, 3, 4, 5, 6}, out[5] = {0};
    by_hand h;
    begin_cat(&h, data, out, 2, 3);
    assert_int_equal(call(&h, ns_kernel_cat), NS_OK);
    assert_memory_equal(out, data, sizeof out);
    ns_arena_free(h.arena);
    begin_cat(&h, data, out, 2, 4);
    fails(&h, ns_kernel_cat, "k: the shape of item 1 does not fit the result");
    begin_cat(&h, data, out, 2, 2);
    fails(&h, ns_kernel_cat, "k: the parts add up to 4, the result has 5");
    begin_cat(&h, data, out, 2, 4);
    h.values[2].as.tensor.dynamic = true;
    fails(&h, ns_kernel_cat, "a result of 6 elements does not fit the 5 bytes planned for it");
    begin_cat(&h, data, out, 2, 3);
    h.values[0].kind = NS_VALUE_NONE;
    fails(&h, ns_kernel_cat, "k: argument 0 is None, expected a list of tensors");
}

static void begin_quantize(by_hand *h, ns_scalar from, void *in, ns_scalar to, void *out, int64_t low,
                           int64_t high)
{
    begin(h);
    give_tensor(h, from, 1, (const int64_t[]){5}, in);
    give_real(h, 0.5);
    give_integer(h, 1);
    give_integer(h, low);
    give_integer(h, high);
    give_none(h);
    give_tensor(h, to, 1, (const int64_t[]){5}, out);
}

static void test_quantize_ends(void **state)
{
    (void)state;
    float reals[5] = {NAN, INFINITY, -INFINITY, 0.75f, 1e30f};
    uint16_t codes[5];
    static const uint16_t wanted[5] = {2, 65000, 2, 3, 65000}; /* 0.75 / 0.5 is a tie: to 2, and 1 more */
    by_hand h;
    begin_quantize(&h, NS_SCALAR_FLOAT32, reals, NS_SCALAR_UINT16, codes, 2, 65000);
    assert_int_equal(call(&h, ns_kernel_quantize_per_tensor), NS_OK);
    assert_memory_equal(codes, wanted, sizeof wanted);
    ns_arena_free(h.arena);
    begin_quantize(&h, NS_SCALAR_UINT16, codes, NS_SCALAR_FLOAT32, reals, 2, 65000);
    assert_int_equal(call(&h, ns_kernel_dequantize_per_tensor), NS_OK);
    assert_true(reals[0] == 0.5f && reals[1] == 32499.5f && reals[3] == 1.0f);
    ns_arena_free(h.arena);
    begin_quantize(&h, NS_SCALAR_FLOAT32, reals, NS_SCALAR_UINT16, codes, -1, 65000);
    fails(&h, ns_kernel_quantize_per_tensor, "k: the range -1 to 65000 does not fit uint16");
    begin_quantize(&h, NS_SCALAR_FLOAT32, reals, NS_SCALAR_UINT16, codes, 3, 2);
    fails(&h, ns_kernel_quantize_per_tensor, "k: quant_min 3 is above quant_max 2");
    begin_quantize(&h, NS_SCALAR_UINT16, codes, NS_SCALAR_FLOAT32, reals, 2, 65000);
    h.values[6].as.tensor.rank = 0;
    fails(&h, ns_kernel_dequantize_per_tensor, "k: input of rank 1, output of rank 0");
    begin_quantize(&h, NS_SCALAR_UINT16, codes, NS_SCALAR_INT32, reals, 2, 65000);
    fails(&h, ns_kernel_dequantize_per_tensor, "k to int32");
}

/* dequantize_per_channel: out of its values, four channels of two. */
static void test_quantize_channels_that_do_not_fit(void **state)
{
    (void)state;
    int8_t codes[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    double scales[4] = {1, 2, 4, 8};
    int64_t zero_points[4] = {0, 1, 0, 1};
    float out[8];
    by_hand h;
    begin(&h);
    give_tensor(&h, NS_SCALAR_INT8, 2, (const int64_t[]){4, 2}, codes);
    give_tensor(&h, NS_SCALAR_FLOAT64, 1, (const int64_t[]){4}, scales);
    give_tensor(&h, NS_SCALAR_INT64, 1, (const int64_t[]){4}, zero_points);
    give_integer(&h, 0);
    give_integer(&h, -128);
    give_integer(&h, 127);
    give_none(&h);
    give_none(&h);
    give_tensor(&h, NS_SCALAR_FLOAT32, 2, (const int64_t[]){4, 2}, out);
    assert_int_equal(call(&h, ns_kernel_dequantize_per_channel), NS_OK);
    assert_true(out[0] == 1 && out[2] == 4 && out[3] == 6 && out[5] == 24 && out[7] == 56);
    h.values[3].as.integer = 1;
    assert_int_equal(call(&h, ns_kernel_dequantize_per_channel), NS_ERROR_INPUT);
    assert_string_equal(h.error.message, "k: 4 scales of float64, expected 2 of float64 or float32");
    h.values[3].as.integer = 0;
    h.values[2].as.tensor.scalar = NS_SCALAR_INT8;
    assert_int_equal(call(&h, ns_kernel_dequantize_per_channel), NS_ERROR_INPUT);
    assert_string_equal(h.error.message, "k: 4 zero points of int8, expected 4 of int64 or int32");
    h.values[2].kind = NS_VALUE_NONE;
    h.values[8].as.tensor.scalar = NS_SCALAR_INT32;
    fails(&h, ns_kernel_dequantize_per_channel, "k of int8 to int32");
}

/* The element that full stores, as its bytes; a real becomes an integer cut at the type's ends (64 bits). */
static void test_full_of_every_type(void **state)
{
    (void)state;
    static const struct {
        ns_scalar scalar;
        double value;
        uint64_t bits;
    } rows[] = {
        {NS_SCALAR_FLOAT64, 0.1, UINT64_C(0x3fb999999999999a)},
        {NS_SCALAR_FLOAT32, 0.1, 0x3dcccccd},
        {NS_SCALAR_FLOAT16, 65519, 0x7bff},
        {NS_SCALAR_FLOAT16, -65520, 0xfc00}, /* half way to 2^16 */
        {NS_SCALAR_FLOAT16, 0x1p-24, 0x0001},
        {NS_SCALAR_FLOAT16, NAN, 0x7e00},
        {NS_SCALAR_BFLOAT16, NAN, 0x7fc0},
        {NS_SCALAR_BFLOAT16, 0x1.01p0, 0x3f80}, /* a tie, to even */
        {NS_SCALAR_INT64, 1e300, INT64_MAX},
        {NS_SCALAR_INT64, -1e300, (uint64_t)INT64_MIN},
        {NS_SCALAR_INT64, NAN, 0},
        {NS_SCALAR_INT32, -2.9, 0xfffffffe},
        {NS_SCALAR_UINT32, 4294967295.0, 0xffffffff},
        {NS_SCALAR_UINT16, 65535, 0xffff},
        {NS_SCALAR_INT16, -1, 0xffff},
        {NS_SCALAR_UINT8, 200, 200},
        {NS_SCALAR_BOOL, 1, 1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint64_t data = 0;
        by_hand h;
        begin(&h);
        give_integers(&h, 0, NULL);
        give_real(&h, rows[i].value);
        give_tensor(&h, rows[i].scalar, 0, NULL, &data);
        assert_int_equal(call(&h, ns_kernel_full), NS_OK);
        assert_true(data == rows[i].bits);
        ns_arena_free(h.arena);
    }
    by_hand h;
    uint64_t data = 0;
    begin(&h);
    give_integers(&h, 0, NULL);
    give_none(&h);
    give_tensor(&h, NS_SCALAR_INT64, 0, NULL, &data);
    fails(&h, ns_kernel_full, "k: argument 1 is None, expected a number");
}

static void begin_mean(by_hand *h, ns_scalar scalar, void *in, const int64_t *shape, int64_t dim, void *out)
{
    begin(h);
    give_tensor(h, scalar, 2, shape, in);
    give_integers(h, 1, &dim);
    give_boolean(h, true);
    give_none(h);
    give_tensor(h, scalar, 2, (const int64_t[]){2, 1}, out);
}

static void test_means(void **state)
{
    (void)state;
    double wide[6] = {1, 2, 4, -1, -1, 1}, out[2] = {0};
    float narrow[2] = {0};
    by_hand h;
    begin_mean(&h, NS_SCALAR_FLOAT64, wide, (const int64_t[]){2, 3}, -1, out);
    assert_int_equal(call(&h, ns_kernel_mean), NS_OK);
    assert_true(out[0] == 7.0 / 3 && out[1] == -1.0 / 3);
    ns_arena_free(h.arena);
    begin_mean(&h, NS_SCALAR_FLOAT64, wide, (const int64_t[]){2, 0}, 1, out);
    assert_int_equal(call(&h, ns_kernel_mean), NS_OK);
    assert_true(isnan(out[0]) && isnan(out[1]));
    ns_arena_free(h.arena);
    begin_mean(&h, NS_SCALAR_FLOAT32, narrow, (const int64_t[]){2, 0}, 1, narrow);
    assert_int_equal(call(&h, ns_kernel_mean), NS_OK);
    assert_true(isnan(narrow[0]));
    ns_arena_free(h.arena);
    begin_mean(&h, NS_SCALAR_FLOAT64, wide, (const int64_t[]){2, 3}, 2, out);
    fails(&h, ns_kernel_mean, "k: dim 2 of a tensor of rank 2");
    begin_mean(&h, NS_SCALAR_INT32, wide, (const int64_t[]){2, 3}, 1, out);
    assert_int_equal(call(&h, ns_kernel_mean), NS_ERROR_UNSUPPORTED);
    ns_arena_free(h.arena);
}

static void begin_bmm(by_hand *h, ns_scalar scalar, void *a, void *b, int64_t depth, void *out)
{
    begin(h);
    give_tensor(h, scalar, 3, (const int64_t[]){1, 1, 2}, a);
    give_tensor(h, scalar, 3, (const int64_t[]){1, depth, 1}, b);
    give_tensor(h, scalar, 3, (const int64_t[]){1, 1, 1}, out);
}

static void test_products(void **state)
{
    (void)state;
    int64_t a[2] = {INT64_MAX, 3}, b[2] = {2, 4}, out = 0;
    double x[2] = {0.5, 3}, y[2] = {2, 4}, result = 0;
    by_hand h;
    begin_bmm(&h, NS_SCALAR_INT64, a, b, 2, &out); /* wraps, as C++'s unsigned sum */
    assert_int_equal(call(&h, ns_kernel_bmm), NS_OK);
    assert_int_equal(out, 10);
    ns_arena_free(h.arena);
    begin_bmm(&h, NS_SCALAR_FLOAT64, x, y, 2, &result);
    assert_int_equal(call(&h, ns_kernel_bmm), NS_OK);
    assert_true(result == 13);
    ns_arena_free(h.arena);
    begin_bmm(&h, NS_SCALAR_FLOAT64, x, y, 1, &result);
    fails(&h, ns_kernel_bmm, "k: the operands' shapes or types do not fit");
    begin_bmm(&h, NS_SCALAR_FLOAT64, x, y, 2, &result);
    h.budget.max_work = 1;
    fails(&h, ns_kernel_bmm,
          "k: the work budget of 1 operations is exceeded: 0 are done, and 2 more are needed here "
          "(--max-work allows "
          "more)");
}

static void begin_index(by_hand *h, int32_t *data, ns_scalar scalar, void *indices, int32_t *out)
{
    begin(h);
    give_tensor(h, NS_SCALAR_INT32, 2, (const int64_t[]){2, 3}, data);
    const int *items = give_list(h, NS_VALUE_OPTIONAL_TENSOR_LIST, 2);
    h->values[items[0]] = (ns_value){.kind = NS_VALUE_NONE};
    h->values[items[1]] = tensor_of(scalar, 1, (const int64_t[]){2}, indices);
    give_tensor(h, NS_SCALAR_INT32, 2, (const int64_t[]){2, 2}, out);
}

static void test_indices(void **state)
{
    (void)state;
    static const int32_t wanted[4] = {3, 1, 6, 4};
    int32_t data[6] = {1, 2, 3, 4, 5, 6}, out[4];
    int64_t indices[2] = {-1, 0};
    by_hand h;
    begin_index(&h, data, NS_SCALAR_INT64, indices, out);
    assert_int_equal(call(&h, ns_kernel_index), NS_OK);
    assert_memory_equal(out, wanted, sizeof wanted);
    ns_arena_free(h.arena);
    indices[1] = 3;
    begin_index(&h, data, NS_SCALAR_INT64, indices, out);
    fails(&h, ns_kernel_index, "k: index 3 is outside a dim of 3");
    begin_index(&h, data, NS_SCALAR_INT16, indices, out);
    fails(&h, ns_kernel_index, "k: index 1 is a tensor of int16");
    begin_index(&h, data, NS_SCALAR_INT64, indices, out);
    h.values[0].as.tensor.rank = 1;
    fails(&h, ns_kernel_index, "k: argument 1 is no list of at most 1 tensors");
}

/* ---- the same value twice, and sizes that wrap or are 0 ---- */

/* A result that is an operand too is given its shape; the operand that the kernel reads keeps its own. */
static void test_a_result_that_is_an_operand(void **state)
{
    (void)state;
    int8_t data[8];
    ns_program_tensor *operand, *result;
    by_hand h;
    begin(&h);
    give_tensor(&h, NS_SCALAR_INT8, 2, (const int64_t[]){2, 4}, data);
    ns_call c = {"k", h.values, h.count, h.arguments, h.arena, &h.budget};
    assert_int_equal(ns_call_tensor(&c, 0, &operand, &h.error), NS_OK);
    assert_int_equal(ns_call_output(&c, 0, &result, &h.error), NS_OK);
    assert_int_equal(ns_program_tensor_resize(result, (const int64_t[]){1, 3}, &h.error), NS_OK);
    assert_int_equal(h.values[0].as.tensor.shape[1], 3);
    assert_int_equal(operand->shape[1], 4);
    assert_int_equal(operand->count, 8);
    assert_ptr_equal(operand->data, data);
    ns_arena_free(h.arena);
}

static void begin_pad(by_hand *h, int8_t *in, int8_t *out, int64_t before, int64_t behind, int64_t made)
{
    begin(h);
    give_tensor(h, NS_SCALAR_INT8, 1, (const int64_t[]){2}, in);
    give_integers(h, INTEGERS(0, 0, 0, before));
    give_integers(h, INTEGERS(0, 0, 0, behind));
    give_integer(h, 9);
    give_tensor(h, NS_SCALAR_INT8, 1, &made, out);
}

/* 2 + (2^63 - 1) + (2^63 - 1) is 0 where it wraps: a tensor of no elements, and a write far from it. */
static void test_pads_that_wrap(void **state)
{
    (void)state;
    static const int8_t wanted[5] = {9, 1, 2, 9, 9};
    int8_t in[2] = {1, 2}, out[5] = {0};
    by_hand h;
    begin_pad(&h, in, out, 1, 2, 5);
    assert_int_equal(call(&h, ns_kernel_cortex_m_pad), NS_OK);
    assert_memory_equal(out, wanted, sizeof wanted);
    ns_arena_free(h.arena);
    begin_pad(&h, in, out, INT64_MAX, INT64_MAX, 0);
    fails(&h, ns_kernel_cortex_m_pad, "k: the shapes of its tensors do not fit");
    begin_pad(&h, in, out, -1, 0, 1);
    fails(&h, ns_kernel_cortex_m_pad, "k: the shapes of its tensors do not fit");
    begin_pad(&h, in, out, 1, 1, 5);
    fails(&h, ns_kernel_cortex_m_pad, "k: the shapes of its tensors do not fit");
}

static void begin_conv2d(by_hand *h, int64_t channels, int8_t *in, int8_t *weights, int32_t *rescale,
                         int8_t *out)
{
    begin(h);
    give_tensor(h, NS_SCALAR_INT8, 4, (const int64_t[]){1, channels, 1, 1}, in);
    give_tensor(h, NS_SCALAR_INT8, 4, (const int64_t[]){1, 1, 1, 2}, weights);
    give_none(h);
    give_integers(h, INTEGERS(1, 1));
    give_integers(h, INTEGERS(0, 0));
    give_integers(h, INTEGERS(1, 1));
    give_integer(h, 1); /* offsets */
    give_integer(h, -5);
    give_tensor(h, NS_SCALAR_INT32, 1, (const int64_t[]){1}, &rescale[0]);
    give_tensor(h, NS_SCALAR_INT32, 1, (const int64_t[]){1}, &rescale[1]);
    give_integer(h, -128);
    give_integer(h, 127);
    give_none(h);
    give_tensor(h, NS_SCALAR_INT8, 4, (const int64_t[]){1, 1, 1, 1}, out);
}

/* (3 + 1) * 2 + (4 + 1) * 6 = 38, of which half, less 5; a filter deeper than the input reads beyond it. */
static void test_channels_that_are_not_there(void **state)
{
    (void)state;
    static const char message[] = "k: the shapes of its tensors do not fit";
    int8_t in[2] = {3, 4}, weights[2] = {2, 6}, out = 0;
    int32_t rescale[2] = {1 << 30, 0};
    by_hand h;
    begin_conv2d(&h, 2, in, weights, rescale, &out);
    assert_int_equal(call(&h, ns_kernel_cortex_m_conv2d), NS_OK);
    assert_int_equal(out, 14);
    ns_arena_free(h.arena);
    begin_conv2d(&h, 0, in, weights, rescale, &out);
    fails(&h, ns_kernel_cortex_m_conv2d, message);
    begin_conv2d(&h, 1, in, weights, rescale, &out);
    fails(&h, ns_kernel_cortex_m_conv2d, message);
    begin_conv2d(&h, 2, in, weights, rescale, &out);
    rescale[1] = 32;
    fails(&h, ns_kernel_cortex_m_conv2d, "k: a shift of 32, expected -31 to 31");
}

/* ---- jumps: a program by hand that counts to `limit` and gives the count ---- */

typedef struct counting {
    ns_value values[8];
    ns_value_plan plans[8];
    ns_instruction instructions[5];
    ns_kernel_info kernels[3];
    const ns_kernel_info *kernel_list[3];
    ns_chain chain;
    int output;
    ns_program program;
} counting;

enum { COUNT, ONE, LIMIT, DONE, MOVED, SIZES, RESULT, FLAGS };

static void make_counting(counting *c, int64_t limit)
{
    static int add[] = {COUNT, ONE, COUNT}, compare[] = {COUNT, LIMIT, DONE},
               give_result[] = {SIZES, MOVED, RESULT};
    memset(c, 0, sizeof *c);
    c->kernels[0] = (ns_kernel_info){.name = "add", .function = ns_kernel_prim_add};
    c->kernels[1] = (ns_kernel_info){.name = "ge", .function = ns_kernel_prim_ge};
    c->kernels[2] = (ns_kernel_info){.name = "full", .function = ns_kernel_full};
    for (int i = 0; i < 3; i++)
        c->kernel_list[i] = &c->kernels[i];
    c->values[COUNT] = (ns_value){.kind = NS_VALUE_INT};
    c->values[ONE] = (ns_value){.kind = NS_VALUE_INT, .as.integer = 1};
    c->values[LIMIT] = (ns_value){.kind = NS_VALUE_INT, .as.integer = limit};
    c->values[SIZES] = (ns_value){.kind = NS_VALUE_INT_LIST};
    c->values[RESULT] = tensor_of(NS_SCALAR_INT64, 0, NULL, NULL);
    c->values[FLAGS] = tensor_of(NS_SCALAR_BOOL, 1, (const int64_t[]){3}, NULL);
    c->instructions[0] = (ns_instruction){NS_INSTRUCTION_KERNEL, 0, 0, 3, add};
    c->instructions[1] = (ns_instruction){NS_INSTRUCTION_KERNEL, 1, 0, 3, compare};
    c->instructions[2] = (ns_instruction){NS_INSTRUCTION_JUMP_FALSE, DONE, 0, 0, NULL};
    c->instructions[3] = (ns_instruction){NS_INSTRUCTION_MOVE, COUNT, MOVED, 0, NULL};
    c->instructions[4] = (ns_instruction){NS_INSTRUCTION_KERNEL, 2, 0, 3, give_result};
    c->chain = (ns_chain){5, c->instructions};
    c->output = RESULT;
    c->program = (ns_program){.value_count = 8,
                              .values = c->values,
                              .plans = c->plans,
                              .chain_count = 1,
                              .chains = &c->chain,
                              .kernel_count = 3,
                              .kernels = c->kernel_list,
                              .output_count = 1,
                              .outputs = &c->output};
}

static ns_code count_up(counting *c, uint64_t work, ns_arena *arena, int64_t *out, ns_error *error)
{
    ns_budget budget;
    ns_program_tensor output;
    const ns_program_inputs none = {0};
    ns_budget_open(&budget, 0, work, 0);
    NS_TRY(ns_program_run(&c->program, &(ns_npu_options){.budget = &budget}, &none, arena, &output, NULL,
                          error));
    memcpy(out, output.data, sizeof *out);
    return NS_OK;
}

static void test_jumps(void **state)
{
    (void)state;
    static uint8_t flags[3] = {1, 1, 1};
    ns_arena *arena = ns_arena_new();
    ns_error error = {0};
    int64_t result = 0;
    counting c;
    make_counting(&c, 5);
    ASSERT_OK(count_up(&c, 0, arena, &result, &error));
    assert_int_equal(result, 5);
    make_counting(&c, INT64_MAX); /* each turn is three instructions of 2^21 */
    assert_int_equal(count_up(&c, (uint64_t)3 << 31, arena, &result, &error), NS_ERROR_BUDGET);
    assert_non_null(strstr(error.message, "chain 0, instruction "));
    make_counting(&c, 5); /* a tensor of bools holds where all do */
    c.plans[FLAGS] = (ns_value_plan){.home = NS_HOME_CONSTANT, .initial = flags};
    c.instructions[2].target = FLAGS;
    ASSERT_OK(count_up(&c, 0, arena, &result, &error));
    assert_int_equal(result, 1);
    c.instructions[2].target = COUNT;
    assert_int_equal(count_up(&c, 0, arena, &result, &error), NS_ERROR_INPUT);
    assert_string_equal(
        error.message,
        "chain 0, instruction 2: a jump's condition is an integer, expected a bool or a tensor of bools");
    make_counting(&c, 5);
    c.instructions[3] = (ns_instruction){NS_INSTRUCTION_FREE, RESULT, 0, 0, NULL};
    c.values[MOVED] = c.values[ONE];
    assert_int_equal(count_up(&c, 0, arena, &result, &error), NS_ERROR_INPUT);
    assert_string_equal(error.message, "chain 0, instruction 4: full: argument 2 is a tensor without memory");
    c.instructions[3].target = ONE;
    assert_int_equal(count_up(&c, 0, arena, &result, &error), NS_ERROR_INPUT);
    assert_string_equal(error.message, "chain 0, instruction 3: value 1 is freed but is no tensor");
    ns_arena_free(arena);
}

/* ---- constants: the program's own, from run to run ---- */

static void test_constants_are_not_written(void **state)
{
    (void)state;
    int64_t data = 7;
    int input = RESULT;
    ns_arena *arena = ns_arena_new();
    ns_error error = {0};
    ns_program_tensor output;
    counting c;
    make_counting(&c, 5);
    c.plans[RESULT] = (ns_value_plan){.home = NS_HOME_CONSTANT, .initial = (const uint8_t *)&data};
    assert_int_equal(count_up(&c, 0, arena, &data, &error), NS_ERROR_INPUT);
    assert_string_equal(error.message,
                        "chain 0, instruction 4: full: argument 2 is a result and a constant of the program");
    c.instructions[4] = c.instructions[3]; /* given out, it may be */
    ASSERT_OK(count_up(&c, 0, arena, &data, &error));
    assert_int_equal(data, 7);
    c.program.input_count = 1;
    c.program.inputs = &input;
    const int64_t given = 9;
    const ns_program_inputs inputs = {
        .count = 1, .data = (const void *const[]){&given}, .sizes = (const size_t[]){sizeof given}};
    assert_int_equal(ns_program_run(&c.program, NULL, &inputs, arena, &output, NULL, &error), NS_ERROR_INPUT);
    assert_string_equal(error.message, "input 0 is a constant of the program");
    assert_int_equal(data, 7);
    by_hand h; /* in place */
    begin(&h);
    give_tensor(&h, NS_SCALAR_INT64, 0, NULL, &data)->constant = true;
    give_tensor(&h, NS_SCALAR_INT64, 0, NULL, &data);
    fails(&h, ns_kernel_copy_in_place, "k: argument 0 is a result and a constant of the program");
    ns_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers_of_shapes),
        cmocka_unit_test(test_sizes_of_tensors),
        cmocka_unit_test(test_views_of_memory),
        cmocka_unit_test(test_copies_broadcast),
        cmocka_unit_test(test_strides_end_in_the_memory),
        cmocka_unit_test(test_dims_that_are_none),
        cmocka_unit_test(test_slices),
        cmocka_unit_test(test_joins),
        cmocka_unit_test(test_quantize_ends),
        cmocka_unit_test(test_quantize_channels_that_do_not_fit),
        cmocka_unit_test(test_full_of_every_type),
        cmocka_unit_test(test_means),
        cmocka_unit_test(test_products),
        cmocka_unit_test(test_indices),
        cmocka_unit_test(test_a_result_that_is_an_operand),
        cmocka_unit_test(test_pads_that_wrap),
        cmocka_unit_test(test_channels_that_are_not_there),
        cmocka_unit_test(test_jumps),
        cmocka_unit_test(test_constants_are_not_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
