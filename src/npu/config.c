/* CONFIG word: bits 3:0 log2 of the MACs per cycle, all cores together; bits 31:28 the product.
 * Source: Vela 5.1.0, ethos_u55.cpp and ethos_u85.cpp, ConfigRegister. */
#include "npu/machine.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* U65 has U55's registers. */
#define TABLE_U55 &ns_npu_table_u55
#define TABLE_U65 &ns_npu_table_u55
#define TABLE_U85 &ns_npu_table_u85

static const ns_npu_config configs[] = {
#define NS_ACCELERATOR(name, text, family, product, macs, cores, lut_bank) \
    {NS_ACCELERATOR_##name, text, NS_NPU_PRODUCT_##family, product, macs, cores, TABLE_##family, lut_bank},
#include "npuscope/accelerators.def"
#undef NS_ACCELERATOR
};

const ns_npu_config *ns_npu_config_of(ns_accelerator accelerator)
{
    return accelerator < NS_ACCELERATOR_COUNT ? &configs[accelerator] : NULL;
}

const char *ns_accelerator_text(ns_accelerator accelerator)
{
    return accelerator < NS_ACCELERATOR_COUNT ? configs[accelerator].text : "?";
}

/* The accelerator that a family's name stands for, as in catalogue/accelerators.def. */
static const struct {
    const char *text;
    ns_accelerator accelerator;
} families[] = {
    {"u55", NS_ACCELERATOR_U55_128}, {"u65", NS_ACCELERATOR_U65_256}, {"u85", NS_ACCELERATOR_U85_128}};

ns_code ns_accelerator_parse(const char *text, ns_accelerator *out, ns_error *error)
{
    char known[256] = "";
    for (size_t i = 0; i < sizeof families / sizeof families[0]; i++)
        if (strcmp(families[i].text, text) == 0) {
            *out = families[i].accelerator;
            return NS_OK;
        }
    for (int i = 0; i < NS_ACCELERATOR_COUNT; i++) {
        if (strcmp(configs[i].text, text) == 0) {
            *out = configs[i].accelerator;
            return NS_OK;
        }
        size_t used = strlen(known);
        snprintf(known + used, sizeof known - used, "%s%s", i ? ", " : "", configs[i].text);
    }
    return ns_fail(error, NS_ERROR_USAGE, "no accelerator '%s'; there are u55, u65, u85, %s", text, known);
}

ns_code ns_npu_config_from_word(uint32_t word, ns_accelerator wanted, const ns_npu_config **out,
                                ns_error *error)
{
    int product = (int)(word >> 28);
    uint32_t macs = (uint32_t)1 << (word & 0xf);
    for (int i = 0; i < NS_ACCELERATOR_COUNT; i++) {
        if (configs[i].product != product || (uint32_t)configs[i].macs != macs)
            continue;
        *out = &configs[i];
        if (wanted != NS_ACCELERATOR_UNKNOWN && wanted != configs[i].accelerator)
            return ns_fail(error, NS_ERROR_USAGE, "the stream is for %s (CONFIG 0x%08" PRIx32 "), not for %s",
                           configs[i].text, word, ns_accelerator_text(wanted));
        return NS_OK;
    }
    return ns_fail(error, NS_ERROR_INPUT,
                   "CONFIG word 0x%08" PRIx32 ": product %d with %" PRIu32
                   " MACs per cycle is no known Ethos-U",
                   word, product, macs);
}
