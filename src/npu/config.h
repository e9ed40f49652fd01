/* Configuration: the accelerators, and the CONFIG word that names one. */
#ifndef NS_NPU_CONFIG_H
#define NS_NPU_CONFIG_H

#include "npu/stream/registers.h"
#include "npuscope/npu.h"

/* One of ns_accelerator's rows. */
typedef struct ns_npu_config {
    ns_accelerator accelerator;
    const char *text;
    unsigned product_bit; /* NS_NPU_PRODUCT_* */
    int product;          /* number in the CONFIG word */
    int macs, cores;
    const ns_npu_table *table;
    int lut_bank; /* SHRAM bank of the first table; 0: tables have a memory of their own */
} ns_npu_config;

const ns_npu_config *ns_npu_config_of(ns_accelerator accelerator);

/* The configuration of a CONFIG word; NS_ERROR_INPUT when there is none, or when `wanted` is another. */
ns_code ns_npu_config_from_word(uint32_t word, ns_accelerator wanted, const ns_npu_config **out,
                                ns_error *error);

#endif
