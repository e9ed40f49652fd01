/* Inspect: a stream in readable form: configuration, memory map, operations, weights, scales, commands. */
#ifndef NS_NPU_INSPECT_H
#define NS_NPU_INSPECT_H

#include "npu/stream.h"

/* Appends the description as text, or as one JSON object (docs/inspect.md). Commands whose registers make no
 * sense are shown with the reason. */
ns_code ns_npu_inspect_text(ns_npu_stream *stream, ns_buffer *buffer, ns_error *error);
ns_code ns_npu_inspect_json(ns_npu_stream *stream, ns_buffer *buffer, ns_error *error);

#endif
