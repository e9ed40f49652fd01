/* What is watched while a stream runs: rules of the chip, what it leaves undefined, the books on memory. */
#ifndef NS_NPU_WATCH_RULES_H
#define NS_NPU_WATCH_RULES_H

#include "npu/machine.h"
#include "npu/memory/internal.h"
#include "npu/operations/operation.h"

/* ---- chip_rules.c ---- */

/* Chip rules: where the chip departs from plain execution; see chip_rules.def. */

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

/* ---- undefined.c ---- */

/* Undefined: what a stream may ask for that the chip does not define; see undefined.def. */

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
/* Name of the command that is executed: "CONV"; NULL: it is no operation. */
const char *ns_npu_running(const ns_npu_machine *machine);

void ns_npu_note_undefined(ns_npu_machine *machine, const char *sentence);

/* ---- shadow.c ---- */

/* Shadow: books on every byte of memory, who wrote it and whether it was read since. They show streams that
 * are wrong whatever the values: memory read that nothing wrote, loads that are overwritten before they are
 * read, outputs that are not written, inputs that are not read (shadow.def). */

typedef enum ns_npu_sign {
#define NS_NPU_SIGN(name, certain, sentence) NS_NPU_SIGN_##name,
#include "npu/watch/shadow.def"
#undef NS_NPU_SIGN
    NS_NPU_SIGN_COUNT
} ns_npu_sign;

typedef struct ns_npu_shadow ns_npu_shadow;

/* Books for the machine's regions, which are bound, with the inputs copied in; NULL when memory is out. */
ns_npu_shadow *ns_npu_shadow_new(ns_npu_machine *machine, ns_arena *arena);

/* Each does nothing when machine->shadow is NULL. The operation has been executed: its addresses
 * have been checked. */
void ns_npu_shadow_operation(ns_npu_machine *machine, const ns_npu_operation *operation);

/* One run of a DMA: `length` bytes; addresses have been checked. */
void ns_npu_shadow_copy(ns_npu_machine *machine, const ns_npu_dma *dma, int64_t source, int64_t destination);

/* After the last command. */
void ns_npu_shadow_finish(ns_npu_machine *machine);

#endif
