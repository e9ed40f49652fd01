#include "npu/internal.h"

const ns_npu_family *ns_npu_family_of(const ns_npu_config *config)
{
    switch (config->product_bit) {
    case NS_NPU_PRODUCT_U55:
        return &ns_npu_family_u55;
    case NS_NPU_PRODUCT_U65:
        return &ns_npu_family_u65;
    case NS_NPU_PRODUCT_U85:
        return &ns_npu_family_u85;
    default:
        return NULL;
    }
}
