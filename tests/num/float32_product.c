/* All results of torch.nn.functional.linear (PyTorch 2.13.0, oneMKL, AMD EPYC) of operands v[i] = (float)((i
 * * 7919 + 13) mod 10007 - 5003) / 1009, x first: sums of their bits times 1, 2, .. modulo 2^32. Added up
 * exactly, 52 of the 89 are others. */
#include "num/interface.h"
#include "support/test.h"

#include <string.h>

static const struct {
    int rows, columns, inner;
    uint32_t sum;
    float first;
} products[] = {
    {1, 5, 10, 0xdd480072u, 0x1.5e978ep+5f},
    {3, 4, 6, 0xce2cf41au, -0x1.4333a0p+3f},
    {2, 4, 13, 0x49619dc7u, -0x1.77f914p+5f},
    {4, 16, 20, 0x8f47b669u, -0x1.32ae76p+5f},
};

static void test_products(void **state)
{
    (void)state;
    double v[512];
    for (int i = 0; i < 512; i++)
        v[i] = (double)((float)((i * 7919 + 13) % 10007 - 5003) / 1009.0f);
    for (size_t p = 0; p < sizeof products / sizeof products[0]; p++) {
        const int rows = products[p].rows, columns = products[p].columns, inner = products[p].inner;
        uint32_t sum = 0, place = 0;
        for (int m = 0; m < rows; m++)
            for (int n = 0; n < columns; n++) {
                const float got =
                    ns_float32_product(v + m * inner, v + (rows + n) * inner, inner, m, rows, n, columns);
                uint32_t bits;
                memcpy(&bits, &got, sizeof bits);
                sum += bits * ++place;
                if (place == 1)
                    assert_true(got == products[p].first);
            }
        assert_int_equal(sum, products[p].sum);
    }
}

/* The same of torch.bmm, where 257 of the 361 are others. */
static void test_matmul(void **state)
{
    (void)state;
    static const struct {
        int rows, columns, inner;
        uint32_t sum;
        float first;
    } known[] = {
        {4, 4, 8, 0x6b693af6u, -0x1.e893p+4f},     {1, 5, 7, 0xced1f732u, -0x1.49a814p+3f},
        {3, 8, 40, 0x5fb237b2u, 0x1.c320ap+1f},    {16, 16, 20, 0x9d44513cu, 0x1.2d1dd4p+4f},
        {5, 12, 64, 0x524706a0u, -0x1.57b38cp+5f},
    };
    double v[2048];
    for (int i = 0; i < 2048; i++)
        v[i] = (double)((float)((i * 7919 + 13) % 10007 - 5003) / 1009.0f);
    for (size_t p = 0; p < sizeof known / sizeof known[0]; p++) {
        const int rows = known[p].rows, columns = known[p].columns, inner = known[p].inner;
        uint32_t sum = 0;
        for (int i = 0; i < rows * columns; i++) {
            float got = 0;
            uint32_t bits;
            assert_true(ns_float32_matmul(v + i / columns * inner, v + rows * inner + i % columns, rows,
                                          inner, columns, &got));
            memcpy(&bits, &got, sizeof bits);
            sum += bits * (uint32_t)(i + 1);
            assert_true(i > 0 || got == known[p].first);
        }
        assert_int_equal(sum, known[p].sum);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_products), cmocka_unit_test(test_matmul)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
