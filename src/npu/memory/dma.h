/* DMA: what the registers ask for when a transfer is issued: copies between regions, and into the internal
 * memory that holds tables. */
#ifndef NS_NPU_DMA_H
#define NS_NPU_DMA_H

#include <stdbool.h>
#include <stdint.h>

typedef struct ns_npu_dma_side {
    bool internal; /* SHRAM or table memory; the region is meaningless */
    int region;
    int64_t address;
    bool indexed;             /* run i lies at the next index * stride0 instead of i * stride0 */
    int64_t stride0, stride1; /* from the start of one run to that of the next; of one group of runs */
} ns_npu_dma_side;

typedef struct ns_npu_dma {
    ns_npu_dma_side source, destination;
    uint64_t length;       /* bytes of a run */
    uint64_t runs, groups; /* runs per group; groups */
    /* Indices (Ethos-U85): 32 bits each, one for each run in turn, index_skip bytes further after each group;
     * 0 to index_max. */
    int index_region;
    int64_t index_address, index_skip, index_max;
} ns_npu_dma;

#endif
