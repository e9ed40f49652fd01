/* Tree: a folder with all that is in it. */
#ifndef NS_BASE_TREE_H
#define NS_BASE_TREE_H

#include "npuscope/status.h"

/* Removes a file, or a folder with all that is in it; links are not followed. Fine where it is not there. */
ns_code ns_tree_remove(const char *path, ns_error *error);

#endif
