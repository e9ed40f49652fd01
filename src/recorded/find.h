/* Find: the cases of a folder or of a zip file. */
#ifndef NS_RECORDED_FIND_H
#define NS_RECORDED_FIND_H

#include "recorded/files.h"

typedef struct ns_found_cases {
    int count;
    ns_case_files *cases;
} ns_found_cases;

/* The cases in `path`, by name: the folder or zip file itself where it is one, else those of its folders and
 * zip files, at most NS_CASE_DEPTH deep. What is no case is passed over. Zip files are read here, into
 * `arena`; folders are not. NS_ERROR_INPUT where there is none, NS_ERROR_IO where `path` cannot be read. */
enum { NS_CASE_DEPTH = 4 };
ns_code ns_cases_find(const char *path, ns_arena *arena, ns_found_cases *out, ns_error *error);

/* The one case in `path`; NS_ERROR_INPUT where there are several. */
ns_code ns_case_find(const char *path, ns_arena *arena, ns_case_files *out, ns_error *error);

#endif
