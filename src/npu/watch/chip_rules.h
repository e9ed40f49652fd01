/* Chip rules: where the chip departs from plain execution; see chip_rules.def. */
#ifndef NS_NPU_CHIP_RULES_H
#define NS_NPU_CHIP_RULES_H

#include "npu/machine.h"

typedef enum ns_npu_rule {
#define NS_NPU_CHIP_RULE(name, products, effect, strength, rule, evidence) NS_NPU_RULE_##name,
#include "npu/watch/chip_rules.def"
#undef NS_NPU_CHIP_RULE
    NS_NPU_RULE_COUNT
} ns_npu_rule;

/* Counts that a rule struck at the current command, and warns: name, rule, and what the command has. */
void ns_npu_chip_rule(ns_npu_machine *machine, ns_npu_rule rule, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same for a rule that refuses: NS_ERROR_UNDEFINED. */
ns_code ns_npu_chip_rule_refuse(ns_npu_machine *machine, ns_error *error, ns_npu_rule rule,
                                const char *format, ...) __attribute__((format(printf, 4, 5)));

#endif
