/* What stays off a target, at the borders that ExecuTorch 1.5.0's operator_support draws. */
#include "ir/interface.h"
#include "lower/interface.h"
#include "support/aten.h"
#include "support/test.h"

static ns_error error;

typedef struct program {
    ns_arena *arena;
    ns_aten_program *aten;
} program;

static program make(void)
{
    program p = {.arena = ns_arena_new()};
    ASSERT_OK(ns_aten_program_new(p.arena, &p.aten, &error));
    return p;
}

static int input(program *p, int rank, const int64_t *shape)
{
    int node = 0;
    ASSERT_OK(ns_aten_add_input(p->aten, NULL, rank, shape, &node, &error));
    return node;
}

/* Checks both targets; `reason` is part of the message where one rejects, NULL where none does. */
static void check(program *p, const char *u55_reason, const char *u85_reason)
{
    const char *reasons[NS_TARGET_COUNT] = {[NS_TARGET_U55] = u55_reason, [NS_TARGET_U85] = u85_reason};
    for (int target = 0; target < NS_TARGET_COUNT; target++) {
        ns_code code = ns_lower_supported(p->aten, (ns_target)target, &error);
        if (!reasons[target]) {
            ASSERT_OK(code);
            continue;
        }
        assert_int_equal(code, NS_ERROR_UNSUPPORTED);
        if (!strstr(error.message, reasons[target]))
            fail_msg("\"%s\" does not say \"%s\"", error.message, reasons[target]);
    }
    ns_arena_free(p->arena);
}

static void test_bmm(void **state)
{
    (void)state;
    program p = make();
    int a = input(&p, 3, (int64_t[]){1, 2, 3}), b = input(&p, 3, (int64_t[]){1, 3, 2}), node = 0;
    ASSERT_OK(ns_aten_add_bmm(p.aten, a, b, &node, &error));
    check(&p,
          "bmm off Ethos-U55 and Ethos-U65: Input placeholder has unsupported dtype torch.int16 (Supports "
          "int8).",
          NULL);
}

static void conv(int64_t channels, int64_t width, int64_t taps, int stride, int padding, int dilation,
                 int groups, const char *u55_reason)
{
    program p = make();
    int x = input(&p, 3, (int64_t[]){1, channels, width}), node = 0;
    int weight = input(&p, 3, (int64_t[]){groups, channels / groups, taps});
    ASSERT_OK(ns_aten_add_conv1d(
        p.aten, &(conv1d_arguments){x, weight, -1, stride, padding, dilation, groups}, &node, &error));
    check(&p, u55_reason, NULL);
}

static void test_conv1d(void **state)
{
    (void)state;
    conv(3, 30, 3, 3, 1, 2, 1, NULL);
    conv(3, 30, 3, 4, 0, 1, 1, NULL);
    conv(3, 30, 3, 4, 1, 1, 1, "Failed condition on stride, pad and dilation combination.");
    conv(3, 30, 3, 4, 0, 2, 1, "Failed condition on stride, pad and dilation combination.");
    conv(1, 5000, 4096, 1, 0, 1, 1, NULL);
    conv(2, 5000, 4097, 1, 0, 1, 1, "kernel_x*kernel_y<=4096, got kernel (4097, 1)");
    conv(2, 65537, 3, 1, 0, 1, 1, NULL);
    conv(2, 65537, 3, 1, 0, 1, 2, "Depthwise convolution must have CWH <= 65536, got 65537)");
    conv(65536, 3, 1, 1, 0, 1, 1, NULL);
    conv(65537, 3, 1, 1, 0, 1, 1, "Convolution must have C <= 65536, got 65537)");
}

static void sum(int rank, const int64_t *shape, int dim, const char *u55_reason)
{
    program p = make();
    int x = input(&p, rank, shape), node = 0;
    ASSERT_OK(ns_aten_add_sum(p.aten, x, 1, &dim, true, &node, &error));
    check(&p, u55_reason, NULL);
}

static void test_sum(void **state)
{
    (void)state;
    sum(2, (int64_t[]){65536, 3}, 0, NULL);
    sum(2, (int64_t[]){65537, 3}, 0, "sum needs dims < 65536, got shape [65537, 3]");
    sum(3, (int64_t[]){256, 256, 3}, 2, NULL);
    sum(3, (int64_t[]){256, 257, 3}, 2, "Failed dim check");
    sum(3, (int64_t[]){3, 256, 257}, 0, "Failed dim check");
}

static void flip(int rank, int64_t dim, const char *u55_reason)
{
    program p = make();
    int x = input(&p, rank, (int64_t[]){1, 2, 3, 4}), node = 0;
    ASSERT_OK(ns_aten_call(p.aten, &ns_aten_op_flip, 1, &x, NS_ARGUMENTS({"dims", NS_INTS(1, &dim)}), &node,
                           &error));
    check(&p, u55_reason, NULL);
}

static void test_flip(void **state)
{
    (void)state;
    flip(4, 1, NULL);
    flip(4, -2, NULL);
    flip(4, 3, "U55 flip support is limited to rank-4 channel or height reversal.");
    flip(4, 0, "U55 flip support is limited to rank-4 channel or height reversal.");
    flip(3, 1, "U55 flip support is limited to rank-4 channel or height reversal.");
}

static void test_rank(void **state)
{
    (void)state;
    for (int rank = 6; rank <= 7; rank++) {
        program p = make();
        int x = input(&p, rank, (int64_t[]){1, 2, 1, 2, 1, 2, 1}), node = 0;
        ASSERT_OK(ns_aten_add_exp(p.aten, x, &node, &error));
        const char *reason = rank > 6 ? "rank 7" : NULL;
        check(&p, reason, reason);
    }
}

static void test_only_views(void **state)
{
    (void)state;
    program p = make();
    int x = input(&p, 2, (int64_t[]){2, 3}), node = 0;
    ASSERT_OK(ns_aten_add_reshape(p.aten, x, 1, (int64_t[]){6}, &node, &error));
    check(&p, "change shapes", "change shapes");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bmm),  cmocka_unit_test(test_conv1d),     cmocka_unit_test(test_sum),
        cmocka_unit_test(test_rank), cmocka_unit_test(test_only_views), cmocka_unit_test(test_flip),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
