/* Budget: the options that bound memory, work and time, which every command that reads models shares. */
#ifndef NS_CLI_BUDGET_H
#define NS_CLI_BUDGET_H

#include "options.h"

typedef struct ns_budget_settings {
    uint64_t max_memory, max_work; /* 0: the default */
    double time_limit;             /* seconds; 0: none */
} ns_budget_settings;

/* The rows, for an ns_budget_settings. */
extern const ns_option ns_budget_options[];

/* Sets the limits. NS_ERROR_USAGE for a time limit below 0. */
ns_code ns_budget_limit(ns_budget *budget, const ns_budget_settings *settings, ns_error *error);

#endif
