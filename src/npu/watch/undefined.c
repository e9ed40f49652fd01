#include "npu/watch/rules.h"

#include <stdarg.h>
#include <stdio.h>

static const char *const names[] = {
#define NS_NPU_UNDEFINED(name, rule, evidence) #name,
#include "npu/watch/undefined.def"
#undef NS_NPU_UNDEFINED
};

static const char *const sentences[] = {
#define NS_NPU_UNDEFINED(name, rule, evidence) #name ": " rule,
#include "npu/watch/undefined.def"
#undef NS_NPU_UNDEFINED
};

const char *ns_npu_running(const ns_npu_machine *machine)
{
    const ns_npu_command *command = &machine->commands[machine->command];
    return command->is_operation ? machine->config->table->operations[command->index].name : NULL;
}

void ns_npu_note_undefined(ns_npu_machine *machine, const char *sentence)
{
    const ns_npu_command *command = &machine->commands[machine->command];
    ns_npu_statistics *statistics = machine->statistics;
    if (!statistics)
        return;
    statistics->undefined = sentence;
    statistics->fault_command = machine->command;
    statistics->fault_word = command->word;
    statistics->fault_name = ns_npu_running(machine);
}

ns_code ns_npu_undefined(ns_npu_machine *machine, ns_error *error, ns_npu_undefined_rule rule,
                         const char *format, ...)
{
    char text[NS_MESSAGE_SIZE / 2];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    ns_npu_note_undefined(machine, sentences[rule]);
    ns_npu_fault(machine, error, "undefined on the chip, %s: %s", names[rule], text);
    if (error)
        error->code = NS_ERROR_UNDEFINED;
    return NS_ERROR_UNDEFINED;
}
