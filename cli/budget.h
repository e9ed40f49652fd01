/* Budget: the options that bound memory, work and time of a command. */
#ifndef NS_CLI_BUDGET_H
#define NS_CLI_BUDGET_H

#include "options.h"

typedef struct ns_budget_settings {
    uint64_t max_memory, max_work; /* 0: the default */
    double time_limit;             /* seconds; 0: none */
} ns_budget_settings;

/* Rows of an option table whose settings struct `type` has an ns_budget_settings `field`. */
#define NS_ROWS_BUDGET(type, field)                                                                     \
    {0,                                                                                                 \
     "max-memory",                                                                                      \
     NS_OPTION_SIZE,                                                                                    \
     "BYTES",                                                                                           \
     offsetof(type, field.max_memory),                                                                  \
     "memory that what the files ask for may take, such as 4G\n(default: half of what the process may " \
     "use)"},                                                                                           \
        {0,                                                                                             \
         "max-work",                                                                                    \
         NS_OPTION_SIZE,                                                                                \
         "N",                                                                                           \
         offsetof(type, field.max_work),                                                                \
         "multiply-accumulates and elements to compute at most, such\nas 20T (default 16T)"},           \
    {                                                                                                   \
        0, "time-limit", NS_OPTION_REAL, "SECONDS", offsetof(type, field.time_limit),                   \
            "give up after that time (default: none)"                                                   \
    }

/* Sets the limits of the command's budget. NS_ERROR_USAGE for a time limit below 0. */
ns_code ns_cli_limit(ns_cli *cli, const ns_budget_settings *settings, ns_error *error);

#endif
