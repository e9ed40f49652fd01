/* What multiplier, shift and accumulator cannot hold: multipliers of 0, ratios at the ends of the shift's
 * range, and sums and products for which the specification has no result. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "diagnose/findings.h"
#include "npuscope/eval.h"

static ns_code add_blame(ns_dg_findings *f, ns_diagnose_precision *out, int node, ns_diagnose_cause cause,
                         const char *why, ns_error *error)
{
    out->blame = NS_ARENA_NEW(f->arena, ns_diagnose_blame);
    if (!out->blame || !why)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the blamed");
    *out->blame = ns_dg_unmeasured(node - f->plan->input_count, cause, why);
    out->blame_count = 1;
    return NS_OK;
}

/* ---- multipliers ---- */

static double largest_of(const ns_dg_plan *plan, int tensor)
{
    return ns_dg_largest(plan->values[tensor], ns_tensor_count(ns_dg_tensor(plan, tensor)));
}

static const char *zero_text(ns_dg_findings *f, const ns_operator *op)
{
    return ns_arena_format(f->arena,
                           "scale: the multiplier of its RESCALE is 0: nothing of '%s' is left (a ratio of "
                           "scales below what multiplier and shift can hold)",
                           ns_dg_name(f->plan, op->inputs[0]));
}

/* Multipliers at the longest shift that have fewer bits than they could: what their ratio was is known to
 * half a unit only. And those at the shortest shift that are the largest of all. */
enum { LONGEST = 62, SHORTEST = 2 };
static bool is_at_end(const ns_dg_plan *plan, const ns_operator *op, size_t channel)
{
    const double m = plan->values[op->inputs[1]][channel], shift = plan->values[op->inputs[2]][channel];
    const double full = op->attributes.scale32 ? 0x1p30 : 0x1p14;
    return (shift == LONGEST && m > 0 && m < full) || (shift == SHORTEST && m == 2 * full - 1);
}

/* R with the operator's multipliers at an end half a unit larger, in place of the file's. */
static ns_code measure_doubt(ns_dg_findings *f, int node, const ns_operator *op, double *energy,
                             ns_error *error)
{
    const ns_dg_plan *plan = f->plan;
    const size_t count = ns_tensor_count(ns_dg_tensor(plan, op->inputs[1]));
    ns_dg_overrides overrides = {NS_ARENA_ARRAY(f->arena, (size_t)plan->block->tensor_count, double *)};
    bool *touched = NS_ARENA_ARRAY(f->arena, (size_t)plan->node_count, bool);
    double *values = NS_ARENA_ARRAY(f->arena, count + 8, double);
    if (!overrides.values || !touched || !values)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a run");
    for (size_t c = 0; c < count; c++)
        values[c] = plan->values[op->inputs[1]][c] + (is_at_end(plan, op, c) ? 0.5 : 0);
    overrides.values[op->inputs[1]] = values;
    touched[node] = true;
    const ns_dg_change change = {.rest = NS_DG_IDEAL, .overrides = &overrides, .touched = touched};
    return ns_dg_measure(f->session, &f->session->workers[0], &change, energy, error);
}

/* *why: NULL where what it leaves open costs nothing that counts beside everything else. */
static ns_code look_at_ends(ns_dg_findings *f, int node, const ns_operator *op, const char **why,
                            ns_error *error)
{
    const ns_dg_plan *plan = f->plan;
    const size_t count = ns_tensor_count(ns_dg_tensor(plan, op->inputs[1]));
    double least = INFINITY, shift = 0, energy = 0;
    for (size_t c = 0; c < count; c++)
        if (is_at_end(plan, op, c) && plan->values[op->inputs[1]][c] < least) {
            least = plan->values[op->inputs[1]][c];
            shift = plan->values[op->inputs[2]][c];
        }
    if (least == INFINITY)
        return NS_OK;
    NS_TRY(measure_doubt(f, node, op, &energy, error));
    if (shift == LONGEST && ns_dg_gain(f->hidden + energy, f->hidden) < NS_DG_LEAST_GAIN)
        return NS_OK;
    *why =
        shift == LONGEST
            ? ns_arena_format(
                  f->arena,
                  "scale: shift range: its RESCALE has multiplier %.0f at shift %d, the longest: the "
                  "ratio of the scales is known to %.2g%% only, which may cost all above %.1f dB",
                  least, LONGEST, 50 / least, ns_dg_db(energy))
            : ns_arena_format(f->arena,
                              "scale: shift range: its RESCALE has the largest multiplier at shift %d, the "
                              "shortest: the ratio of the scales may be larger than both can hold",
                              SHORTEST);
    return *why ? NS_OK : ns_fail(error, NS_ERROR_MEMORY, "no memory for the blamed");
}

ns_code ns_dg_blame_multipliers(ns_dg_findings *f, ns_diagnose_precision *out, bool *found, ns_error *error)
{
    const ns_dg_plan *plan = f->plan;
    *found = false;
    for (int n = plan->input_count; n < plan->node_count && !*found; n++)
        for (int i = 0; i < plan->nodes[n].operator_count && !*found; i++) {
            const int index = plan->nodes[n].operators[i];
            const ns_operator *op = ns_dg_operator(plan, index);
            const char *why = NULL;
            if (op->op != NS_OP_RESCALE || plan->on_constants[index] || !plan->values[op->inputs[1]] ||
                !plan->values[op->inputs[2]])
                continue;
            const bool zero = largest_of(plan, op->inputs[1]) == 0;
            if (zero)
                why = zero_text(f, op);
            else
                NS_TRY(look_at_ends(f, n, op, &why, error));
            *found = zero || why;
            if (*found)
                NS_TRY(add_blame(f, out, n,
                                 zero ? NS_DIAGNOSE_CAUSE_ZERO_MULTIPLIER : NS_DIAGNOSE_CAUSE_SHIFT_RANGE,
                                 why, error));
        }
    if (*found)
        out->reason = ns_diagnose_cause_sentence(out->blame[0].cause);
    return NS_OK;
}

/* ---- results that are not defined ---- */

typedef struct last {
    int op; /* the last operator that had a result */
} last;

static ns_code note_last(void *context, const ns_eval_tap *tap, ns_error *error)
{
    (void)error;
    ((last *)context)->op = tap->operator_index;
    return NS_OK;
}

/* The operator of the main block that eval refuses on one of the samples, -1: none; and its words. */
static ns_code find_undefined(const ns_dg_session *session, ns_arena *scratch, int *index, ns_error *words,
                              ns_error *error)
{
    const ns_block *block = session->plan->block;
    ns_tensor *inputs = NS_ARENA_ARRAY(scratch, (size_t)block->input_count + 1, ns_tensor),
              *outputs = NS_ARENA_ARRAY(scratch, (size_t)block->output_count + 1, ns_tensor);
    ns_code code = NS_OK;
    *index = -1;
    if (!inputs || !outputs)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for eval");
    for (int s = 0; s < session->samples && code == NS_OK; s++) {
        last seen = {-1};
        const ns_eval_options options = {.tap = note_last, .context = &seen};
        for (int i = 0; i < block->input_count; i++)
            inputs[i] = ns_dg_sample(session->options, i, s);
        code = ns_eval(session->plan->graph, &options, inputs, block->input_count, scratch, outputs, words);
        *index = seen.op + 1;
        while (*index < block->operator_count && (block->operators[*index].op == NS_OP_CONST ||
                                                  block->operators[*index].op == NS_OP_CONST_SHAPE))
            ++*index;
    }
    *index = code == NS_ERROR_UNPREDICTABLE && *index < block->operator_count ? *index : -1;
    return NS_OK;
}

static bool accumulates(ns_op op)
{
    static const ns_op list[] = {NS_OP_ADD,        NS_OP_SUB,    NS_OP_MUL,    NS_OP_REDUCE_SUM,
                                 NS_OP_CONV2D,     NS_OP_CONV3D, NS_OP_MATMUL, NS_OP_DEPTHWISE_CONV2D,
                                 NS_OP_AVG_POOL2D, NS_OP_NEGATE, NS_OP_ABS,    NS_OP_TRANSPOSE_CONV2D,
                                 NS_OP_RESCALE};
    for (size_t i = 0; i < sizeof list / sizeof *list; i++)
        if (list[i] == op)
            return true;
    return false;
}

/* A RESCALE whose multiplier or shift is outside what TOSA has. */
static bool has_bad_shift(const ns_dg_plan *plan, const ns_operator *op)
{
    bool bad = false;
    if (op->op != NS_OP_RESCALE || !plan->values[op->inputs[1]] || !plan->values[op->inputs[2]])
        return false;
    for (size_t c = 0; c < ns_tensor_count(ns_dg_tensor(plan, op->inputs[2])); c++)
        bad = bad || plan->values[op->inputs[1]][c] < 0 || plan->values[op->inputs[2]][c] < SHORTEST ||
              plan->values[op->inputs[2]][c] > LONGEST;
    return bad;
}

static int node_with(const ns_dg_plan *plan, int index)
{
    for (int n = plan->input_count; n < plan->node_count; n++)
        for (int i = 0; i < plan->nodes[n].operator_count; i++)
            if (plan->nodes[n].operators[i] == index)
                return n;
    return -1;
}

static void fill_unknown(ns_dg_findings *f, ns_diagnose_precision *out)
{
    out->verdict = NS_DIAGNOSE_OPERATOR;
    out->reason = ns_diagnose_cause_sentence(out->blame[0].cause);
    out->samples = f->session->samples;
    out->against_float_db = out->low_db = out->high_db = out->without_faults_db = out->limit_db =
        out->against_ideal_db = NAN;
}

ns_code ns_dg_blame_undefined(ns_dg_session *session, ns_arena *arena, ns_diagnose_precision *out,
                              ns_error *error)
{
    ns_dg_findings f = {.session = session, .plan = session->plan, .arena = arena};
    ns_arena *scratch = ns_arena_new_like(arena);
    ns_error words = {0};
    int index = -1;
    ns_code code = scratch ? find_undefined(session, scratch, &index, &words, error)
                           : ns_fail(error, NS_ERROR_MEMORY, "no memory for eval");
    ns_arena_free(scratch);
    NS_TRY(code);
    const ns_operator *op = index >= 0 ? ns_dg_operator(session->plan, index) : NULL;
    const int node =
        op && (accumulates(op->op) || op->op == NS_OP_TABLE) ? node_with(session->plan, index) : -1;
    if (node < 0)
        return ns_fail(error, NS_ERROR_UNPREDICTABLE, "%s", words.message);
    const ns_diagnose_cause cause = op->op == NS_OP_TABLE              ? NS_DIAGNOSE_CAUSE_STEEP
                                    : has_bad_shift(session->plan, op) ? NS_DIAGNOSE_CAUSE_SHIFT_RANGE
                                                                       : NS_DIAGNOSE_CAUSE_OVERFLOW;
    const char *what = cause == NS_DIAGNOSE_CAUSE_STEEP         ? "table: steep"
                       : cause == NS_DIAGNOSE_CAUSE_SHIFT_RANGE ? "scale: shift range"
                                                                : "overflow: accumulator width";
    NS_TRY(ns_dg_name_rows(&f, out, error));
    NS_TRY(add_blame(&f, out, node, cause, ns_arena_format(arena, "%s: %s", what, words.message), error));
    fill_unknown(&f, out);
    return NS_OK;
}
