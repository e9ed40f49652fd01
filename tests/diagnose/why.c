/* Each cause planted in a graph of a few operators: the operator, what it is in particular, and its numbers,
 * worked out beside each. Every graph is without fault but for what is planted. */
#include <math.h>

#include "base/interface.h"
#include "npuscope/diagnose.h"
#include "npuscope/eval.h"
#include "support/arena.h"
#include "support/test.h"

enum { ROWS = 16, COLUMNS = 128, ELEMENTS = ROWS * COLUMNS, MOST_INPUTS = 3 };

static ns_error error;

/* A graph in the making; its inputs are int16 [1, ROWS, COLUMNS], as all that is elementwise. */
typedef struct draft {
    ns_graph *graph;
    int input_count, inputs[MOST_INPUTS];
    int64_t shape[3];
    int constants;
} draft;

static ns_block *block_of(const draft *d)
{
    return &d->graph->regions[0].blocks[0];
}

static int constant(draft *d, ns_dtype dtype, int64_t value)
{
    const int64_t one = 1;
    ns_tensor tensor;
    int result = -1;
    ASSERT_OK(ns_tensor_new(arena, dtype, 1, &one, &tensor, &error));
    ns_tensor_set(&tensor, 0, value);
    ASSERT_OK(ns_block_add_const(d->graph, block_of(d), ns_arena_format(arena, "c%d", d->constants++),
                                 &tensor, &result, &error));
    return result;
}

static int tensor(draft *d, const char *name, ns_dtype dtype)
{
    int result = -1;
    ASSERT_OK(ns_block_add_tensor(d->graph, block_of(d), name, dtype, 3, d->shape, &result, &error));
    return result;
}

static int add(draft *d, const char *name, ns_op op, const ns_attributes *attributes, int count,
               const int *operands, ns_dtype dtype)
{
    const int out = tensor(d, name, dtype);
    ASSERT_OK(ns_block_add_operator(d->graph, block_of(d),
                                    &(ns_operator_parts){op, attributes, count, operands, 1, &out}, &error));
    return out;
}

static ns_dtype type_of(const draft *d, int index)
{
    return block_of(d)->tensors[index].tensor.dtype;
}

static int scaled(draft *d, const char *name, int in, ns_dtype to, int64_t multiplier, int shift, bool twice)
{
    const bool wide = type_of(d, in) == NS_DTYPE_INT48; /* takes 16 bits of a multiplier */
    const int operands[] = {
        in, constant(d, wide ? NS_DTYPE_INT16 : NS_DTYPE_INT32, wide ? multiplier >> 16 : multiplier),
        constant(d, NS_DTYPE_INT8, wide ? shift - 16 : shift), constant(d, type_of(d, in), 0),
        constant(d, to, 0)};
    const ns_attributes attributes = {.scale32 = !wide,
                                      .rounding_mode = twice ? NS_DOUBLE_ROUND : NS_SINGLE_ROUND};
    return add(d, name, NS_OP_RESCALE, &attributes, 5, operands, to);
}

/* RESCALE by `ratio`, with all the bits that a multiplier has. */
static int rescale(draft *d, const char *name, int in, ns_dtype to, double ratio)
{
    int exponent;
    const double mantissa = frexp(ratio, &exponent);
    return scaled(d, name, in, to, (int64_t)(mantissa * 0x1p31), 31 - exponent, false);
}

static int multiply(draft *d, const char *name, int a, int b, int shift)
{
    const int operands[] = {a, b, constant(d, NS_DTYPE_INT8, shift)};
    return add(d, name, NS_OP_MUL, &(ns_attributes){0}, 3, operands, NS_DTYPE_INT32);
}

static int sum(draft *d, const char *name, ns_op op, int a, int b)
{
    const int operands[] = {a, b};
    return add(d, name, op, &(ns_attributes){0}, 2, operands, NS_DTYPE_INT32);
}

/* Along the columns; what follows is [1, ROWS, 1]. */
static int reduce(draft *d, const char *name, int in)
{
    d->shape[2] = 1;
    return add(d, name, NS_OP_REDUCE_SUM, &(ns_attributes){.axis = 2}, 1, &in, NS_DTYPE_INT32);
}

/* ---- what is planted ---- */

/* 0.3 is multiplier 1288490188 at shift 32: DOUBLE_ROUND adds 2^30 before it, a quarter of a step, to all of
 * 128 values of one sign that are summed. */
static int double_round(draft *d, const int *in)
{
    const int small = scaled(d, "small", in[0], NS_DTYPE_INT16, 1288490188, 32, true);
    return rescale(d, "out", reduce(d, "sum", rescale(d, "wide", small, NS_DTYPE_INT32, 1)), NS_DTYPE_INT16,
                   1);
}

/* Rounded at 1/200, and again at 150 times that. */
static int rounded_twice(draft *d, const int *in)
{
    return rescale(d, "out", rescale(d, "coarse", in[0], NS_DTYPE_INT32, 1 / 200.0), NS_DTYPE_INT16, 150.0);
}

/* Products of up to 9e8, of which 2^22 cuts all but 214. */
static int shifted_product(draft *d, const int *in)
{
    const int a = rescale(d, "a", in[0], NS_DTYPE_INT32, 1), b = rescale(d, "b", in[1], NS_DTYPE_INT32, 1);
    return rescale(d, "out", multiply(d, "product", a, b, 22), NS_DTYPE_INT16, 120.3);
}

static int cut_before_sum(draft *d, const int *in)
{
    const int narrow = rescale(d, "narrow", in[0], NS_DTYPE_INT32, 1 / 300.0);
    return rescale(d, "out", reduce(d, "sum", narrow), NS_DTYPE_INT16, 10.7);
}

/* 25000 * 2^13 fits int32 ten times. */
static int overflowing(draft *d, const int *in)
{
    const int wide = rescale(d, "wide", in[0], NS_DTYPE_INT32, 0x1p13);
    return rescale(d, "out", reduce(d, "sum", wide), NS_DTYPE_INT16, 0x1p-20);
}

/* log(code / 16) in steps of 1 / 6000, as ExecuTorch's table has it: log 0 is clamped, and the slope up to
 * the next knot is 32767 + 12477. */
static int steep_table(draft *d, const int *in)
{
    const int64_t count = 513;
    ns_tensor values;
    int table = -1;
    ASSERT_OK(ns_tensor_new(arena, NS_DTYPE_INT16, 1, &count, &values, &error));
    for (int i = 0; i < count; i++)
        ns_tensor_set(&values, (size_t)i,
                      i <= 256 ? -32767 : (int64_t)fmin(rint(6000 * log((i - 256) * 128 / 16.0)), 32767));
    ASSERT_OK(ns_block_add_const(d->graph, block_of(d), "log", &values, &table, &error));
    const int operands[] = {in[0], table};
    return rescale(d, "out",
                   add(d, "looked_up", NS_OP_TABLE, &(ns_attributes){0}, 2, operands, NS_DTYPE_INT32),
                   NS_DTYPE_INT16, 0x1p-7);
}

static int shift_of_63(draft *d, const int *in)
{
    return scaled(d, "out", in[0], NS_DTYPE_INT16, 1 << 30, 63, false);
}

/* 7 at shift 62 stands for anything from 6.5 to 7.5. */
static int shift_at_its_end(draft *d, const int *in)
{
    return scaled(d, "out", rescale(d, "wide", in[0], NS_DTYPE_INT32, 0x1p13), NS_DTYPE_INT16, 7, 62, false);
}

/* s = 0.9 a + 0.003 b in int16; what is left of b in it, 90 of 30000 codes, is all that out has. */
static int unequal_addends(draft *d, const int *in)
{
    const int a = rescale(d, "a", in[0], NS_DTYPE_INT32, 0x1p10),
              b = rescale(d, "b", in[1], NS_DTYPE_INT32, 0x1p10 / 300);
    const int s = rescale(d, "s", sum(d, "added", NS_OP_ADD, a, b), NS_DTYPE_INT16, 0.9 * 0x1p-10);
    const int back = rescale(d, "back", s, NS_DTYPE_INT32, 0x1p10 / 0.9),
              again = rescale(d, "again", in[0], NS_DTYPE_INT32, 0x1p10);
    return rescale(d, "out", sum(d, "left", NS_OP_SUB, back, again), NS_DTYPE_INT16, 300 * 0x1p-10);
}

/* 30000 / 45000 is 2/3 of a step: three of four are less than half of one. */
static int underflowing(draft *d, const int *in)
{
    return rescale(d, "out", rescale(d, "tiny", in[0], NS_DTYPE_INT16, 1 / 45000.0), NS_DTYPE_INT16, 44000);
}

static int underflowing_within(draft *d, const int *in)
{
    return rescale(d, "out", rescale(d, "tiny", in[0], NS_DTYPE_INT32, 1 / 45000.0), NS_DTYPE_INT16, 44000);
}

static int few_codes(draft *d, const int *in)
{
    return rescale(d, "out", rescale(d, "few", in[0], NS_DTYPE_INT16, 1 / 300.0), NS_DTYPE_INT16, 290);
}

static int at_the_floor(draft *d, const int *in)
{
    return rescale(d, "out", rescale(d, "few", in[0], NS_DTYPE_INT16, 0x1p-8), NS_DTYPE_INT16, 250);
}

static int leaving_the_range(draft *d, const int *in)
{
    return rescale(d, "out", rescale(d, "narrow", in[0], NS_DTYPE_INT16, 2), NS_DTYPE_INT16, 0.4);
}

/* A ReLU whose bound, half of all values, is an activation and no loss. */
static int activated(draft *d, const int *in)
{
    uint8_t zero[] = {0, 0}, bound[] = {0x98, 0x3a}; /* 15000 */
    const ns_attributes attributes = {.min_val = {.values = zero, .count = sizeof zero},
                                      .max_val = {.values = bound, .count = sizeof bound}};
    const int stored = rescale(d, "stored", in[0], NS_DTYPE_INT16, 0.9);
    const int held = add(d, "held", NS_OP_CLAMP, &attributes, 1, &stored, NS_DTYPE_INT16);
    return rescale(d, "out", held, NS_DTYPE_INT16, 1.7);
}

static int widened(draft *d, const char *name, int in)
{
    const int64_t columns = d->shape[2];
    d->shape[2] = 1;
    const int out = rescale(d, name, in, NS_DTYPE_INT32, 1);
    d->shape[2] = columns;
    return out;
}

/* in0 * 2^row * 2^(14 - row), by in1 and in2, is in0 * 2^14 in all rows, but in the first rows of in0 *
 * 2^row, one scale for all, hardly anything is left. */
static int unequal_factors(draft *d, const int *in)
{
    const int x = rescale(d, "x", in[0], NS_DTYPE_INT32, 1), up = widened(d, "up", in[1]),
              down = widened(d, "down", in[2]);
    const int grown = rescale(d, "grown", multiply(d, "product", x, up, 0), NS_DTYPE_INT16, 0.9 * 0x1p-14);
    const int again = rescale(d, "again", grown, NS_DTYPE_INT32, 1);
    return rescale(d, "out", multiply(d, "level", again, down, 0), NS_DTYPE_INT16, 1);
}

/* 0.9 (a + b / 300) in int16, of which 0.99 * 0.9 a is taken off: 100 codes of a are left, and 90 of b. */
static int cancelling_addends(draft *d, const int *in)
{
    const int a = rescale(d, "a", in[0], NS_DTYPE_INT32, 0x1p10),
              b = rescale(d, "b", in[1], NS_DTYPE_INT32, 0x1p10 / 300);
    const int s = rescale(d, "s", sum(d, "added", NS_OP_ADD, a, b), NS_DTYPE_INT16, 0.9 * 0x1p-10);
    const int back = rescale(d, "back", s, NS_DTYPE_INT32, 0x1p10 / 0.9),
              again = rescale(d, "again", in[0], NS_DTYPE_INT32, 0.99 * 0x1p10);
    return rescale(d, "out", sum(d, "left", NS_OP_SUB, back, again), NS_DTYPE_INT16, 60 * 0x1p-10);
}

/* in0 * 32767 * 2^-25 has 30 codes; in0 itself, and the product with in1, have all of them. */
static int early_factor(draft *d, const int *in)
{
    const int32_t perms[] = {0, 2, 1};
    const int64_t scalar[] = {1, 1, 1};
    ns_tensor scale;
    int factor = -1;
    ASSERT_OK(ns_tensor_new(arena, NS_DTYPE_INT16, 3, scalar, &scale, &error));
    ns_tensor_set(&scale, 0, 32767);
    ASSERT_OK(ns_block_add_const(d->graph, block_of(d), "scale", &scale, &factor, &error));
    memcpy(d->shape, scalar, sizeof scalar);
    const int wide = rescale(d, "factor", factor, NS_DTYPE_INT32, 1);
    memcpy(d->shape, (int64_t[]){1, ROWS, COLUMNS}, sizeof scalar);
    const int x = rescale(d, "x", in[0], NS_DTYPE_INT32, 1);
    const int tiny = rescale(d, "tiny", multiply(d, "product", x, wide, 0), NS_DTYPE_INT16, 0x1p-25);
    memcpy(d->shape, (int64_t[]){1, COLUMNS, ROWS}, sizeof scalar);
    const int turned =
        add(d, "turned", NS_OP_TRANSPOSE, &(ns_attributes){.perms = {3, (int32_t *)(uintptr_t)perms}}, 1,
            &in[1], NS_DTYPE_INT16);
    memcpy(d->shape, (int64_t[]){1, ROWS, ROWS}, sizeof scalar);
    const int operands[] = {tiny, turned, constant(d, NS_DTYPE_INT16, 0), constant(d, NS_DTYPE_INT16, 0)};
    return rescale(d, "out", add(d, "matmul", NS_OP_MATMUL, &(ns_attributes){0}, 4, operands, NS_DTYPE_INT48),
                   NS_DTYPE_INT16, 0x1p-9);
}

static const struct {
    int (*plant)(draft *d, const int *in);
    int inputs;
    int64_t low, high; /* of the inputs' codes */
    ns_diagnose_verdict verdict;
    const char *output, *op; /* of the first stage to blame; NULL: none */
    ns_diagnose_cause cause;
    const char *words; /* in `why` */
    double gain;       /* at least, in dB; 0: no dB are told */
} planted[] = {
    {double_round, 1, 20, 300, NS_DIAGNOSE_OPERATOR, "small", "RESCALE", NS_DIAGNOSE_CAUSE_DOUBLE_ROUNDING,
     "at 'small' up to 0.25 steps larger", 10},
    {rounded_twice, 1, -30000, 30000, NS_DIAGNOSE_OPERATOR, "out", "RESCALE",
     NS_DIAGNOSE_CAUSE_DOUBLE_ROUNDING, "RESCALE 'coarse' cuts 7.6 bits off and rounds, and the stage's own",
     20},
    {shifted_product, 2, -30000, 30000, NS_DIAGNOSE_OPERATOR, "out", "MUL", NS_DIAGNOSE_CAUSE_ACCUMULATOR,
     "accumulator width: MUL 'product' cuts 22.0 bits off", 20},
    {cut_before_sum, 1, -30000, 30000, NS_DIAGNOSE_OPERATOR, "out", "REDUCE_SUM",
     NS_DIAGNOSE_CAUSE_ACCUMULATOR, "RESCALE 'narrow' cuts 8.2 bits off", 20},
    {overflowing, 1, 20000, 30000, NS_DIAGNOSE_OPERATOR, "out", "REDUCE_SUM", NS_DIAGNOSE_CAUSE_OVERFLOW,
     "accumulator width", 0},
    {steep_table, 1, 20, 30000, NS_DIAGNOSE_OPERATOR, "out", "TABLE", NS_DIAGNOSE_CAUSE_STEEP,
     "from table entry 256 (-32767) to 257 (12477) is 45244, outside int16", 0},
    {shift_of_63, 1, -30000, 30000, NS_DIAGNOSE_OPERATOR, "out", "RESCALE", NS_DIAGNOSE_CAUSE_SHIFT_RANGE,
     "63, outside", 0},
    {shift_at_its_end, 1, -30000, 30000, NS_DIAGNOSE_SUSPECT, "out", "RESCALE", NS_DIAGNOSE_CAUSE_SHIFT_RANGE,
     "multiplier 7 at shift 62", 0},
    {unequal_addends, 2, -30000, 30000, NS_DIAGNOSE_OPERATOR, "s", "ADD", NS_DIAGNOSE_CAUSE_ADDENDS,
     "codes of 'b' 90.0 steps are left beside the 26995 of 'a'", 5},
    {underflowing, 1, -30000, 30000, NS_DIAGNOSE_OPERATOR, "tiny", "RESCALE", NS_DIAGNOSE_CAUSE_UNDERFLOW,
     "are stored as 0", 20},
    {underflowing_within, 1, -30000, 30000, NS_DIAGNOSE_OPERATOR, "out", "RESCALE",
     NS_DIAGNOSE_CAUSE_INNER_UNDERFLOW, "become 0 in RESCALE 'tiny', which cuts 15.5 bits off", 20},
    {few_codes, 1, -30000, 30000, NS_DIAGNOSE_OPERATOR, "few", "RESCALE", NS_DIAGNOSE_CAUSE_RANGE,
     "only 100 of 32767 codes are in use (8.4 bits wasted)", 20},
    {at_the_floor, 1, -30000, 30000, NS_DIAGNOSE_OPERATOR, "few", "RESCALE", NS_DIAGNOSE_CAUSE_FLOOR,
     "its scale lies at the floor", 20},
    {leaving_the_range, 1, -30000, 30000, NS_DIAGNOSE_OPERATOR, "narrow", "RESCALE",
     NS_DIAGNOSE_CAUSE_SATURATION, "the largest is 1.83 times its end", 20},
    {unequal_factors, 3, -30000, 30000, NS_DIAGNOSE_OPERATOR, "grown", "MUL", NS_DIAGNOSE_CAUSE_STEP, "", 10},
    {cancelling_addends, 2, -30000, 30000, NS_DIAGNOSE_OPERATOR, "s", "ADD", NS_DIAGNOSE_CAUSE_ADDENDS, "",
     10},
    {early_factor, 2, -30000, 30000, NS_DIAGNOSE_OPERATOR, "tiny", "MUL", NS_DIAGNOSE_CAUSE_FLOOR, "", 10},
    {activated, 1, -30000, 30000, NS_DIAGNOSE_HEALTHY, NULL, NULL, NS_DIAGNOSE_CAUSE_UNKNOWN, NULL, 0},
};

/* Of an input: in1 and in2 of three hold a power of two for each row. */
static void input_shape(size_t index, int input, int64_t shape[3])
{
    shape[0] = 1;
    shape[1] = ROWS;
    shape[2] = planted[index].inputs == 3 && input > 0 ? 1 : COLUMNS;
}

static ns_graph *make(size_t index)
{
    static const char *const names[] = {"in0", "in1", "in2"};
    draft d = {.input_count = planted[index].inputs};
    ASSERT_OK(ns_graph_new(&d.graph, &error));
    for (int i = 0; i < d.input_count; i++) {
        input_shape(index, i, d.shape);
        d.inputs[i] = tensor(&d, names[i], NS_DTYPE_INT16);
    }
    input_shape(index, 0, d.shape);
    ASSERT_OK(ns_block_set_inputs(d.graph, block_of(&d), d.input_count, d.inputs, &error));
    const int out = planted[index].plant(&d, d.inputs);
    ASSERT_OK(ns_block_set_outputs(d.graph, block_of(&d), 1, &out, &error));
    ASSERT_OK(ns_graph_validate(d.graph, &error));
    return d.graph;
}

/* Codes, which are the reals too: nothing was rounded before the graph. */
typedef struct values {
    ns_tensor codes[MOST_INPUTS];
    const double *reals[MOST_INPUTS];
} values;

static ns_diagnose_options make_inputs(size_t index, values *v)
{
    ns_random random = {.state = 140};
    for (int i = 0; i < planted[index].inputs; i++) {
        int64_t shape[3];
        input_shape(index, i, shape);
        ASSERT_OK(ns_tensor_new(arena, NS_DTYPE_INT16, 3, shape, &v->codes[i], &error));
        const size_t count = ns_tensor_count(&v->codes[i]);
        double *reals = NS_ARENA_ARRAY(arena, count, double);
        assert_non_null(reals);
        for (size_t k = 0; k < count; k++) {
            reals[k] = shape[2] == 1
                           ? 1 << (i == 1 ? k % 15 : 14 - k % 15)
                           : (double)ns_random_range(&random, planted[index].low, planted[index].high);
            ns_tensor_set(&v->codes[i], k, (int64_t)reals[k]);
        }
        v->reals[i] = reals;
    }
    return (ns_diagnose_options){.inputs = v->codes,
                                 .input_count = planted[index].inputs,
                                 .samples = 1,
                                 .real_inputs = v->reals,
                                 .threads = 1};
}

static void assert_told(size_t index, const ns_diagnose_precision *told)
{
    assert_int_equal(told->verdict, planted[index].verdict);
    if (!planted[index].output) {
        assert_int_equal(told->blame_count, 0);
        return;
    }
    assert_true(told->blame_count >= 1);
    const ns_diagnose_blame *blame = &told->blame[0];
    const ns_diagnose_stage *stage = &told->stages[blame->stage];
    assert_string_equal(stage->output, planted[index].output);
    assert_string_equal(stage->op, planted[index].op);
    assert_int_equal(blame->cause, planted[index].cause);
    if (!strstr(blame->why, planted[index].words))
        fail_msg("'%s' does not say '%s'", blame->why, planted[index].words);
    if (planted[index].gain == 0)
        assert_true(isnan(blame->gain_db) && isnan(told->against_float_db));
    else
        assert_true(blame->gain_db >= planted[index].gain && stage->share > 0.9);
}

static void planted_causes_are_told(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof planted / sizeof *planted; i++) {
        values v;
        ns_diagnose_precision told;
        ns_graph *graph = make(i);
        const ns_diagnose_options options = make_inputs(i, &v);
        ASSERT_OK(ns_diagnose_precision_run(graph, &options, arena, &told, &error));
        assert_told(i, &told);
        ns_graph_free(graph);
    }
}

/* ---- mended ---- */

static double three_quarters(double a, double b)
{
    (void)b;
    return 0.75 * a;
}
static double product(double a, double b)
{
    return a * b * 120.3 / 0x1p22;
}
static double second(double a, double b)
{
    (void)a;
    return b;
}
static double nearly_first(double a, double b)
{
    (void)b;
    return a * 44000 / 45000;
}
static double nine_tenths(double a, double b)
{
    (void)b;
    return 0.9 * a;
}
static double shrunk(double a, double b)
{
    (void)b;
    return 0.8 * a;
}

/* What a graph was meant to compute, how far it is off, at least and at most once it is mended, in steps; and
 * what was written. Rounding an output leaves half a step, a value of 15 bits before it, as far as its own
 * range lets it, a step more. */
static const struct {
    int (*plant)(draft *d, const int *in);
    double (*ideal)(double a, double b); /* NULL: sums */
    double was, is;
    const char *written;
} mended[] = {
    {double_round, NULL, 0, 0, "SINGLE_ROUND at 'small'"},
    {rounded_twice, three_quarters, 70, 1.1, "intermediate 'coarse' 2^8 times larger"},
    {shifted_product, product, 55, 1.1, "intermediate 'product' 2^15 times larger"},
    {cut_before_sum, NULL, 0, 0, "intermediate 'narrow' 2^9 times larger"},
    {unequal_addends, second, 150, 0.6, "'s' kept in int32"},
    {underflowing, nearly_first, 20000, 2.1, "range of 'tiny'"},
    {underflowing_within, nearly_first, 20000, 2.1, "intermediate 'tiny' 2^15 times larger"},
    {unequal_factors, nine_tenths, 2000, 2.6, "'grown' kept in int32"},
    {leaving_the_range, shrunk, 10000, 1.6, "range of 'narrow' 1.83 times wider"},
};

static size_t planted_at(int (*plant)(draft *d, const int *in))
{
    size_t i = 0;
    while (planted[i].plant != plant)
        i++;
    return i;
}

static double farthest(const ns_graph *graph, size_t index, const ns_tensor *inputs,
                       double (*ideal)(double a, double b))
{
    ns_tensor out;
    double most = 0;
    ASSERT_OK(ns_eval(graph, &(ns_eval_options){0}, inputs, planted[index].inputs, arena, &out, &error));
    for (size_t k = 0; k < ELEMENTS; k++) {
        const double a = (double)ns_tensor_get(&inputs[0], k),
                     b = planted[index].inputs == 2 ? (double)ns_tensor_get(&inputs[1], k) : 0;
        most = fmax(most, fabs((double)ns_tensor_get(&out, k) - ideal(a, b)));
    }
    return most;
}

/* Where two operators meet their operands in another order, and what a run on integers then gives, at least.
 */
static const struct {
    int (*plant)(draft *d, const int *in);
    const char *words;
    double is;
} orders[] = {
    {unequal_factors, "another order: ('in1' * 'in2') * 'in0', not 'in1' * 'in0' first", 90},
    {cancelling_addends, "another order: ('in0' - 'in0') + 'in1', not 'in0' and 'in1' first", 85},
    {early_factor, "another order: the factor 'scale' behind MATMUL 'out', not in front of it ('in0' goes in",
     80},
};

static void another_order_is_found(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
        const size_t index = planted_at(orders[i].plant);
        values v;
        ns_diagnose_precision told;
        ns_graph *graph = make(index);
        const ns_diagnose_options options = make_inputs(index, &v);
        const ns_diagnose_mend *found = NULL;
        ASSERT_OK(ns_diagnose_precision_run(graph, &options, arena, &told, &error));
        assert_true(told.blame_count >= 1);
        for (int k = 0; k < told.blame[0].mend_count; k++)
            if (strstr(told.blame[0].mends[k].text, orders[i].words))
                found = &told.blame[0].mends[k];
        assert_non_null(found);
        assert_true(found->applicable && found->mended_db > orders[i].is);
        assert_true(found->mended_db > told.against_float_db + 30);
        ns_graph_free(graph);
    }
}

static void planted_causes_are_mended(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof mended / sizeof *mended; i++) {
        const size_t index = planted_at(mended[i].plant);
        values v;
        ns_diagnose_precision told;
        ns_diagnose_applied applied;
        ns_graph *graph = make(index);
        const ns_diagnose_options options = make_inputs(index, &v);
        ASSERT_OK(ns_diagnose_precision_run(graph, &options, arena, &told, &error));
        ASSERT_OK(ns_diagnose_apply(graph, &options, &told, arena, &applied, &error));
        assert_int_equal(applied.count, 1);
        assert_non_null(strstr(applied.mends[0], mended[i].written));
        assert_true(told.blame[0].mend_count > 0);
        /* A stored tensor has 15 bits, what was foretold of int32 more. */
        assert_true(applied.against_float_db > told.blame[0].mends[0].mended_db - 8);
        assert_true(applied.against_float_db < told.blame[0].mends[0].mended_db + 0.5);
        if (mended[i].ideal) {
            assert_true(farthest(graph, index, v.codes, mended[i].ideal) > mended[i].was);
            assert_true(farthest(applied.graph, index, v.codes, mended[i].ideal) < mended[i].is);
        }
        ns_graph_free(applied.graph);
        ns_graph_free(graph);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(planted_causes_are_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(planted_causes_are_mended, set_up, tear_down),
        cmocka_unit_test_setup_teardown(another_order_is_found, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
