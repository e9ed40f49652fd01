#include "npu/stream/registers.h"

#define NS_NPU_P(x) U85_##x
#define NS_NPU_DEF "npu/stream/registers_u85.def"
#define NS_NPU_TABLE ns_npu_table_u85
#define NS_NPU_FAMILY "Ethos-U85"
#include "npu/stream/registers_table.inc"
