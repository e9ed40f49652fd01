#include "diagnose/internal.h"

#include <math.h>
#include <string.h>

const char *ns_dg_table_name(const ns_dg_table *table)
{
    return table->fit.function < 0 ? NULL : ns_dg_formula_get(table->fit.function)->name;
}

bool ns_dg_table_jumps(const ns_dg_table *table)
{
    const char *name = ns_dg_table_name(table);
    static const char *const jumping[] = {"ceil", "floor", "round", "sign"};
    for (int i = 0; name && i < 4; i++)
        if (strcmp(name, jumping[i]) == 0)
            return true;
    return false;
}

double ns_dg_table_ideal(const ns_dg_table *table, double code)
{
    if (table->fit.function < 0)
        return ns_dg_table_continued(table, code);
    const double v = ns_dg_fit_at(table, &table->fit, code);
    return isfinite(v) ? v : ns_dg_table_straight(table, code);
}

/* A cubic through the ideal at 0, 1/3, 2/3 and 1 of a cell, in powers of the place in the cell. NAN first
 * where it misses the ideal between by more than a ten-thousandth of a step: the ideal itself is asked there.
 */
static void fit_cell(const ns_dg_table *table, double first, double width, double *c)
{
    const double y0 = ns_dg_table_ideal(table, first), y1 = ns_dg_table_ideal(table, first + width / 3),
                 y2 = ns_dg_table_ideal(table, first + 2 * width / 3),
                 y3 = ns_dg_table_ideal(table, first + width);
    c[0] = y0;
    c[1] = (-11 * y0 + 18 * y1 - 9 * y2 + 2 * y3) / 2;
    c[2] = (18 * y0 - 45 * y1 + 36 * y2 - 9 * y3) / 2;
    c[3] = (-9 * y0 + 27 * y1 - 27 * y2 + 9 * y3) / 2;
    for (int i = 1; i < 6; i += 4) {
        const double t = i / 6.0, v = c[0] + t * (c[1] + t * (c[2] + t * c[3]));
        if (!(fabs(v - ns_dg_table_ideal(table, first + t * width)) <= 1e-4))
            c[0] = NAN;
    }
}

/* Most of what an ideal run costs are the functions: cubics over a quarter of a segment take their place. */
static ns_code make_cells(ns_dg_table *table, ns_arena *arena, ns_error *error)
{
    const int count = (table->knots - 1) * NS_DG_CELLS;
    const double width = table->step / NS_DG_CELLS;
    double *cells = NS_ARENA_ARRAY(arena, 4 * (size_t)count, double);
    if (!cells)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a table");
    for (int i = 0; i < count; i++)
        fit_cell(table, table->first + i * width, width, cells + 4 * i);
    table->cells = cells;
    return NS_OK;
}

/* Of several functions that fit, the one that the constant is named after: ExecuTorch calls the table of a
 * silu "b_aten_silu_default_table_constant". Where the name may mean two of them (gelu, gelu_tanh) nothing is
 * told. */
static void ask_name(ns_dg_table *table, const char *name)
{
    const char *from = name ? strstr(name, "aten_") : NULL, *to = from ? strstr(from, "_default") : NULL;
    int found = 0, at = 0;
    if (!to)
        return;
    from += strlen("aten_");
    for (int i = 0; i < table->accepted_count; i++)
        if (strncmp(ns_dg_formula_get(table->accepted[i].function)->name, from, (size_t)(to - from)) == 0) {
            found++;
            at = i;
        }
    if (found != 1 || table->accepted_count < 2)
        return;
    const ns_dg_fit first = table->accepted[0];
    table->accepted[0] = table->accepted[at];
    table->accepted[at] = first;
    table->named = true;
}

ns_code ns_dg_table_new(const ns_tensor *values, const char *name, double zero_in, double zero_out,
                        ns_arena *arena, ns_dg_table **out, ns_error *error)
{
    const bool wide = values->dtype == NS_DTYPE_INT16;
    const int count = wide ? NS_DG_KNOTS : 256;
    if (ns_tensor_count(values) != (size_t)count)
        return ns_fail(error, NS_ERROR_INPUT, "a table of %zu entries", ns_tensor_count(values));
    ns_dg_table *table = NS_ARENA_NEW(arena, ns_dg_table);
    if (!table)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a table");
    *table = (ns_dg_table){.knots = count,
                           .first = wide ? -32768 : -128,
                           .step = wide ? 128 : 1,
                           .low = wide ? -32767 : -128,
                           .high = wide ? 32767 : 127,
                           .zero_in = zero_in,
                           .zero_out = zero_out,
                           .zero_known = true,
                           .fit = {.function = -1}};
    for (int i = 0; i < count; i++)
        table->values[i] = (double)ns_tensor_get(values, (size_t)i);
    /* Of an output that nobody takes the zero point off the knots themselves tell it. */
    if (isnan(zero_out)) {
        table->zero_out = 0;
        table->zero_known = !wide && ns_dg_fit_zero(table, &table->zero_out);
    }
    ns_dg_fit_all(table, true);
    /* Where the last knot is one code short of 32768, the rest still tells the function. */
    if (!table->accepted_count && wide)
        ns_dg_fit_all(table, false);
    ask_name(table, name);
    if (table->accepted_count)
        table->fit = table->accepted[0];
    else
        NS_TRY(ns_dg_table_continue(table, arena, error));
    *out = table;
    return wide ? make_cells(table, arena, error) : NS_OK;
}
