/* Debug table: one table of Vela's debug database, comma-separated values inside an XML file. */
#ifndef NS_VELA_DEBUG_TABLE_H
#define NS_VELA_DEBUG_TABLE_H

#include "base/bytes.h"

typedef struct ns_debug_table {
    const char *name;
    int columns, rows;
    const char **cells; /* rows * columns texts, unquoted; row 0 is the first below the heading */
    const char **heading;
} ns_debug_table;

/* Reads the table called `name`; one that the file does not have is empty (Vela's releases differ). Texts are
 * made in `arena`. NS_ERROR_INPUT for a row whose cells do not match the heading. */
ns_code ns_debug_table_read(ns_bytes file, const char *name, ns_arena *arena, ns_debug_table *out,
                            ns_error *error);

/* Cell of a row by its column's name; "" where there is no such column. */
const char *ns_debug_table_text(const ns_debug_table *table, int row, const char *column);

/* The same as a number, decimal or 0x hexadecimal; `missing` where it is none. */
int64_t ns_debug_table_number(const ns_debug_table *table, int row, const char *column, int64_t missing);

/* Row whose column holds `value`, from `from` on; -1 for none. */
int ns_debug_table_row(const ns_debug_table *table, const char *column, int64_t value);

#endif
