#include "diagnose/knots.h"

#include <math.h>

bool ns_dg_table_clamped(const ns_dg_table *table, int i)
{
    return table->values[i] >= table->high || table->values[i] <= table->low;
}

int ns_dg_table_segment(const ns_dg_table *table, double code)
{
    const double i = floor((code - table->first) / table->step);
    return i < 0 ? 0 : i > table->knots - 2 ? table->knots - 2 : (int)i;
}

double ns_dg_table_straight(const ns_dg_table *table, double code)
{
    const int i = ns_dg_table_segment(table, code);
    const double part = fmin(fmax((code - ns_dg_knot_code(table, i)) / table->step, 0), 1);
    return table->values[i] + (table->values[i + 1] - table->values[i]) * part;
}
