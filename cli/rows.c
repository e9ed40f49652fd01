#include "rows.h"

#include <string.h>

ns_code ns_row_weights(const char *text, int *per_channel, ns_error *error)
{
    *per_channel = !text ? -1 : strcmp(text, "per-channel") == 0;
    if (text && !*per_channel && strcmp(text, "per-tensor") != 0)
        return ns_fail(error, NS_ERROR_USAGE, "--weights '%s' is neither per-channel nor per-tensor", text);
    return NS_OK;
}
