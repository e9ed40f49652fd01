#include "npu/stream/registers.h"

#define NS_NPU_P(x) U55_##x
#define NS_NPU_DEF "npu/stream/registers_u55.def"
#define NS_NPU_TABLE ns_npu_table_u55
#define NS_NPU_FAMILY "Ethos-U55 and Ethos-U65"
#include "npu/stream/registers_table.inc"
