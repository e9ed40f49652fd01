#include "eval/interface.h"

#define MOST (UINT64_MAX / 2)

static uint64_t add(uint64_t a, uint64_t b)
{
    return a > MOST - b ? MOST : a + b;
}

static uint64_t multiply(uint64_t a, uint64_t b)
{
    return b && a > MOST / b ? MOST : a * b;
}

static uint64_t elements(const ns_block *block, int index)
{
    const ns_tensor *tensor = &block->tensors[index].tensor;
    uint64_t count = 1;
    for (int i = 0; i < tensor->rank; i++)
        count = multiply(count, tensor->shape[i] > 0 ? (uint64_t)tensor->shape[i] : 0);
    return count;
}

/* Elements in each output's window, with the padding. */
static uint64_t window(const ns_operator *op)
{
    uint64_t size = 1;
    for (int i = 0; i < op->attributes.kernel.count; i++)
        size = multiply(size,
                        op->attributes.kernel.values[i] > 0 ? (uint64_t)op->attributes.kernel.values[i] : 0);
    return size;
}

uint64_t ns_eval_work(const ns_block *block, const ns_operator *op)
{
    const int64_t macs = ns_operator_macs(block, op);
    uint64_t work = macs > 0 ? (uint64_t)macs : 0;
    for (int i = 0; i < op->input_count; i++)
        work = add(work, elements(block, op->inputs[i]));
    for (int i = 0; i < op->output_count; i++)
        work = add(work, elements(block, op->outputs[i]));
    if ((op->op == NS_OP_MAX_POOL2D || op->op == NS_OP_AVG_POOL2D) && op->output_count == 1)
        work = add(work, multiply(elements(block, op->outputs[0]), window(op)));
    return work;
}
