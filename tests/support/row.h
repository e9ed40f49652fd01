/* One row of the seed catalogue, by its names. */
#ifndef NS_TESTS_SUPPORT_ROW_H
#define NS_TESTS_SUPPORT_ROW_H

#include "catalogue/interface.h"
#include "support/test.h"

/* `qtol` NaN: the case's own. `stages`, where it is not NULL, gets those of a run without --stages. */
static inline ns_suite_row test_row(ns_arena *memory, const char *op, const char *name, const char *target,
                                    double qtol, unsigned *stages)
{
    ns_suite_options options;
    ns_suite_defaults(&options, sizeof options);
    options.op_count = options.name_count = options.target_count = 1;
    options.ops = &op;
    options.names = &name;
    options.targets = &target;
    options.qtol = qtol;
    ns_suite_selection selection;
    ns_error error;
    ASSERT_OK(ns_suite_select(&options, memory, &selection, &error));
    assert_int_equal(selection.count, 1);
    if (stages)
        *stages = selection.stages;
    return selection.rows[0];
}

#endif
