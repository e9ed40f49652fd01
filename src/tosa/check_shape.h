/* Shapes of operands against the specification's, whose dims have names. */
#ifndef NS_TOSA_CHECK_SHAPE_H
#define NS_TOSA_CHECK_SHAPE_H

#include "tosa/check.h"
#include "tosa/operator_info.h"

/* The operand under examination. */
typedef struct ns_check_operand {
    const ns_operand_info *info;
    const ns_tensor *tensor;
    int number;     /* inputs first, then outputs */
    char label[64]; /* "input \"weight\"" or "output \"output\"" */
} ns_check_operand;

/* The label of operand `number`, inputs first, in `text`. */
const char *ns_check_label(const ns_check *check, int number, char *text, size_t size);

/* The shape of an operand against the specification's: "[N,H,W]", "shape1" or "". */
ns_code ns_check_shape(ns_check *check, const ns_check_operand *o);

#endif
