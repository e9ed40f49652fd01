/* Document: what the JSON documents have in common. */
#ifndef NS_REPORT_DOCUMENT_H
#define NS_REPORT_DOCUMENT_H

#include <jansson.h>

#include "base/bytes.h"

/* The number, or null where it is not finite. */
json_t *ns_document_real(double value);

/* The text of `root`, which it takes, with a line feed behind it. `flags` are jansson's. root NULL: memory
 * was out when it was made. `what` names the document in the message: "the sweep's JSON". */
ns_code ns_document_text(json_t *root, size_t flags, const char *what, ns_arena *arena, ns_bytes *out,
                         ns_error *error);

#endif
