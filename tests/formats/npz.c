#include "formats/interface.h"
#include "npuscope/budget.h"

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

/* ---- each bound of the zip reader on its own ---- */

enum {
    END = 22,
    RECORD = 46 + 1,
    METHOD = 10,
    PACKED = 20,
    SIZE = 24,
    NAME_LENGTH = 28,
    EXTRA_LENGTH = 30,
    COMMENT_LENGTH = 32
};

/* Two members "a" and "b" of 16 bytes, the last one's record at `record`. */
static uint8_t *small_zip(size_t *size, uint8_t **record)
{
    static const uint8_t text[16] = "0123456789abcde";
    const ns_zip_member members[] = {{"a", {text, 16}}, {"b", {text, 16}}};
    const ns_bytes bytes = test_zip(2, members, arena);
    uint8_t *copy = ns_arena_copy(arena, bytes.data, bytes.size);
    *size = bytes.size;
    *record = copy + bytes.size - END - RECORD;
    return copy;
}

static void expect_refused(const uint8_t *data, size_t size, ns_code code, const char *message)
{
    ns_zip zip;
    assert_int_equal(ns_zip_read((ns_bytes){data, size}, "x", "a zip file", arena, &zip, &error), code);
    if (!strstr(error.message, message))
        fail_msg("'%s' is not '%s'", error.message, message);
}

static void a_member_may_not_claim_more_than_deflate_can_give(void **state)
{
    (void)state;
    size_t size;
    uint8_t *record, *data = small_zip(&size, &record);
    ns_store_u16(record + METHOD, 8);
    ns_store_u32(record + SIZE, 17 * 1032 + 1);
    expect_refused(data, size, NS_ERROR_INPUT, "x: member 'b' claims 17545 bytes from 16");
}

/* The first member has 16 bytes of NS_ZIP_LIMIT; the second may have the rest and no byte more. */
static void members_have_one_limit_together(void **state)
{
    (void)state;
    size_t size;
    uint8_t *record, *data = small_zip(&size, &record);
    ns_store_u32(record + PACKED, 1 << 21);
    ns_store_u32(record + SIZE, (uint32_t)NS_ZIP_LIMIT - 15);
    expect_refused(data, size, NS_ERROR_UNSUPPORTED, "x: expands to more than 1073741824 bytes");
}

static void a_checksum_is_looked_at(void **state)
{
    (void)state;
    size_t size;
    uint8_t *record, *data = small_zip(&size, &record);
    ns_zip zip;
    ASSERT_OK(ns_zip_read((ns_bytes){data, size}, "x", "a zip file", arena, &zip, &error));
    assert_memory_equal(zip.members[1].bytes.data, "0123456789abcde", 16);
    data[30 + 1] ^= 1; /* the first byte of member a */
    expect_refused(data, size, NS_ERROR_INPUT, "x: member 'a' is damaged");
}

static void other_methods_and_encryption_are_not_read(void **state)
{
    (void)state;
    size_t size;
    uint8_t *record, *data = small_zip(&size, &record);
    ns_store_u16(record + METHOD, 12);
    expect_refused(data, size, NS_ERROR_UNSUPPORTED, "x: member 'b' is neither stored nor deflated");
}

static void a_member_ends_before_the_directory(void **state)
{
    (void)state;
    size_t size;
    uint8_t *record, *data = small_zip(&size, &record);
    ns_store_u32(record + PACKED, 17);
    ns_store_u32(record + SIZE, 17);
    expect_refused(data, size, NS_ERROR_INPUT, "x: member 'b' is damaged (it is not where its record says)");
}

static void a_record_lies_in_the_file(void **state)
{
    (void)state;
    size_t size;
    uint8_t *record, *data = small_zip(&size, &record);
    ns_store_u16(record + COMMENT_LENGTH, END + 1);
    expect_refused(data, size, NS_ERROR_INPUT, "leaves the file");
}

static void the_end_tells_where_the_directory_is(void **state)
{
    (void)state;
    size_t size;
    uint8_t *record, *data = small_zip(&size, &record);
    ns_store_u32(data + size - END + 12, 2 * RECORD - 1);
    expect_refused(data, size, NS_ERROR_INPUT,
                   "x: not a zip file (no end of a zip archive that fits the file)");
}

/* The name's last eight bytes become an extra field that is too small for the size that it should hold. */
static void a_wide_number_lies_in_its_field(void **state)
{
    (void)state;
    static const uint8_t text[16] = {0}, extra[] = {1, 0, 4, 0, 9, 0, 0, 0};
    const ns_zip_member member = {"a.......!", {text, 16}};
    const ns_bytes bytes = test_zip(1, &member, arena);
    uint8_t *copy = ns_arena_copy(arena, bytes.data, bytes.size), *record = copy + bytes.size - END - 46 - 9;
    ns_store_u16(record + NAME_LENGTH, 1);
    ns_store_u16(record + EXTRA_LENGTH, 8);
    ns_store_u32(record + SIZE, UINT32_MAX);
    memcpy(record + 47, extra, sizeof extra);
    expect_refused(copy, bytes.size, NS_ERROR_INPUT, "x: member 'a' has a damaged record");
}

/* One stored block of deflate (RFC 1951, 3.2.4) with all the bytes; it is the last block, or not. */
static void packed_bytes_have_an_end(void **state)
{
    (void)state;
    static const uint8_t text[16] = "0123456789abcde";
    for (int last = 1; last >= 0; last--) {
        uint8_t block[21] = {(uint8_t)last, 16, 0, 0xef, 0xff};
        memcpy(block + 5, text, 16);
        const ns_zip_member stored = {"a", {text, 16}}, member = {"a", {block, sizeof block}};
        const ns_bytes right = test_zip(1, &stored, arena), bytes = test_zip(1, &member, arena);
        uint8_t *copy = ns_arena_copy(arena, bytes.data, bytes.size),
                *record = copy + bytes.size - END - RECORD;
        memcpy(record + 16, right.data + right.size - END - RECORD + 16, 4); /* the checksum */
        ns_store_u16(record + METHOD, 8);
        ns_store_u32(record + SIZE, 16);
        ns_zip zip;
        if (last)
            ASSERT_OK(ns_zip_read((ns_bytes){copy, bytes.size}, "x", "a zip file", arena, &zip, &error));
        else
            expect_refused(copy, bytes.size, NS_ERROR_INPUT, "x: member 'a' is damaged (its packed bytes)");
    }
}

/* ---- pickles in them ---- */

static const ns_pickle_value *pickle_of(const char *text, size_t size)
{
    const ns_pickle_value *value = NULL;
    ASSERT_OK(ns_pickle_read((ns_bytes){(const uint8_t *)text, size}, arena, &value, &error));
    return value;
}

#define PICKLE(text) pickle_of(text, sizeof text - 1)

/* Opcodes of Python's pickletools: what {"a": [1, -2, 300, 70000, -1, True, None], "b": (b"xy", 1.5)} is. */
static void pickles_of_plain_data(void **state)
{
    (void)state;
    const ns_pickle_value *root =
        PICKLE("\x80\x04\x95\0\0\0\0\0\0\0\0}\x94(\x8c\x01"
               "a]\x94(K\x01J\xfe\xff\xff\xffM\x2c\x01\x8a\x03\x70\x11\x01\x8a\x01\xff\x88NeX\x01\0\0\0"
               "bC\x02xyG\x3f\xf8\0\0\0\0\0\0\x86u.");
    static const int64_t wanted[] = {1, -2, 300, 70000, -1, 1};
    const ns_pickle_value *list = ns_pickle_find(root, "a"), *pair = ns_pickle_find(root, "b");
    assert_non_null(list);
    assert_int_equal(list->count, 7);
    for (int i = 0; i < 6; i++) {
        assert_int_equal(list->items[i]->kind, NS_PICKLE_INTEGER);
        assert_int_equal(list->items[i]->integer, wanted[i]);
    }
    assert_int_equal(list->items[6]->kind, NS_PICKLE_NONE);
    assert_int_equal(pair->count, 2);
    assert_int_equal(pair->items[0]->kind, NS_PICKLE_BYTES);
    assert_memory_equal(pair->items[0]->bytes.data, "xy", 2);
    assert_int_equal(pair->items[1]->kind, NS_PICKLE_OTHER);
    assert_null(ns_pickle_find(root, "c"));
    assert_null(ns_pickle_find(list, "a"));
}

/* An array of one object as numpy writes it: a call that is not made, and its state; memo, single items. */
static void pickles_of_calls(void **state)
{
    (void)state;
    const ns_pickle_value *array = PICKLE("\x80\x02"
                                          "cnumpy\nempty\nq\x05h\x05r\x06\0\0\0j\x06\0\0\0\x86R(K\x01)"
                                          "\x8c\x02i4\x89]K\x07"
                                          "atb.");
    assert_int_equal(array->kind, NS_PICKLE_OBJECT);
    assert_int_equal(array->state->count, 5);
    assert_int_equal(ns_pickle_object(array, 0)->integer, 7);
    assert_null(ns_pickle_object(array, 1));
    assert_null(ns_pickle_object(array, -1));
    assert_null(ns_pickle_first(array, "i4", 4)); /* a list of objects, no bytes */
    const ns_pickle_value *dict = PICKLE("}\x8c\x01kB\x01\0\0\0zs.");
    assert_memory_equal(ns_pickle_find(dict, "k")->bytes.data, "z", 1);
    assert_int_equal(PICKLE("\x8c\x01m\x8c\x01n\x93)\x81.")->kind, NS_PICKLE_OBJECT);
    assert_int_equal(PICKLE("K\x01\x85.")->count, 1);
}

/* 30,000 items one by one take no more than a few times their own memory. */
static void a_long_list_one_by_one(void **state)
{
    (void)state;
    enum { COUNT = 30000 };
    ns_budget budget;
    ns_budget_open(&budget, (uint64_t)16 << 20, 0, 0);
    ns_arena *within = ns_arena_new_within(&budget);
    char *text = ns_arena_alloc(arena, 2 * COUNT + 2, 1);
    text[0] = ']';
    for (int i = 0; i < COUNT; i++)
        memcpy(text + 1 + 2 * i, "Na", 2);
    text[1 + 2 * COUNT] = '.';
    const ns_pickle_value *list;
    ASSERT_OK(ns_pickle_read((ns_bytes){(const uint8_t *)text, 2 * COUNT + 2}, within, &list, &error));
    assert_int_equal(list->count, COUNT);
    ns_arena_free(within);
}

static void malformed_pickles(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t size;
        const char *message;
    } rows[] = {
#define ROW(text, message) {text, sizeof text - 1, message}
        ROW("", "malformed at byte 0"),
        ROW(".", "malformed at byte 1"),       /* nothing on the stack */
        ROW("NN.", "malformed at byte 3"),     /* two values */
        ROW("N.N", "malformed at byte 2"),     /* more behind it */
        ROW("(.", "malformed at byte 2"),      /* a mark is no value */
        ROW("Nt.", "malformed at byte 2"),     /* no mark */
        ROW("N\x86.", "malformed at byte 2"),  /* one value for a pair */
        ROW("(N\x86.", "malformed at byte 3"), /* a mark in the pair */
        ROW("NNa.", "malformed at byte 3"),    /* None is no list */
        ROW("}(Nu.", "malformed at byte 4"),   /* a key without a value */
        ROW("h\x05.", "malformed at byte 2"),  /* nothing there */
        ROW("Nr\xff\xff\xff\xff.", "malformed at byte 6"),
        ROW("C\5zz.", "malformed at byte 2"), /* two of five bytes */
        ROW("X\xff\xff\xff\x7f.", "malformed at byte 5"),
        ROW("\x8a\x09.........", "malformed at byte 2"),
        ROW("Nb.", "malformed at byte 2"),
        ROW("cmodule", "malformed at byte 7"),
        ROW("K", "malformed at byte 1"),
        ROW("I1\n.", "the pickle has opcode 0x49 at byte 0"),
#undef ROW
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const ns_pickle_value *value;
        assert_int_not_equal(
            ns_pickle_read((ns_bytes){(const uint8_t *)rows[i].text, rows[i].size}, arena, &value, &error),
            NS_OK);
        if (!strstr(error.message, rows[i].message))
            fail_msg("%zu: '%s' is not '%s'", i, error.message, rows[i].message);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_vela_wrote),
        cmocka_unit_test(names_a_damaged_member),
        cmocka_unit_test(refuses_every_prefix),
        cmocka_unit_test(a_member_may_not_claim_more_than_deflate_can_give),
        cmocka_unit_test(members_have_one_limit_together),
        cmocka_unit_test(a_checksum_is_looked_at),
        cmocka_unit_test(other_methods_and_encryption_are_not_read),
        cmocka_unit_test(a_member_ends_before_the_directory),
        cmocka_unit_test(a_record_lies_in_the_file),
        cmocka_unit_test(the_end_tells_where_the_directory_is),
        cmocka_unit_test(a_wide_number_lies_in_its_field),
        cmocka_unit_test(packed_bytes_have_an_end),
        cmocka_unit_test(pickles_of_plain_data),
        cmocka_unit_test(pickles_of_calls),
        cmocka_unit_test(a_long_list_one_by_one),
        cmocka_unit_test(malformed_pickles),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
