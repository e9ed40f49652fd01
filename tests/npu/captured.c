/* Every captured stream gives what the reference model gave for its graph, in every element. */
#include "npu/captured.h"

static void u55_streams_are_exact(void **state)
{
    (void)state;
    captured_streams_are_exact("_u55_", NS_ACCELERATOR_U55_128, 60);
}

static void u85_streams_are_exact(void **state)
{
    (void)state;
    captured_streams_are_exact("_u85_", NS_ACCELERATOR_U85_128, 60);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(u55_streams_are_exact),
                                       cmocka_unit_test(u85_streams_are_exact)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
