#include "report/document.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

json_t *ns_document_real(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

ns_code ns_document_text(json_t *root, size_t flags, const char *what, ns_arena *arena, ns_bytes *out,
                         ns_error *error)
{
    char *text = root ? json_dumps(root, flags) : NULL;
    json_decref(root);
    char *copy = text ? ns_arena_format(arena, "%s\n", text) : NULL;
    free(text);
    if (!copy)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for %s", what);
    *out = (ns_bytes){(const uint8_t *)copy, strlen(copy)};
    return NS_OK;
}
