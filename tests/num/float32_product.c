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

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_products)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
