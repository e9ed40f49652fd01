/* Server: one process of Vela that is kept, to which graphs are sent one after another. For searches: a graph
 * takes what the compiler core takes, milliseconds, and nothing touches the disk. */
#ifndef NS_VELA_SERVER_H
#define NS_VELA_SERVER_H

#include "npuscope/vela.h"

typedef struct ns_vela_server ns_vela_server;

/* One compilation: a set of options for one accelerator. */
typedef struct ns_vela_job {
    ns_accelerator accelerator;
    const char *options; /* all but the accelerator, separated by spaces */

    ns_vela_outcome outcome; /* out: this and the following */
    const char *reason;      /* of a refusal or crash; "Vela hung" where it did not answer in time */
    ns_npu_parts parts;      /* of a compilation */
} ns_vela_job;

/* Starts nothing yet. One compilation may take `timeout` seconds of processor time. */
ns_code ns_vela_server_new(const ns_vela *vela, double timeout, ns_arena *arena, ns_vela_server **out,
                           ns_error *error);

/* Compiles one graph for each job; results lie in `arena`. A crash or a hang settles the job at hand and
 * costs one start of Vela. The errors are the machine's: no process, no memory. */
ns_code ns_vela_server_compile(ns_vela_server *server, const void *graph, size_t size, ns_vela_job *jobs,
                               int count, ns_arena *arena, ns_error *error);

/* Processes started so far. */
int ns_vela_server_starts(const ns_vela_server *server);

/* Ends the process, and removes the script. */
void ns_vela_server_end(ns_vela_server *server);

#endif
