#include "eval/internal.h"

/* The step of operator `index`, as link `link` has it, which takes its first `operands` operands. */
static bool prepare_operator(const ns_chain_run *run, int index, int operands, ns_arena *arena, ns_step *step,
                             ns_step_prepare function)
{
    const ns_operator *op = &run->block->operators[index];
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
        if (i >= operands && !run->values[op->inputs[i]].present)
            return false;
    }
    call.outputs[0] = &run->values[op->outputs[0]].tensor;
    return (function ? function : ns_step_kind_of(op->op)->prepare)(&call, step, NULL) == NS_OK;
}

/* A product that requantises its sums while they are at hand, or else both steps after each other. */
static bool prepare_product(const ns_chain_run *run, const ns_chain_link *link, ns_arena *arena,
                            ns_step *step)
{
    ns_step rescale = *step;
    if (!prepare_operator(run, link->index, 1, arena, &rescale, NULL))
        return false;
    ns_step_scales scales = *ns_step_rescale_scales(&rescale);
    step->scales = &scales;
    const bool is_good = prepare_operator(run, link->source, link->operands, arena, step, NULL);
    step->scales = NULL;
    if (!is_good || scales.is_taken)
        return is_good;
    const ns_step product = *step;
    return ns_fused_join(&product, &rescale, link->columns, arena, step) == NS_OK;
}

static bool prepare(const ns_chain_run *run, const ns_chain_link *link, ns_arena *arena, ns_step *step)
{
    step->kernels = run->kernels;
    for (int k = 0; k < link->operands; k++)
        step->spans[k] = link->spans[k];
    switch (link->form) {
    case NS_LINK_PAIR:
    case NS_LINK_SUM:
        ns_fused_prepare(link, step);
        return true;
    case NS_LINK_TABLE:
        return prepare_operator(run, link->source, link->operands, arena, step, ns_step_table_rounded);
    case NS_LINK_PRODUCT:
        return prepare_product(run, link, arena, step);
    default:
        return prepare_operator(run, link->index, link->operands, arena, step, NULL);
    }
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
                     size_t first, size_t rows, bool is_new)
{
    for (int i = 0; i < chain->link_count; i++) {
        const ns_chain_link *link = &chain->links[i];
        ns_slab slab = {.first = first, .is_new = is_new, .rows = rows, .columns = link->columns};
        for (int k = 0; k < link->operands; k++)
            slab.in[k] = address(run, chain, &link->in[k], room, first);
        slab.out = address(run, chain, &link->out, room, first);
        slab.room = room + chain->room;
        if (steps[i].run(&steps[i], &slab))
            return false;
    }
    return true;
}

/* Kept of a chain that cannot run. */
static const ns_step refused;

/* Less is done before another thread has begun. */
#define PART_WORK (1 << 18)
/* Rows of a part are whole bands of this many, the tile of a matrix product. */
#define PART_ROWS 12

/* How many workers share the rows. Each has steps of its own, whose rooms and packed operands it fills. */
static size_t parts_of(const ns_chain_run *run, const ns_chain *chain)
{
    const size_t workers = (size_t)ns_workers_count(run->workers), rows = chain->rows / PART_ROWS;
    const uint64_t worth = chain->work / PART_WORK;
    size_t parts = workers < rows ? workers : rows;
    parts = parts < worth ? parts : (size_t)worth;
    return parts > 1 ? parts : 1;
}

/* The chain's steps, one list after the other for each part: made anew, or those of the run before; NULL
 * where an operator is not good. */
static const ns_step *prepare_all(const ns_chain_run *run, const ns_chain *chain, size_t parts)
{
    if (*run->steps)
        return *run->steps == &refused ? NULL : *run->steps;
    ns_arena *arena = chain->is_constant ? run->kept : run->scratch;
    const size_t links = (size_t)chain->link_count;
    ns_step *steps = NS_ARENA_ARRAY(arena, parts * links, ns_step);
    for (size_t i = 0; steps && i < parts * links; i++)
        if (!prepare(run, &chain->links[i % links], arena, &steps[i])) {
            *run->steps = chain->is_constant ? (void *)&refused : NULL;
            return NULL;
        }
    if (chain->is_constant)
        *run->steps = steps;
    return steps;
}

typedef struct shared_rows {
    const ns_chain_run *run;
    const ns_chain *chain;
    const ns_step *steps;
    char *room; /* of each part: the chain's, and what one of its steps needs */
    size_t room_size;
    size_t parts, part_rows;
    bool *is_good; /* for each part */
} shared_rows;

static void run_part(void *context, int worker)
{
    const shared_rows *s = context;
    const ns_chain *chain = s->chain;
    const size_t part = (size_t)worker;
    if (part >= s->parts)
        return;
    const size_t first = part * s->part_rows, left = chain->rows - first;
    const size_t end = first + (left < s->part_rows ? left : s->part_rows);
    const ns_step *steps = s->steps + part * (size_t)chain->link_count;
    for (size_t row = first; row < end; row += chain->slab_rows) {
        const size_t rows = end - row < chain->slab_rows ? end - row : chain->slab_rows;
        if (ns_budget_check_time(s->run->budget, NULL) != NS_OK ||
            !run_rows(s->run, chain, steps, s->room + part * s->room_size, row, rows, row == first))
            return;
    }
    s->is_good[part] = true;
}

static size_t room_of(const ns_chain *chain, const ns_step *steps)
{
    enum { LINE = 64 };
    size_t most = 0;
    for (int i = 0; i < chain->link_count; i++)
        most = steps[i].room_size > most ? steps[i].room_size : most;
    return (chain->room + most + LINE - 1) / LINE * LINE;
}

static bool run_steps(const ns_chain_run *run, const ns_chain *chain)
{
    size_t parts = parts_of(run, chain);
    const size_t bands = (chain->rows + PART_ROWS - 1) / PART_ROWS, each = (bands + parts - 1) / parts;
    shared_rows s = {.run = run, .chain = chain, .steps = prepare_all(run, chain, parts)};
    parts = (bands + each - 1) / each; /* none is empty */
    s.parts = parts;
    s.part_rows = parts > 1 ? each * PART_ROWS : chain->rows;
    if (!s.steps)
        return false;
    s.room_size = room_of(chain, s.steps);
    s.room = ns_arena_take(run->scratch, parts * s.room_size); /* written before it is read */
    s.is_good = NS_ARENA_ARRAY(run->scratch, parts, bool);
    if (!s.room || !s.is_good)
        return false;
    for (int i = 0; i < chain->link_count; i++)
        for (int k = 0; k < chain->links[i].operands; k++) {
            const ns_chain_operand *in = &chain->links[i].in[k];
            if (in->slot < 0 && !run->values[in->tensor].tensor.data)
                return false;
        }
    if (parts > 1)
        ns_workers_run(run->workers, run_part, &s);
    else
        run_part(&s, 0);
    for (size_t p = 0; p < parts; p++)
        if (!s.is_good[p])
            return false;
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
