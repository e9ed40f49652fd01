/* Inspect: a stream in readable form: configuration, memory map, operations, weights, scales, commands. */
#ifndef NS_NPU_INSPECT_H
#define NS_NPU_INSPECT_H

#include "base/json.h"
#include "npu/stream.h"

/* Appends the description as text. Operations whose registers make no sense are shown with the reason. */
ns_code ns_npu_inspect_text(ns_npu_stream *stream, ns_buffer *buffer, ns_error *error);

/* The same as one object of a JSON document (docs/inspect.md), `key` its name there or NULL. */
ns_code ns_npu_inspect_json(ns_npu_stream *stream, ns_json *json, const char *key, ns_error *error);

#endif
