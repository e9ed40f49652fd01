/* Block dependency: what BLOCKDEP promises of the jobs, a block each, of an operation and of the one before.
 */
#ifndef NS_NPU_BLOCK_DEPENDENCY_H
#define NS_NPU_BLOCK_DEPENDENCY_H

#include "npu/operations/operation.h"

/* Whether a job of `operation` reads of `ifm` what a job of `previous` may still write. Jobs i of this
 * operation and j, counted from the end, of the one before may run together when i + j < BLOCKDEP. */
bool ns_npu_jobs_collide(const ns_npu_config *config, const ns_npu_operation *operation,
                         const ns_npu_map *ifm, const ns_npu_operation *previous);

#endif
