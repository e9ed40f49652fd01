/* Bundled programs: built here from a program of the test data, since a bundle is a FlatBuffer around it. */
#include <stdlib.h>
#include <unistd.h>

#include "base/interface.h"
#include "formats/flatbuffer.h"
#include "formats/interface.h"
#include "npuscope/program.h"
#include "support/data.h"
#include "support/test.h"

static ns_error error;

/* Ends of the offsets that still have to be filled in. */
static size_t tensor_value(ns_fb_writer *w, const ns_program_tensor *like, ns_bytes data)
{
    ns_fb_field value[] = {{.slot = 0, .size = 1, .value = 1}, {.slot = 1, .size = 4}};
    ns_fb_field tensor[] = {
        {.slot = 0, .size = 1, .value = 6}, {.slot = 1, .size = 4}, {.slot = 2, .size = 4}};
    int32_t sizes[NS_PROGRAM_MAX_RANK];
    for (int i = 0; i < like->rank; i++)
        sizes[i] = (int32_t)like->shape[i];
    const size_t at = ns_fb_put_table(w, 2, value);
    ns_fb_link(w, value[1].position, ns_fb_put_table(w, 3, tensor));
    ns_fb_link(w, tensor[1].position, ns_fb_put_vector(w, (size_t)like->rank, 4, sizes, 4));
    ns_fb_link(w, tensor[2].position, ns_fb_put_vector(w, data.size, 1, data.data, 4));
    return at;
}

static void list_of_one(ns_fb_writer *w, size_t field, size_t *place)
{
    const size_t vector = ns_fb_put_vector(w, 1, 4, NULL, 4);
    ns_fb_link(w, field, vector);
    *place = vector + 4;
}

/* One suite for `method` with one case: the input, and the input again as what is expected. */
static ns_bytes bundle_of(ns_arena *arena, ns_bytes program, const char *method,
                          const ns_program_tensor *like, ns_bytes input)
{
    ns_fb_writer w;
    ns_fb_field root[] = {{.slot = 1, .size = 4}, {.slot = 2, .size = 4}};
    ns_fb_field suite[] = {{.slot = 0, .size = 4}, {.slot = 1, .size = 4}};
    ns_fb_field test[] = {{.slot = 0, .size = 4}, {.slot = 1, .size = 4}};
    size_t begin, place;
    const void *data;
    size_t size;
    ns_fb_begin(&w, arena, "BP08", &begin);
    ns_fb_link(&w, begin, ns_fb_put_table(&w, 2, root));
    list_of_one(&w, root[0].position, &place);
    ns_fb_link(&w, place, ns_fb_put_table(&w, 2, suite));
    ns_fb_link(&w, suite[0].position, ns_fb_put_string(&w, method));
    list_of_one(&w, suite[1].position, &place);
    ns_fb_link(&w, place, ns_fb_put_table(&w, 2, test));
    for (int i = 0; i < 2; i++) {
        list_of_one(&w, test[i].position, &place);
        ns_fb_link(&w, place, tensor_value(&w, like, input));
    }
    ns_fb_link(&w, root[1].position, ns_fb_put_vector(&w, program.size, 1, program.data, 8));
    ASSERT_OK(ns_fb_finish(&w, &data, &size, &error));
    return (ns_bytes){data, size};
}

static ns_bytes make(ns_arena *arena, const char *method, ns_program **plain, ns_bytes *input)
{
    ns_bytes program;
    ASSERT_OK(test_data_read("program/two_delegates/program.pte", arena, &program, &error));
    ASSERT_OK(test_data_read("program/two_delegates/in0.bin", arena, input, &error));
    ASSERT_OK(ns_program_read(program.data, program.size, NS_ACCELERATOR_UNKNOWN, arena, plain, &error));
    return bundle_of(arena, program, method, ns_program_input(*plain, 0), *input);
}

static void cases_are_read(void **state)
{
    (void)state;
    ns_arena *arena = ns_arena_new();
    ns_program *plain, *program;
    ns_bytes input;
    size_t size;
    const ns_bytes bundle = make(arena, "forward", &plain, &input);
    assert_true(ns_program_is_bundle(bundle.data, bundle.size));
    ASSERT_OK(ns_program_read(bundle.data, bundle.size, NS_ACCELERATOR_UNKNOWN, arena, &program, &error));
    assert_string_equal(ns_program_method(program), "forward");
    assert_int_equal(ns_program_delegate_count(program), ns_program_delegate_count(plain));
    assert_int_equal(ns_program_case_count(program), 1);
    assert_int_equal(ns_program_case_count(plain), 0);
    assert_memory_equal(ns_program_case_input(program, 0, 0, &size), input.data, input.size);
    assert_int_equal(size, input.size);
    const ns_program_tensor *expected = ns_program_case_expected(program, 0, 0);
    assert_int_equal(expected->scalar, NS_SCALAR_FLOAT32);
    assert_int_equal(expected->rank, ns_program_input(plain, 0)->rank);
    assert_memory_equal(expected->data, input.data, input.size);
    ns_arena_free(arena);
}

/* `npuscope record` makes a case of it: the program within, its input, and what is expected as a reference.
 */
static void a_case_is_recorded(void **state)
{
    (void)state;
    char folder[] = "/tmp/npuscope_bundle_XXXXXX";
    const char *npuscope = getenv("NPUSCOPE");
    ns_arena *arena = ns_arena_new();
    ns_program *plain;
    ns_bytes input, file, program;
    ns_npy array;
    if (!npuscope)
        skip();
    const ns_bytes bundle = make(arena, "forward", &plain, &input);
    assert_non_null(mkdtemp(folder));
    ASSERT_OK(ns_file_write(ns_arena_format(arena, "%s/m.bpte", folder), bundle, &error));
    assert_int_equal(system(ns_arena_format(arena, "'%s' record %s/m.bpte -o %s/case > /dev/null", npuscope,
                                            folder, folder)),
                     0);
    ASSERT_OK(ns_file_read(ns_arena_format(arena, "%s/case/in0.npy", folder), arena, &file, &error));
    ASSERT_OK(ns_npy_read(file, "in0.npy", arena, &array, &error));
    assert_memory_equal(array.data, input.data, input.size);
    ASSERT_OK(
        ns_file_read(ns_arena_format(arena, "%s/case/quantised_out0.npy", folder), arena, &file, &error));
    ASSERT_OK(ns_file_read(ns_arena_format(arena, "%s/case/model.pte", folder), arena, &file, &error));
    ASSERT_OK(test_data_read("program/two_delegates/program.pte", arena, &program, &error));
    assert_int_equal(file.size, program.size);
    assert_memory_equal(file.data, program.data, program.size);
    assert_int_equal(system(ns_arena_format(arena, "rm -r %s", folder)), 0);
    ns_arena_free(arena);
}

static void methods_are_named(void **state)
{
    (void)state;
    ns_arena *arena = ns_arena_new();
    ns_program *plain, *program;
    ns_bytes input;
    const ns_bytes bundle = make(arena, "backward", &plain, &input);
    assert_int_equal(ns_program_method_count(plain), 1);
    assert_string_equal(ns_program_method_name(plain, 0), "forward");
    ASSERT_OK(ns_program_read(bundle.data, bundle.size, NS_ACCELERATOR_UNKNOWN, arena, &program, &error));
    assert_int_equal(ns_program_case_count(program), 0);
    assert_int_equal(ns_program_read_method(bundle.data, bundle.size, "backward", NS_ACCELERATOR_UNKNOWN,
                                            arena, &program, &error),
                     NS_ERROR_USAGE);
    assert_non_null(strstr(error.message, "no method 'backward'; it has forward"));
    ns_arena_free(arena);
}

static void broken_bundles_do_not_crash(void **state)
{
    (void)state;
    ns_arena *arena = ns_arena_new();
    ns_program *program;
    ns_bytes input;
    ns_random random = {.state = 3};
    const ns_bytes bundle = make(arena, "forward", &program, &input);
    for (int round = 0; round < 500; round++) {
        ns_arena *own = ns_arena_new();
        uint8_t *copy = ns_arena_copy(own, bundle.data, bundle.size);
        for (int k = 0; k < 2; k++) /* what lies before the program: the bundle's own tables */
            copy[ns_random_u64(&random) % 400] = (uint8_t)ns_random_u64(&random);
        error.message[0] = '\0';
        if (ns_program_read(copy, bundle.size, NS_ACCELERATOR_UNKNOWN, own, &program, &error) != NS_OK)
            assert_true(error.message[0]);
        ns_arena_free(own);
    }
    ns_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cases_are_read),
        cmocka_unit_test(a_case_is_recorded),
        cmocka_unit_test(methods_are_named),
        cmocka_unit_test(broken_bundles_do_not_crash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
