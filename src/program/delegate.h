/* Delegate: an Ethos-U command stream inside an ExecuTorch program. */
#ifndef NS_PROGRAM_DELEGATE_H
#define NS_PROGRAM_DELEGATE_H

#include "program/file.h"
#include "program/value.h"

typedef struct ns_delegate {
    const char *id; /* "EthosUBackend" */
    ns_npu_stream *stream;
    int input_count, output_count;
    const ns_npu_io *inputs, *outputs; /* as the blob lists them */
} ns_delegate;

/* Reads the vela_bin_stream `blob`; external blocks are looked up among the file's named data. */
ns_code ns_delegate_read(ns_program_file *file, const char *id, ns_bytes blob, ns_accelerator accelerator,
                         ns_arena *arena, ns_delegate **out, ns_error *error);

/* Runs it: arguments are the inputs' tensors, then the outputs'. */
ns_code ns_delegate_run(const ns_delegate *delegate, const ns_npu_options *options, ns_value *values,
                        int argument_count, const int *arguments, ns_arena *arena,
                        ns_npu_statistics *statistics, ns_error *error);

#endif
