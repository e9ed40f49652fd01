/* What every unit test includes: cmocka, whose header wants four others before it. */
#ifndef NS_TESTS_TEST_H
#define NS_TESTS_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* After the four above. */
#include <cmocka.h>

#include "npuscope/status.h"

/* Fails with the error's message when `call` does not return NS_OK; `error` must be in scope. */
#define ASSERT_OK(call)                               \
    do {                                              \
        if ((call) != NS_OK)                          \
            fail_msg("%s: %s", #call, error.message); \
    } while (0)

/* The path of a file in tests/data, a set's zip, in a static buffer of the caller's. */
static inline const char *test_data(char *path, size_t size, const char *name)
{
    const char *folder = getenv("NPUSCOPE_TEST_DATA");
    snprintf(path, size, "%s/%s", folder ? folder : "tests/data", name);
    return path;
}

#endif
