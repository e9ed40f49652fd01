#include "npuscope/version.h"

const char *ns_version(void)
{
    return NS_VERSION_TEXT;
}
