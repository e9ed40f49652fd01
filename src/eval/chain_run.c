#include "eval/internal.h"

/* An operator's call with the operands of its step. */
static bool prepare(const ns_chain_run *run, const ns_chain_link *link, ns_arena *arena, ns_step *step)
{
    const ns_operator *op = &run->block->operators[link->form == NS_LINK_TABLE ? link->table : link->index];
    step->kernels = run->kernels;
    for (int k = 0; k < link->operands; k++)
        step->spans[k] = link->spans[k];
    if (link->form == NS_LINK_PAIR || link->form == NS_LINK_SUM) {
        ns_fused_prepare(link, step);
        return true;
    }
    ns_eval_call call = {
        .block = run->block,
        .node = op,
        .attributes = &op->attributes,
        .input_count = op->input_count,
        .output_count = op->output_count,
        .inputs = NS_ARENA_ARRAY(run->scratch, (size_t)op->input_count, const ns_tensor *),
        .outputs = NS_ARENA_ARRAY(run->scratch, (size_t)op->output_count, ns_tensor *),
        .scratch = arena,
        .budget = run->budget,
        .kernels = run->kernels,
    };
    if (!call.inputs || !call.outputs)
        return false;
    for (int i = 0; i < op->input_count; i++) {
        call.inputs[i] = &run->values[op->inputs[i]].tensor;
        if (i >= link->operands && !run->values[op->inputs[i]].present)
            return false;
    }
    call.outputs[0] = &run->values[op->outputs[0]].tensor;
    return (link->form == NS_LINK_TABLE ? ns_step_table_rounded
                                        : ns_step_kind_of(op->op)->prepare)(&call, step, NULL) == NS_OK;
}

/* Gives the members that others read their room; false where one has a value already, or memory is out. */
static bool make_wholes(const ns_chain_run *run, const ns_chain *chain)
{
    for (int i = 0; i < chain->whole_count; i++) {
        ns_value *value = &run->values[chain->whole[i]];
        if (value->present || ns_value_make(value, run->store, run->results, NULL) != NS_OK)
            return false;
    }
    return true;
}

static void drop_wholes(const ns_chain_run *run, const ns_chain *chain)
{
    for (int i = 0; i < chain->whole_count; i++)
        ns_value_release(&run->values[chain->whole[i]], run->store);
}

static char *address(const ns_chain_run *run, const ns_chain *chain, const ns_chain_operand *operand,
                     char *room, size_t row)
{
    if (operand->slot >= 0)
        return room + chain->slot_offsets[operand->slot];
    return (char *)run->values[operand->tensor].tensor.data + row * operand->row_bytes;
}

static bool run_rows(const ns_chain_run *run, const ns_chain *chain, const ns_step *steps, char *room,
                     size_t first, size_t rows)
{
    for (int i = 0; i < chain->link_count; i++) {
        const ns_chain_link *link = &chain->links[i];
        ns_slab slab = {.first = first, .rows = rows, .columns = link->columns};
        for (int k = 0; k < link->operands; k++)
            slab.in[k] = address(run, chain, &link->in[k], room, first);
        slab.out = address(run, chain, &link->out, room, first);
        if (steps[i].run(&steps[i], &slab))
            return false;
    }
    return true;
}

/* Kept of a chain that cannot run. */
static const ns_step refused;

/* The chain's steps: made anew, or those of the run before; NULL where an operator is not good. */
static const ns_step *prepare_all(const ns_chain_run *run, const ns_chain *chain)
{
    if (*run->steps)
        return *run->steps == &refused ? NULL : *run->steps;
    ns_arena *arena = chain->is_constant ? run->kept : run->scratch;
    ns_step *steps = NS_ARENA_ARRAY(arena, (size_t)chain->link_count, ns_step);
    for (int i = 0; steps && i < chain->link_count; i++)
        if (!prepare(run, &chain->links[i], arena, &steps[i])) {
            *run->steps = chain->is_constant ? (void *)&refused : NULL;
            return NULL;
        }
    if (chain->is_constant)
        *run->steps = steps;
    return steps;
}

static bool run_steps(const ns_chain_run *run, const ns_chain *chain)
{
    const ns_step *steps = prepare_all(run, chain);
    char *room = ns_arena_alloc(run->scratch, chain->room, 1);
    if (!steps || !room)
        return false;
    for (int i = 0; i < chain->link_count; i++)
        for (int k = 0; k < chain->links[i].operands; k++) {
            const ns_chain_operand *in = &chain->links[i].in[k];
            if (in->slot < 0 && !run->values[in->tensor].tensor.data)
                return false;
        }
    for (size_t row = 0; row < chain->rows; row += chain->slab_rows) {
        const size_t left = chain->rows - row, rows = left < chain->slab_rows ? left : chain->slab_rows;
        if (ns_budget_check_time(run->budget, NULL) != NS_OK || !run_rows(run, chain, steps, room, row, rows))
            return false;
    }
    return true;
}

bool ns_chain_run_links(const ns_chain_run *run, const ns_chain *chain)
{
    if (!make_wholes(run, chain) || !run_steps(run, chain)) {
        drop_wholes(run, chain);
        return false;
    }
    for (int i = 0; i < chain->alias_count; i++) {
        const ns_chain_alias *alias = &chain->aliases[i];
        if (run->values[alias->from].present &&
            !ns_value_share(&run->values[alias->from], &run->values[alias->to])) {
            drop_wholes(run, chain);
            return false;
        }
    }
    return true;
}
