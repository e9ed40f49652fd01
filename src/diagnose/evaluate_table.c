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
static bool run_straight(const ns_dg_call *call, const ns_dg_table *table, double factor)
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

/* The ideal by the cubics of tables.c, or itself where a code has none: those are left as NaN, and made in a
 * second walk. */
static void run_cells(const ns_dg_call *call, const ns_dg_table *table, double factor)
{
    const ns_dg_value *in = call->inputs[0];
    const double per_code = NS_DG_CELLS / table->step, count = (table->knots - 1) * NS_DG_CELLS;
    const double scale = in->scale * per_code, first = table->first * per_code;
    const double *from = in->data, *cells = table->cells;
    double *to = call->out->data;
    bool whole = true;
    for (size_t i = 0; i < call->count; i++) {
        const double at = from[i] * scale - first;
        const bool is_inside = at >= 0 && at < count;
        const int cell = is_inside ? (int)at : 0;
        const double *c = cells + 4 * (size_t)cell, t = at - cell;
        const double v = factor * (c[0] + t * (c[1] + t * (c[2] + t * c[3])));
        to[i] = is_inside ? v : NAN;
        whole = whole && to[i] == to[i];
    }
    for (size_t i = 0; !whole && i < call->count; i++)
        if (!(to[i] == to[i]))
            to[i] = factor * ns_dg_table_ideal(table, from[i] * in->scale);
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
    return NS_OK;
}
