#include "npu/watch/rules.h"

#include <stdarg.h>
#include <stdio.h>

typedef struct rule_entry {
    const char *name, *rule, *both;
} rule_entry;

static const rule_entry rules[] = {
#define NS_NPU_CHIP_RULE(name, products, effect, strength, rule, evidence) {#name, rule, #name ": " rule},
#include "npu/watch/chip_rules.def"
#undef NS_NPU_CHIP_RULE
};

static void count(ns_npu_machine *machine, ns_npu_rule rule)
{
    if (machine->statistics->chip_rules++ == 0)
        machine->statistics->chip_rule = rules[rule].both;
}

void ns_npu_chip_rule(ns_npu_machine *machine, ns_npu_rule rule, const char *format, ...)
{
    char text[160];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    count(machine, rule);
    ns_npu_warn(machine, "chip rule %s: %s; here %s", rules[rule].name, rules[rule].rule, text);
}

ns_code ns_npu_chip_rule_refuse(ns_npu_machine *machine, ns_error *error, ns_npu_rule rule,
                                const char *format, ...)
{
    char text[160];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    count(machine, rule);
    ns_npu_note_undefined(machine, rules[rule].both);
    ns_npu_fault(machine, error, "undefined on the chip, chip rule %s: %s; here %s", rules[rule].name,
                 rules[rule].rule, text);
    if (error)
        error->code = NS_ERROR_UNDEFINED;
    return NS_ERROR_UNDEFINED;
}
