/* Executes the instructions of a method, in order, as ExecuTorch's runtime does
 * (runtime/executor/method.cpp). */
#include "program/internal.h"

#include <stdio.h>

/* What an instruction costs beside what it works on: with the default budget a program that never ends is
 * given up after 2^23 of them, within seconds. */
#define INSTRUCTION_WORK (NS_BUDGET_DEFAULT_WORK >> 23)

typedef struct running {
    const ns_program *program;
    const ns_npu_options *npu;
    const ns_program_watch *watch;
    ns_value *values;
    ns_arena *arena;   /* lives as long as the run's results */
    ns_arena *scratch; /* forgotten after each instruction */
    ns_program_statistics *statistics;
    uint64_t own; /* bytes of inputs and outputs without a plan */
    ns_budget *budget;
} running;

/* Gives every tensor its memory: constants in place, planned tensors at their offset, inputs and outputs
 * without a plan a block of their own. */
static ns_code bind(running *run, ns_error *error)
{
    const ns_program *program = run->program;
    uint8_t **buffers = NS_ARENA_ARRAY(run->arena, (size_t)program->buffer_count, uint8_t *);
    if (!buffers)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for planned buffers");
    for (int i = 0; i < program->buffer_count; i++) {
        buffers[i] = ns_arena_alloc(run->arena, (size_t)program->buffer_sizes[i], 1);
        if (!buffers[i])
            return ns_fail(error, NS_ERROR_MEMORY, "no memory for planned buffer %d of %llu bytes", i,
                           (unsigned long long)program->buffer_sizes[i]);
    }
    run->values =
        ns_arena_copy(run->arena, program->values, (size_t)program->value_count * sizeof *run->values);
    if (!run->values)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for %d values", program->value_count);
    for (int i = 0; i < program->value_count; i++) {
        if (run->values[i].kind != NS_VALUE_TENSOR)
            continue;
        ns_program_tensor *tensor = &run->values[i].as.tensor;
        const ns_value_plan *plan = &program->plans[i];
        switch (plan->home) {
        case NS_HOME_CONSTANT:
            tensor->data = (void *)(uintptr_t)plan->initial;
            tensor->constant = true;
            break;
        case NS_HOME_PLANNED:
            tensor->data = buffers[plan->buffer] + plan->offset;
            if (plan->initial)
                memcpy(tensor->data, plan->initial, tensor->capacity);
            break;
        case NS_HOME_NONE:
            break;
        }
    }
    return NS_OK;
}

static ns_code own_block(running *run, ns_program_tensor *tensor, ns_error *error)
{
    if (tensor->capacity > NS_PROGRAM_MEMORY_LIMIT - run->own)
        return ns_fail(error, NS_ERROR_INPUT, "inputs and outputs of over 256 MiB");
    run->own += tensor->capacity;
    tensor->data = ns_arena_alloc(run->arena, tensor->capacity, 1);
    return tensor->data
               ? NS_OK
               : ns_fail(error, NS_ERROR_MEMORY, "no memory for a tensor of %zu bytes", tensor->capacity);
}

/* The shape that a caller gives a dynamic input. */
static ns_code take_shape(ns_program_tensor *tensor, const int64_t *shape, int index, ns_error *error)
{
    if (!shape || !memcmp(shape, tensor->shape, (size_t)tensor->rank * sizeof *shape))
        return NS_OK;
    for (int d = 0; d < tensor->rank; d++)
        if (!tensor->dynamic || shape[d] > tensor->shape[d])
            return ns_fail(error, NS_ERROR_INPUT, "input %d: dim %d is %lld, at most %lld%s", index, d,
                           (long long)shape[d], (long long)tensor->shape[d],
                           tensor->dynamic ? "" : "; its shape is fixed");
    return ns_program_tensor_resize(tensor, shape, error);
}

static ns_code set_inputs(running *run, const ns_program_inputs *inputs, ns_error *error)
{
    const ns_program *program = run->program;
    const int count = inputs->count;
    const size_t *sizes = inputs->sizes;
    if (count != program->input_count)
        return ns_fail(error, NS_ERROR_INPUT, "the program has %d input%s, %d given", program->input_count,
                       program->input_count == 1 ? "" : "s", count);
    for (int i = 0; i < count; i++) {
        ns_value *value = &run->values[program->inputs[i]];
        if (value->kind != NS_VALUE_TENSOR)
            continue;
        ns_program_tensor *tensor = &value->as.tensor;
        NS_TRY(take_shape(tensor, inputs->shapes ? inputs->shapes[i] : NULL, i, error));
        if (sizes[i] != tensor->count * (size_t)ns_scalar_bytes(tensor->scalar)) {
            char text[160];
            return ns_fail(error, NS_ERROR_INPUT, "input %d has %zu bytes, but %s takes %zu", i, sizes[i],
                           ns_program_tensor_describe(tensor, text, sizeof text),
                           tensor->count * (size_t)ns_scalar_bytes(tensor->scalar));
        }
        if (tensor->constant)
            return ns_fail(error, NS_ERROR_INPUT, "input %d is a constant of the program", i);
        if (!tensor->data)
            NS_TRY(own_block(run, tensor, error));
        if (sizes[i])
            memcpy(tensor->data, inputs->data[i], sizes[i]);
    }
    for (int i = 0; i < program->output_count; i++) {
        ns_value *value = &run->values[program->outputs[i]];
        if (value->kind == NS_VALUE_TENSOR && !value->as.tensor.data)
            NS_TRY(own_block(run, &value->as.tensor, error));
    }
    return NS_OK;
}

static ns_code call_kernel(running *run, const ns_instruction *instruction, ns_error *error)
{
    const ns_kernel_info *kernel = run->program->kernels[instruction->target];
    ns_call call = {kernel->name,           run->values,  instruction->argument_count,
                    instruction->arguments, run->scratch, run->budget};
    run->statistics->kernel_calls++;
    for (int i = 0; i < instruction->argument_count; i++) {
        const ns_value *value = &run->values[instruction->arguments[i]];
        const int64_t count = value->kind == NS_VALUE_TENSOR ? (int64_t)value->as.tensor.count : 1;
        NS_TRY(ns_call_work(&call, 1, &count, error));
    }
    return kernel->function(&call, error);
}

static ns_code call_delegate(running *run, const ns_instruction *instruction, ns_error *error)
{
    ns_npu_statistics statistics = {0};
    ns_npu_options options = run->npu ? *run->npu : (ns_npu_options){0};
    options.budget = run->budget;
    const ns_delegate_call call = {instruction->target, instruction->argument_count, instruction->arguments,
                                   run->watch};
    NS_TRY(ns_delegate_run(run->program->delegates[instruction->target], &call, &options, run->values,
                           run->scratch, &statistics, error));
    run->statistics->delegate_calls++;
    ns_npu_statistics_add(&run->statistics->npu, &statistics);
    return NS_OK;
}

/* True for a bool, or a tensor all of whose elements are true (parse_cond_value in method.cpp). */
static ns_code condition(const ns_value *value, bool *out, ns_error *error)
{
    if (value->kind == NS_VALUE_BOOL) {
        *out = value->as.boolean;
        return NS_OK;
    }
    if (value->kind != NS_VALUE_TENSOR || value->as.tensor.scalar != NS_SCALAR_BOOL || !value->as.tensor.data)
        return ns_fail(error, NS_ERROR_INPUT,
                       "a jump's condition is %s, expected a bool or a tensor of bools",
                       ns_value_kind_text(value->kind));
    *out = true;
    for (size_t i = 0; i < value->as.tensor.count; i++)
        *out = *out && ((const uint8_t *)value->as.tensor.data)[i];
    return NS_OK;
}

static ns_code step(running *run, const ns_instruction *instruction, int *next, ns_error *error)
{
    switch (instruction->kind) {
    case NS_INSTRUCTION_KERNEL:
        return call_kernel(run, instruction, error);
    case NS_INSTRUCTION_DELEGATE:
        return call_delegate(run, instruction, error);
    case NS_INSTRUCTION_MOVE:
        run->values[instruction->other] = run->values[instruction->target];
        return NS_OK;
    case NS_INSTRUCTION_JUMP_FALSE: {
        bool holds = false;
        NS_TRY(condition(&run->values[instruction->target], &holds, error));
        if (!holds)
            *next = instruction->other;
        return NS_OK;
    }
    case NS_INSTRUCTION_FREE:
        if (run->values[instruction->target].kind != NS_VALUE_TENSOR)
            return ns_fail(error, NS_ERROR_INPUT, "value %d is freed but is no tensor", instruction->target);
        run->values[instruction->target].as.tensor.data = NULL;
        run->values[instruction->target].as.tensor.constant = false;
        return NS_OK;
    }
    return ns_fail(error, NS_ERROR_INTERNAL, "instruction of kind %d", (int)instruction->kind);
}

static ns_code execute(running *run, ns_error *error)
{
    for (int c = 0; c < run->program->chain_count; c++) {
        const ns_chain *chain = &run->program->chains[c];
        for (int i = 0; i < chain->instruction_count;) {
            if (ns_budget_spend(run->budget, INSTRUCTION_WORK, error) != NS_OK)
                return ns_add_context(error, "chain %d, instruction %d", c, i);
            int next = i + 1;
            if (step(run, &chain->instructions[i], &next, error) != NS_OK)
                return ns_add_context(error, "chain %d, instruction %d", c, i);
            ns_arena_reset(run->scratch);
            i = next;
        }
    }
    return NS_OK;
}

static ns_code run_within(running *run, const ns_program_inputs *inputs, ns_program_tensor *outputs,
                          ns_error *error)
{
    const ns_program *program = run->program;
    for (int i = 0; i < program->kernel_count; i++) {
        const char *name = NULL;
        if (program->kernels[i]->function)
            continue;
        NS_TRY(ns_program_kernel_name(program, i, run->arena, &name, error));
        return ns_fail(error, NS_ERROR_UNSUPPORTED,
                       "the program calls %s outside the NPU, which npuscope does not have "
                       "(src/program/kernels.def lists what it has)",
                       name);
    }
    NS_TRY(bind(run, error));
    NS_TRY(set_inputs(run, inputs, error));
    run->scratch = ns_arena_new_within(run->budget);
    if (!run->scratch)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a run");
    ns_code code = execute(run, error);
    ns_arena_free(run->scratch);
    NS_TRY(code);
    for (int i = 0; i < program->output_count; i++) {
        const ns_value *value = &run->values[program->outputs[i]];
        outputs[i] = value->kind == NS_VALUE_TENSOR ? value->as.tensor : (ns_program_tensor){0};
    }
    return NS_OK;
}

ns_code ns_program_run(ns_program *program, const ns_npu_options *npu, const ns_program_inputs *inputs,
                       ns_arena *arena, ns_program_tensor *outputs, ns_program_statistics *statistics,
                       ns_error *error)
{
    return ns_program_run_watched(program, npu, inputs, NULL, arena, outputs, statistics, error);
}

ns_code ns_program_run_watched(ns_program *program, const ns_npu_options *npu,
                               const ns_program_inputs *inputs, const ns_program_watch *watch,
                               ns_arena *arena, ns_program_tensor *outputs, ns_program_statistics *statistics,
                               ns_error *error)
{
    ns_budget own, *budget = npu && npu->budget ? npu->budget : ns_arena_budget(arena);
    if (!budget)
        ns_budget_open(budget = &own, 0, 0, 0);
    /* What the program plans lives in the caller's arena: where that is not charged to the budget, it is
     * here. */
    uint64_t planned = 0;
    for (int i = 0; i < program->buffer_count && ns_arena_budget(arena) != budget; i++)
        planned = __builtin_add_overflow(planned, program->buffer_sizes[i], &planned) ? UINT64_MAX : planned;
    ns_program_statistics unread = {0};
    running run = {.program = program,
                   .npu = npu,
                   .watch = watch,
                   .arena = arena,
                   .statistics = statistics ? statistics : &unread,
                   .budget = budget};
    *run.statistics = (ns_program_statistics){0};
    const bool taken = ns_budget_take(budget, planned);
    ns_code code = taken
                       ? run_within(&run, inputs, outputs, error)
                       : ns_fail(error, NS_ERROR_MEMORY, "no memory for the buffers that the program plans");
    if (taken)
        ns_budget_give(budget, planned);
    return ns_budget_settle(budget, code, error);
}
