/* Smallest: what a reduced graph is written to, and where the stream of it departs first. */
#ifndef NS_CLI_SMALLEST_H
#define NS_CLI_SMALLEST_H

#include "npuscope/diagnose.h"
#include "options.h"

/* A reduced graph with inputs, and the results that TOSA gives. */
typedef struct ns_smallest {
    const void *file;
    size_t file_size;
    int input_count, output_count;
    const ns_tensor *inputs, *outputs;
} ns_smallest;

/* Writes the graph to `path`, and its tensors to <prefix>in<k>.npy and <prefix>out<k>.npy. */
ns_code ns_smallest_write(ns_cli *cli, const ns_smallest *smallest, const char *path, const char *prefix,
                          ns_error *error);

/* A configuration of Vela. */
typedef struct ns_smallest_target {
    const ns_vela *vela;
    ns_accelerator accelerator;
    const char *flags; /* beside ns_vela_flags; NULL: none */
} ns_smallest_target;

/* Compiles it, and prints the first operation of the NPU that departs, with its operator of the graph. */
ns_code ns_smallest_print_departure(ns_cli *cli, const ns_smallest *smallest,
                                    const ns_smallest_target *target, ns_error *error);

#endif
