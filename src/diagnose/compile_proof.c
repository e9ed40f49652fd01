/* Which known defect of Vela explains a finding. The graph shows its pattern; that it is the cause is proved:
 * the pattern is broken at that operator, and nothing is wrong any more. Options of Vela that are known to
 * avoid the defect are tried, and the graph with the pattern's inner tensors as outputs too, so that Vela
 * cannot fuse or move across them. Nothing else of the graph changes. Without a proof the nearest pattern is
 * only suspected. */
#include <string.h>

#include "base/interface.h"
#include "diagnose/compile_parts.h"

/* Operators between a pattern that is only suspected and the operator to blame. */
#define REACH 4
/* Patterns that are tried for one kind of finding. */
#define MOST_TRIED 6
/* Tensors before the pattern's operator that become outputs. */
#define HOPS 3
#define MOST_OUTPUTS 8

static bool share_tensor(const ns_operator *from, const ns_operator *to)
{
    for (int i = 0; i < from->output_count; i++)
        for (int k = 0; k < to->input_count; k++)
            if (from->outputs[i] == to->inputs[k])
                return true;
    return false;
}

/* Whether a defect of this kind looks like the row. */
static bool looks_alike(const ns_defect_match *match, const ns_diagnose_compile *row)
{
    switch (ns_defect_get_info(match->defect)->kind) {
    case NS_DEFECT_KIND_FAULT:
        return strcmp(row->verdict, "undefined") == 0;
    case NS_DEFECT_KIND_CRASH:
        return strcmp(row->verdict, "refused") == 0;
    case NS_DEFECT_KIND_HAZARD:
        return strcmp(row->verdict, "hazard") == 0;
    default:
        return strcmp(row->verdict, "wrong") == 0;
    }
}

/* Steps along the data, either way, from operator `from`; REACH + 1 for more. */
static ns_code distances(const ns_block *block, int from, ns_arena *arena, int **out, ns_error *error)
{
    int *steps = NS_ARENA_ARRAY(arena, (size_t)block->operator_count, int);
    if (!steps)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for %d operators", block->operator_count);
    for (int i = 0; i < block->operator_count; i++)
        steps[i] = i == from ? 0 : REACH + 1;
    for (int n = 0; n < REACH; n++)
        for (int i = 0; i < block->operator_count; i++)
            for (int k = 0; steps[i] == n && k < block->operator_count; k++)
                if (steps[k] > n + 1 && block->operators[k].op != NS_OP_CONST &&
                    block->operators[k].op != NS_OP_CONST_SHAPE &&
                    (share_tensor(&block->operators[i], &block->operators[k]) ||
                     share_tensor(&block->operators[k], &block->operators[i])))
                    steps[k] = n + 1;
    *out = steps;
    return NS_OK;
}

/* Patterns in the order in which they are tried: those that look like the row first, then the nearest. */
typedef struct candidates {
    int count;
    ns_defect_match matches[MOST_TRIED];
    int cost[MOST_TRIED];
} candidates;

static void insert(candidates *c, const ns_defect_match *match, int cost)
{
    int at = c->count < MOST_TRIED ? c->count++ : MOST_TRIED;
    if (at == MOST_TRIED && c->cost[--at] <= cost)
        return;
    for (; at > 0 && c->cost[at - 1] > cost; at--) {
        c->matches[at] = c->matches[at - 1];
        c->cost[at] = c->cost[at - 1];
    }
    c->matches[at] = *match;
    c->cost[at] = cost;
}

static ns_code find(const ns_compile_reference *reference, ns_accelerator accelerator, const char *release,
                    const ns_diagnose_compile *row, ns_arena *arena, candidates *out, ns_error *error)
{
    ns_defect_match *matches = NULL;
    int count = 0, *steps = NULL;
    const int at = row->departs ? row->first_wrong.operator_index : -1;
    *out = (candidates){0};
    NS_TRY(ns_defects_find(reference->graph, ns_accelerator_family(accelerator), release, arena, &matches,
                           &count, error));
    if (count && at >= 0)
        NS_TRY(distances(reference->block, at, arena, &steps, error));
    for (int i = 0; i < count; i++)
        if (matches[i].block == reference->block)
            insert(out, &matches[i],
                   (steps ? steps[matches[i].op] : 0) + (looks_alike(&matches[i], row) ? 0 : REACH + 2));
    return NS_OK;
}

ns_code ns_compile_name_defect(const ns_compile_reference *reference, ns_accelerator accelerator,
                               const char *release, ns_diagnose_compile *row, ns_arena *arena,
                               ns_error *error)
{
    candidates c;
    if (!row->is_finding)
        return NS_OK;
    NS_TRY(find(reference, accelerator, release, row, arena, &c, error));
    const bool near = c.count && c.cost[0] % (REACH + 2) <= REACH;
    row->known_defect = near ? ns_defect_get_info(c.matches[0].defect)->id : NULL;
    return NS_OK;
}

/* ---- the proof ---- */

/* One way to break a pattern. */
typedef struct trial {
    ns_defect defect;
    const char *how;                     /* what was done, in words */
    const char *advice;                  /* the same as advice; NULL: none */
    ns_diagnose_compile_options options; /* with the graph that is compiled */
    ns_vela_request request;
} trial;

static bool is_output(const int *list, int count, int tensor)
{
    for (int i = 0; i < count; i++)
        if (list[i] == tensor)
            return true;
    return false;
}

static int producer_of(const ns_block *block, int tensor)
{
    for (int i = 0; i < block->operator_count; i++)
        for (int k = 0; k < block->operators[i].output_count; k++)
            if (block->operators[i].outputs[k] == tensor)
                return i;
    return -1;
}

/* Results before operator `op` that Vela then has to keep: its own is one too. */
static void inner_tensors(const ns_block *block, int op, int hops, int *outputs, int *count)
{
    for (int k = 0; hops > 0 && k < block->operators[op].input_count && k < 2; k++) {
        const int tensor = block->operators[op].inputs[k], producer = producer_of(block, tensor);
        const ns_dtype dtype = block->tensors[tensor].tensor.dtype;
        if (producer < 0 || block->operators[producer].op == NS_OP_CONST ||
            block->operators[producer].op == NS_OP_CONST_SHAPE)
            continue;
        const bool whole = dtype == NS_DTYPE_INT8 || dtype == NS_DTYPE_INT16 || dtype == NS_DTYPE_INT32;
        if (whole && *count < MOST_OUTPUTS && !is_output(outputs, *count, tensor))
            outputs[(*count)++] = tensor;
        inner_tensors(block, producer, hops - 1, outputs, count);
    }
}

/* The graph with the pattern's inner tensors as outputs behind its own; size 0: there are none. */
static ns_code open_pattern(const ns_compile_reference *reference, const ns_defect_match *match,
                            ns_arena *arena, trial *t, ns_error *error)
{
    const ns_block *block = reference->block;
    int inner[MOST_OUTPUTS], found = 0, count = block->output_count;
    int *outputs = NS_ARENA_ARRAY(arena, (size_t)count + MOST_OUTPUTS, int);
    ns_graph *copy = NULL;
    const void *data = NULL;
    if (!outputs)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a proof");
    memcpy(outputs, block->outputs, (size_t)count * sizeof *outputs);
    for (int k = 0; k < block->operators[match->op].output_count && found < 1; k++)
        inner[found++] = block->operators[match->op].outputs[k];
    inner_tensors(block, match->op, HOPS, inner, &found);
    for (int i = 0; i < found; i++)
        if (!is_output(outputs, count, inner[i]))
            outputs[count++] = inner[i];
    t->options.model_size = 0;
    if (count == block->output_count)
        return NS_OK;
    const char *name = ns_printable_copy(arena, block->tensors[outputs[block->output_count]].name);
    NS_TRY(ns_graph_write(reference->graph, arena, &data, &t->options.model_size, error));
    NS_TRY(ns_graph_read(data, t->options.model_size, &copy, error));
    ns_code code = ns_block_set_outputs(copy, &copy->regions[0].blocks[0], count, outputs, error);
    if (code == NS_OK)
        code = ns_graph_write(copy, arena, &t->options.model, &t->options.model_size, error);
    ns_graph_free(copy);
    t->how = ns_arena_format(arena, "right once '%s'%s an output too", name,
                             count - block->output_count > 1 ? " and what it is made of are" : " is");
    t->advice = ns_arena_format(arena, "'%s' as an output", name);
    return code != NS_OK                 ? code
           : name && t->how && t->advice ? NS_OK
                                         : ns_fail(error, NS_ERROR_MEMORY, "no memory for a proof");
}

/* The ways to break each candidate's pattern. */
static ns_code plan(const ns_diagnose_compile_options *options, const ns_compile_reference *reference,
                    const ns_compile_job *job, ns_arena *arena, trial *trials, int *count, ns_error *error)
{
    candidates c;
    *count = 0;
    NS_TRY(find(reference, job->accelerator, job->vela->version, job->row, arena, &c, error));
    for (int i = 0; i < c.count; i++) {
        const ns_defect_info *info = ns_defect_get_info(c.matches[i].defect);
        trial t = {.defect = c.matches[i].defect, .options = *options, .request = job->request};
        t.request.want_debug = false;
        if (info->options[0]) {
            t.how = ns_arena_format(arena, "right with %s", info->options);
            t.request.flags = ns_arena_format(arena, "%s %s", job->flags, info->options);
            if (!t.how || !t.request.flags)
                return ns_fail(error, NS_ERROR_MEMORY, "no memory for a proof");
            trials[(*count)++] = t;
        }
        t.request.flags = job->flags;
        NS_TRY(open_pattern(reference, &c.matches[i], arena, &t, error));
        t.request.graph = t.options.model;
        t.request.graph_size = t.options.model_size;
        if (t.options.model_size)
            trials[(*count)++] = t;
    }
    return NS_OK;
}

/* Is nothing wrong with the trial's stream? */
static ns_code is_right(const trial *t, ns_arena *arena, bool *right, ns_error *error)
{
    ns_compile_reference reference = {0};
    ns_diagnose_compile row = {0};
    *right = false;
    ns_code code = ns_compile_evaluate(&t->options, arena, &reference, error);
    if (code == NS_OK)
        code = ns_compile_judge(&t->options, &reference, &t->request, false, arena, &row, error);
    if (code == NS_OK)
        *right = strcmp(row.verdict, "right") == 0;
    ns_graph_free(reference.graph);
    return code;
}

/* Tries the candidates of one job; the first that is right proves its defect. */
static ns_code prove(const ns_diagnose_compile_options *options, const ns_compile_reference *reference,
                     const ns_compile_job *job, ns_arena *arena, trial *proof, bool *proved, ns_error *error)
{
    trial trials[2 * MOST_TRIED];
    ns_vela_request requests[2 * MOST_TRIED];
    int count = 0;
    *proved = false;
    NS_TRY(plan(options, reference, job, arena, trials, &count, error));
    for (int i = 0; i < count; i++)
        requests[i] = trials[i].request;
    if (count)
        NS_TRY(ns_vela_compile(job->vela, options->vela, requests, count, arena, error));
    for (int i = 0; i < count && !*proved; i++) {
        trials[i].request = requests[i];
        NS_TRY(is_right(&trials[i], arena, proved, error));
        if (*proved)
            *proof = trials[i];
    }
    return NS_OK;
}

ns_code ns_compile_prove(const ns_diagnose_compile_options *options, const ns_compile_reference *reference,
                         ns_compile_job *jobs, int count, ns_arena *arena, ns_error *error)
{
    for (int i = 0; i < count; i++) {
        bool first = jobs[i].row->is_finding, proved = false;
        trial proof;
        for (int k = 0; k < i; k++)
            first = first && !(jobs[k].row->is_finding && ns_compile_same_kind(&jobs[k], &jobs[i]));
        if (first)
            NS_TRY(prove(options, reference, &jobs[i], arena, &proof, &proved, error));
        for (int k = i; proved && k < count; k++) {
            if (!jobs[k].row->is_finding || !ns_compile_same_kind(&jobs[k], &jobs[i]))
                continue;
            jobs[k].row->known_defect = ns_defect_get_info(proof.defect)->id;
            jobs[k].row->proof = proof.how;
            if (proof.advice && k == i)
                NS_TRY(ns_compile_add_advice(jobs[k].row, proof.advice, arena, error));
        }
    }
    return NS_OK;
}
