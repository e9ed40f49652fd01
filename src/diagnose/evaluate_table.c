/* TABLE of int16: 513 knots 128 codes apart, straight between them, the result 128 times too large. TABLE of
 * int8: an entry for each code.
 *
 * Outside the domain, which only a value that was made ideal can reach, the function goes on: the domain's
 * end belongs to the producer of the value. */
#include <math.h>

#include "diagnose/call.h"
#include "diagnose/internal.h"

static double held(const ns_dg_table *table, double code, bool right)
{
    const int i = ns_dg_table_segment(table, code);
    return table->values[i + (right && code > table->first + i * table->step)];
}

/* A knot of a finer table. At 0, where 1/x and rsqrt have no value, ExecuTorch's table holds the clamp. */
static double fine_knot(const ns_dg_table *table, double code)
{
    double v = ns_dg_table_ideal(table, code);
    const ns_dg_fit *fit = &table->fit;
    if (fit->function >= 0 && !isfinite(ns_dg_fit_at(table, fit, code)) && code == table->zero_in)
        v = ns_dg_table_ideal(table, code + 1e-9);
    return fmin(fmax(rint(v), table->low), table->high);
}

static double fine(const ns_dg_table *table, double code, double step)
{
    const double i = floor(code / step), left = fine_knot(table, i * step);
    return left + (fine_knot(table, (i + 1) * step) - left) * (code / step - i);
}

static double evaluate(const ns_dg_table *table, unsigned mode, double code, double fine_step)
{
    if (mode & NS_DG_FINE)
        return fine(table, code, fine_step);
    if (mode & (NS_DG_HOLD_LEFT | NS_DG_HOLD_RIGHT))
        return held(table, code, mode & NS_DG_HOLD_RIGHT);
    const double last = table->first + (table->knots - 1) * table->step;
    if ((mode & NS_DG_TABLE) && code >= table->first && code <= last)
        return ns_dg_table_straight(table, code);
    return ns_dg_table_ideal(table, code);
}

/* Straight lines for codes within the domain: most of what a run as TOSA says costs. */
NS_DG_LOOP static bool run_straight(const ns_dg_call *call, const ns_dg_table *table, double factor)
{
    const ns_dg_value *in = call->inputs[0];
    const double per_code = 1 / table->step, last = table->knots - 1, scale = in->scale, first = table->first;
    const double *from = in->data, *values = table->values;
    double *to = call->out->data;
    for (size_t i = 0; i < call->count; i++) {
        const double at = (from[i] * scale - first) * per_code;
        if (!(at >= 0 && at <= last))
            return false;
        const int k = at >= last ? (int)last - 1 : (int)at;
        const double left = values[k];
        to[i] = factor * (left + (values[k + 1] - left) * (at - k));
    }
    return true;
}

enum { BLOCK = 64 };
#define WHOLE 0x1.8p52 /* added and taken off: rounded to an integer */

/* `count` elements, at most BLOCK, by cubics. False: one lies outside the table or has none. In three loops,
 * so that the first and the last go several elements at a time. */
NS_DG_LOOP static bool run_block(const ns_dg_table *table, const double *from, double scale, double factor,
                                 size_t count, double *restrict to)
{
    const double first = table->first * (NS_DG_CELLS / table->step),
                 last = nextafter((table->knots - 1) * NS_DG_CELLS, 0);
    const double *cells = table->cells;
    double t[BLOCK], cell[BLOCK], missing = 0;
    for (size_t i = 0; i < count; i++) {
        const double at = from[i] * scale - first, inside = at > 0 ? at : 0,
                     held = inside < last ? inside : last;
        const double near = (held + WHOLE) - WHOLE, over = near > held ? 1 : 0;
        missing = held == at ? missing : 1;
        cell[i] = near - over;
        t[i] = held - cell[i];
    }
    for (size_t i = 0; i < count; i++) {
        const double *c = cells + 4 * (size_t)(int32_t)cell[i];
        to[i] = factor * (c[0] + t[i] * (c[1] + t[i] * (c[2] + t[i] * c[3])));
    }
    for (size_t i = 0; i < count; i++)
        missing = to[i] == to[i] ? missing : 1;
    return missing == 0;
}

/* The ideal by the cubics of tables.c, or itself where a code has none. */
static void run_cells(const ns_dg_call *call, const ns_dg_table *table, double factor)
{
    const ns_dg_value *in = call->inputs[0];
    const double scale = in->scale * (NS_DG_CELLS / table->step),
                 first = table->first * (NS_DG_CELLS / table->step);
    for (size_t i = 0; i < call->count; i += BLOCK) {
        const size_t count = call->count - i < BLOCK ? call->count - i : BLOCK;
        const double *from = in->data + i;
        double *to = call->out->data + i;
        if (run_block(table, from, scale, factor, count, to))
            continue;
        for (size_t k = 0; k < count; k++) {
            const double at = from[k] * scale - first;
            if (!(to[k] == to[k]) || !(at >= 0 && at < (table->knots - 1) * NS_DG_CELLS))
                to[k] = factor * ns_dg_table_ideal(table, from[k] * in->scale);
        }
    }
}

/* A table of 8 bits has an entry for each code, and stores it: what a RESCALE at a stage's end does is in its
 * entries. */
static void store_ideal(ns_dg_call *call, const ns_dg_table *table)
{
    double *to = call->out->data;
    for (size_t i = 0; i < call->count; i++) {
        to[i] = call->mode & NS_DG_ROUND ? rint(to[i]) : to[i];
        to[i] = call->mode & NS_DG_CLAMP ? fmin(fmax(to[i], table->low), table->high) : to[i];
    }
    if (call->mode & NS_DG_FIT)
        ns_dg_fit_step(call, table->zero_out);
}

ns_code ns_dg_op_table(ns_dg_call *call, ns_error *error)
{
    const ns_dg_table *table = call->plan->tables[call->op->inputs[1]];
    const ns_dg_value *in = call->inputs[0];
    if (!table)
        return ns_fail(error, NS_ERROR_UNSUPPORTED, "its table is not a constant");
    NS_TRY(ns_dg_make(call, error));
    const double factor = table->knots == NS_DG_KNOTS ? 128 : 1;
    const bool straight = (call->mode & NS_DG_TABLE) && call->mode < NS_DG_FINE;
    call->out->integer = in->integer && straight;
    if (straight && run_straight(call, table, factor))
        return NS_OK;
    if (!(call->mode & NS_DG_TABLE) && call->mode < NS_DG_FINE && table->cells) {
        run_cells(call, table, factor);
        return NS_OK;
    }
    for (size_t i = 0; i < call->count; i++)
        call->out->data[i] =
            factor * evaluate(table, call->mode, in->data[i] * in->scale, call->worker->fine_step);
    if (call->final && !(call->mode & NS_DG_TABLE) && table->knots != NS_DG_KNOTS)
        store_ideal(call, table);
    return NS_OK;
}
