/* TABLE for a function of one variable, as InsertTableOpsPass makes it. */
#ifndef NS_LOWER_TABLE_H
#define NS_LOWER_TABLE_H

#include <stdint.h>

#include "lower/lowering.h"

#define NS_TABLE_ENTRIES 513

/* A function as PyTorch computes it on float32; `node` has its attributes. */
typedef float (*ns_table_function)(const ns_aten_node *node, float x);

/* Fills the 513 entries for an INT16 input and output of the given scales (zero point 0, range
 * [-32767, 32767]). NS_ERROR_INPUT where ExecuTorch cannot make the table: every entry is 0. */
ns_code ns_table_fill(ns_table_function function, const ns_aten_node *node, float input_scale,
                      float output_scale, int16_t entries[NS_TABLE_ENTRIES], ns_error *error);

/* Lowers a node to TABLE and the RESCALE that takes the table's 7 fraction bits away. */
ns_code ns_lower_table(ns_lowering *lowering, int node, ns_table_function function, ns_error *error);

#endif
