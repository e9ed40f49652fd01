#include "formats/interface.h"

#include "support/data.h"
#include "support/test.h"

#define CASE "captured/test_exp_a16w8_u55_INT[rank1_rand]/"

static ns_arena *arena;
static ns_error error;
static ns_bytes file;

static int set_up(void **state)
{
    (void)state;
    arena = ns_arena_new();
    return arena && test_data_read(CASE "delegate0_vela.npz", arena, &file, &error) == NS_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    ns_arena_free(arena);
    return 0;
}

static void reads_what_vela_wrote(void **state)
{
    (void)state;
    ns_npz npz;
    assert_true(ns_npz_probe(file));
    ASSERT_OK(ns_npz_read(file, "x", arena, &npz, &error));
    const ns_npy *commands = ns_npz_find(&npz, "cmd_data");
    assert_non_null(commands);
    assert_int_equal(commands->type, NS_NPY_BYTES);
    assert_int_equal(commands->rank, 0);
    assert_memory_equal(commands->data, "COP1", 4);
    assert_int_equal(commands->item_size % 16, 0);
    const ns_npy *shape = ns_npz_find(&npz, "input_shape");
    assert_non_null(shape);
    assert_null(ns_npz_find(&npz, "no such member"));
}

static void names_a_damaged_member(void **state)
{
    (void)state;
    /* One changed byte in the middle of the largest member: deflate may still decode, the checksum not. */
    int refused = 0;
    for (size_t at = 100; at < file.size - 100; at += 97) {
        ns_npz npz;
        uint8_t *copy = ns_arena_copy(arena, file.data, file.size);
        copy[at] ^= 0x10;
        refused += ns_npz_read((ns_bytes){copy, file.size}, "x", arena, &npz, &error) != NS_OK;
    }
    assert_true(refused > 10);
}

static void refuses_every_prefix(void **state)
{
    (void)state;
    for (size_t size = 0; size < file.size; size += size < 64 ? 1 : 61) {
        ns_npz npz;
        uint8_t *prefix = malloc(size + 1);
        assert_non_null(prefix);
        memcpy(prefix, file.data, size);
        assert_int_not_equal(ns_npz_read((ns_bytes){prefix, size}, "x", arena, &npz, &error), NS_OK);
        free(prefix);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_vela_wrote),
        cmocka_unit_test(names_a_damaged_member),
        cmocka_unit_test(refuses_every_prefix),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
