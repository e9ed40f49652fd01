/* Delegate: an Ethos-U command stream inside an ExecuTorch program, or a TOSA graph. */
#ifndef NS_PROGRAM_DELEGATE_H
#define NS_PROGRAM_DELEGATE_H

#include "program/file.h"
#include "program/value.h"

typedef struct ns_delegate {
    const char *id;        /* "EthosUBackend", "TOSABackend"; of another backend nothing else is read */
    ns_npu_stream *stream; /* NULL: a graph */
    ns_bytes graph;        /* in the arena of the program; data NULL: a stream */
    int input_count, output_count;
    const ns_npu_io *inputs, *outputs; /* as the blob lists them */
} ns_delegate;

/* Reads the vela_bin_stream `blob`; external blocks are looked up among the file's named data. */
ns_code ns_delegate_read(ns_program_file *file, const char *id, ns_bytes blob, ns_accelerator accelerator,
                         ns_arena *arena, ns_delegate **out, ns_error *error);

/* One call: the inputs' tensors, then the outputs', by their values' indices. */
typedef struct ns_delegate_call {
    int number; /* of the delegate in its program */
    int argument_count;
    const int *arguments;
    const ns_program_watch *watch; /* NULL: nobody is told */
} ns_delegate_call;

ns_code ns_delegate_run(const ns_delegate *delegate, const ns_delegate_call *call,
                        const ns_npu_options *options, ns_value *values, ns_arena *arena,
                        ns_npu_statistics *statistics, ns_error *error);

#endif
