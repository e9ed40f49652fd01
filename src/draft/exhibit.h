/* Exhibit: a draft as what Vela and the simulator are given, and as files. */
#ifndef NS_DRAFT_EXHIBIT_H
#define NS_DRAFT_EXHIBIT_H

#include "draft/draft.h"

/* A draft as what Vela and the simulator are given: file, inputs, and the outputs that are right. */
typedef struct ns_exhibit {
    ns_graph *graph; /* the caller frees it */
    const void *file;
    size_t file_size;
    int input_count;
    const ns_tensor *inputs;
    int output_count;
    ns_tensor outputs[NS_DRAFT_OUTPUTS];
} ns_exhibit;

/* NS_ERROR_INPUT where the graph does not pass validation. What it points to lies in `arena`. */
ns_code ns_exhibit_make(const ns_draft *draft, ns_arena *arena, ns_exhibit *out, ns_error *error);

/* graph.tosa, in<k>.npy and out<k>.npy in `folder`, which is made. */
ns_code ns_exhibit_write(const ns_exhibit *exhibit, const char *folder, ns_arena *arena, ns_error *error);

/* The same of a draft. */
ns_code ns_draft_write(const ns_draft *draft, const char *folder, ns_arena *arena, ns_error *error);

#endif
