/* Given: cases of one's own beside the catalogue. */
#ifndef NS_CATALOGUE_GIVEN_H
#define NS_CATALOGUE_GIVEN_H

#include "catalogue/target.h"
#include "recorded/recorded.h"

typedef struct ns_given_case {
    ns_case_files files;
    const char *op; /* what it is of */
    ns_recorded_settings settings;
    const ns_suite_target *target; /* the one that it names; NULL: it names none, or a board */
    bool stream;                   /* compiled already: one row, whose accelerator the stream tells */
} ns_given_case;

/* The cases of several folders and zip files, in their order. What is wrong with one of them is its row's to
 * say (files.problem); NS_ERROR_INPUT where a path holds none, NS_ERROR_IO where it cannot be read. */
ns_code ns_given_find(int path_count, const char *const *paths, ns_arena *arena, const ns_given_case **out,
                      int *count, ns_error *error);

#endif
