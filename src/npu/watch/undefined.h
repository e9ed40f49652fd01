/* Undefined: what a stream may ask for that the chip does not define; see undefined.def. */
#ifndef NS_NPU_UNDEFINED_H
#define NS_NPU_UNDEFINED_H

#include "npu/machine.h"

typedef enum ns_npu_undefined_rule {
#define NS_NPU_UNDEFINED(name, rule, evidence) NS_NPU_UNDEFINED_##name,
#include "npu/watch/undefined.def"
#undef NS_NPU_UNDEFINED
    NS_NPU_UNDEFINED_COUNT
} ns_npu_undefined_rule;

/* NS_ERROR_UNDEFINED at the current command: "command 12 (word 30, OP_CONV): undefined on the chip,
 * KEPT_ACCUMULATORS: ..."; the statistics take the rule's name. */
ns_code ns_npu_undefined(ns_npu_machine *machine, ns_error *error, ns_npu_undefined_rule rule,
                         const char *format, ...) __attribute__((format(printf, 4, 5)));

/* What the statistics keep of it: the sentence and the current command. */
void ns_npu_note_undefined(ns_npu_machine *machine, const char *sentence);

#endif
