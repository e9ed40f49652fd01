#include "npuscope/vela_diff.h"

#include <string.h>

#include "stage/interface.h"
#include "veladiff/internal.h"

static ns_code no_memory(ns_error *error)
{
    return ns_fail(error, NS_ERROR_MEMORY, "no memory for the comparison");
}

const char *ns_vela_diff_status_text(ns_vela_diff_status status)
{
    static const char *const texts[] = {"right", "wrong", "unchecked", "refused", "failed"};
    return (unsigned)status < sizeof texts / sizeof texts[0] ? texts[status] : "?";
}

/* ---- counting ---- */

static size_t output_elements(int count, const ns_tensor *tensors)
{
    size_t elements = 0;
    for (int o = 0; o < count; o++)
        elements += ns_tensor_count(&tensors[o]);
    return elements;
}

/* Of one set: *tensors is NULL where there is nothing to compare. */
typedef const ns_tensor *values(const ns_diff_subject *s, int side, int set);

static const ns_tensor *evaluated(const ns_diff_subject *s, int side, int set)
{
    (void)side;
    return s->sets[set].evaluated;
}

static const ns_tensor *executed(const ns_diff_subject *s, int side, int set)
{
    return s->outputs[side][set];
}

/* The first set with which element `i` of output `o` differs; -1: none. Shapes that differ, differ. */
static int first_difference(const ns_diff_subject *s, int o, size_t i, values *a_of, int a_side, int b_side)
{
    for (int set = 0; set < s->set_count; set++) {
        const ns_tensor *a = a_of(s, a_side, set), *b = executed(s, b_side, set);
        if (a && (i >= ns_tensor_count(&b[o]) || ns_tensor_get(&a[o], i) != ns_tensor_get(&b[o], i)))
            return set;
    }
    return -1;
}

/* Elements that differ with one of the sets. */
static size_t differences(const ns_diff_subject *s, values *a_of, int a_side, int b_side)
{
    size_t different = 0;
    const ns_tensor *shapes = executed(s, b_side, 0);
    for (int set = 0; set < s->set_count; set++)
        if (a_of(s, a_side, set))
            shapes = a_of(s, a_side, set);
    for (int o = 0; o < s->output_count; o++)
        for (size_t i = 0; i < ns_tensor_count(&shapes[o]); i++)
            different += first_difference(s, o, i, a_of, a_side, b_side) >= 0;
    return different;
}

static bool all_zero(const ns_diff_subject *s, int side)
{
    for (int set = 0; set < s->set_count; set++)
        for (int o = 0; o < s->output_count; o++)
            for (size_t i = 0; i < ns_tensor_count(&s->outputs[side][set][o]); i++)
                if (ns_tensor_get(&s->outputs[side][set][o], i) != 0)
                    return false;
    return true;
}

static bool is_evaluated(const ns_diff_subject *s)
{
    for (int set = 0; set < s->set_count; set++)
        if (s->sets[set].evaluated)
            return true;
    return false;
}

/* ---- one side ---- */

/* Known defects of the side's release that the graph meets. */
static ns_code find_defects(const ns_diff *d, const ns_vela_request *request, ns_vela_diff_side *side,
                            const char *release, ns_error *error)
{
    ns_graph *graph = NULL;
    ns_error failure = {0};
    if (!request->graph || ns_graph_read_within(ns_arena_budget(d->arena), request->graph,
                                                request->graph_size, &graph, &failure) != NS_OK)
        return ns_code_ends_run(failure.code) ? ns_fail(error, failure.code, "%s", failure.message) : NS_OK;
    const ns_code code = ns_defects_met(graph, ns_accelerator_family(request->accelerator), release, d->arena,
                                        &side->defects, &side->defect_count, error);
    ns_graph_free(graph);
    return code;
}

static const char *keep_text(const ns_diff *d, const char *text, bool *short_of)
{
    const char *kept = text ? ns_arena_string(d->arena, text) : NULL;
    *short_of |= text && !kept;
    return kept;
}

/* The stream on one set of inputs: what it takes goes, what comes out stays. */
static ns_code execute_set(const ns_diff *d, const ns_diff_subject *s, const ns_stage_execution *execution,
                           ns_arena *scratch, ns_tensor *outputs, ns_npu_statistics *statistics,
                           ns_error *error)
{
    bool short_of = false;
    NS_TRY(ns_stage_execute(execution, scratch, outputs, statistics, error));
    for (int o = 0; o < s->output_count; o++) {
        outputs[o].data =
            ns_arena_copy(d->arena, outputs[o].data,
                          ns_tensor_count(&outputs[o]) * (size_t)ns_dtype_bytes(outputs[o].dtype));
        short_of |= !outputs[o].data;
    }
    statistics->chip_rule = keep_text(d, statistics->chip_rule, &short_of);
    statistics->sign = keep_text(d, statistics->sign, &short_of);
    statistics->possible_sign = keep_text(d, statistics->possible_sign, &short_of);
    return short_of ? no_memory(error) : NS_OK;
}

/* The stream on each set of inputs. */
static ns_code execute(const ns_diff *d, const ns_diff_subject *s, const ns_vela_request *request,
                       ns_tensor **outputs, ns_vela_diff_side *result, ns_error *error)
{
    for (int set = 0; set < s->set_count; set++) {
        ns_arena *scratch = ns_arena_new_within(ns_arena_budget(d->arena));
        outputs[set] = NS_ARENA_ARRAY(d->arena, NS_DIFF_TENSORS, ns_tensor);
        const ns_stage_execution execution = {.request = request,
                                              .cpu_mask = d->options->suite->cpu_mask,
                                              .check = set == 0, /* books of bytes: the same for each */
                                              .input_count = s->input_count,
                                              .output_count = s->output_count,
                                              .inputs = s->sets[set].inputs,
                                              .read = s->read};
        ns_npu_statistics statistics = {0};
        const ns_code code = scratch && outputs[set]
                                 ? execute_set(d, s, &execution, scratch, outputs[set], &statistics, error)
                                 : no_memory(error);
        ns_arena_free(scratch);
        NS_TRY(code);
        result->chip_rule = result->chip_rule ? result->chip_rule : statistics.chip_rule;
        if (set == 0)
            result->sign = statistics.sign ? statistics.sign : statistics.possible_sign;
    }
    return NS_OK;
}

static ns_code run_side(ns_diff *d, ns_diff_subject *s, int side, const ns_vela_request *request,
                        ns_error *error)
{
    ns_vela_diff_side *result = &s->result->sides[side];
    ns_error problem = {0};
    result->status = request->outcome == NS_VELA_REFUSED ? NS_VELA_DIFF_REFUSED : NS_VELA_DIFF_FAILED;
    result->reason = request->graph ? request->reason : s->result->eval_reason;
    NS_TRY(find_defects(d, request, result, d->result->compilers[side].vela.version, error));
    if (request->outcome != NS_VELA_COMPILED)
        return NS_OK;
    ns_tensor **outputs = NS_ARENA_ARRAY(d->arena, (size_t)s->set_count, ns_tensor *);
    if (!outputs)
        return no_memory(error);
    const ns_code code = s->set_count ? execute(d, s, request, outputs, result, &problem)
                                      : ns_fail(&problem, NS_ERROR_INPUT, "%s", s->result->eval_reason);
    if (ns_code_ends_run(code))
        return ns_fail(error, code, "%s", problem.message);
    if (code != NS_OK) {
        result->reason = ns_arena_string(d->arena, problem.message);
        return result->reason ? NS_OK : no_memory(error);
    }
    s->outputs[side] = outputs;
    result->status = NS_VELA_DIFF_UNCHECKED;
    if (!is_evaluated(s))
        return NS_OK;
    result->wrong = differences(s, evaluated, 0, side);
    result->status = result->wrong ? NS_VELA_DIFF_WRONG : NS_VELA_DIFF_RIGHT;
    result->all_zero = result->wrong && all_zero(s, side);
    return NS_OK;
}

/* ---- sides against each other ---- */

/* A side that does not say, or says it of fewer elements, is better than a wrong one. */
static bool is_worse(const ns_vela_diff_side *before, const ns_vela_diff_side *now)
{
    const bool ran = before->status != NS_VELA_DIFF_REFUSED && before->status != NS_VELA_DIFF_FAILED;
    switch (now->status) {
    case NS_VELA_DIFF_WRONG:
        return before->status != NS_VELA_DIFF_WRONG || before->wrong < now->wrong;
    case NS_VELA_DIFF_REFUSED:
        return before->status == NS_VELA_DIFF_RIGHT;
    case NS_VELA_DIFF_FAILED:
        return ran && before->status != NS_VELA_DIFF_WRONG;
    default:
        return false;
    }
}

/* Fills in the first changes of a graph, between the first and the last side that ran. */
static ns_code list_changes(const ns_diff *d, const ns_diff_subject *s, ns_error *error)
{
    ns_vela_diff_graph *graph = s->result;
    const int first = graph->first, last = graph->last;
    const size_t room = graph->changed < NS_VELA_DIFF_CHANGES ? graph->changed : NS_VELA_DIFF_CHANGES;
    graph->evaluated = is_evaluated(s);
    graph->changes = NS_ARENA_ARRAY(d->arena, room, ns_vela_diff_change);
    if (!graph->changes)
        return no_memory(error);
    for (int o = 0; o < s->output_count; o++) {
        const size_t elements = ns_tensor_count(&s->outputs[first][0][o]);
        if (elements != ns_tensor_count(&s->outputs[last][0][o]))
            continue;
        for (size_t i = 0; i < elements && graph->change_count < room; i++) {
            const int set = first_difference(s, o, i, executed, first, last);
            if (set < 0)
                continue;
            const ns_tensor *eval = s->sets[set].evaluated;
            graph->changes[graph->change_count++] =
                (ns_vela_diff_change){o, i, ns_tensor_get(&s->outputs[first][set][o], i),
                                      ns_tensor_get(&s->outputs[last][set][o], i),
                                      eval && i < ns_tensor_count(&eval[o]) ? ns_tensor_get(&eval[o], i) : 0};
        }
    }
    return NS_OK;
}

static bool same_bytes(const ns_vela_request *a, const ns_vela_request *b)
{
    return a->npz_size == b->npz_size && memcmp(a->npz, b->npz, a->npz_size) == 0;
}

/* Each side with the one before it. `requests` are those of subject `index` of each side. */
static void compare_neighbours(ns_diff *d, ns_diff_subject *s, ns_vela_request *const *requests, int index)
{
    for (int side = 1; side < d->result->side_count; side++) {
        ns_vela_diff_side *now = &s->result->sides[side];
        now->worse = is_worse(now - 1, now);
        d->result->worse[side] += now->worse;
        if (!s->outputs[side - 1] || !s->outputs[side])
            continue;
        now->changed = differences(s, executed, side - 1, side);
        now->streams_differ = !same_bytes(&requests[side - 1][index], &requests[side][index]);
    }
}

/* The first and the last side that ran; false: fewer than two. */
static bool find_ends(const ns_diff_subject *s, int side_count, int *first, int *last)
{
    *first = *last = 0;
    while (*first < side_count && !s->outputs[*first])
        ++*first;
    for (int side = *first; side < side_count; side++)
        *last = s->outputs[side] ? side : *last;
    return *first < *last;
}

static ns_code compare(ns_diff *d, int index, ns_vela_request *const *requests, ns_error *error)
{
    ns_vela_diff_result *result = d->result;
    ns_diff_subject *s = &d->subjects[index];
    ns_vela_diff_graph *graph = s->result;
    for (int side = 0; side < result->side_count; side++)
        result->statuses[side][graph->sides[side].status]++;
    graph->set_count = s->set_count;
    compare_neighbours(d, s, requests, index);
    graph->compared = find_ends(s, result->side_count, &graph->first, &graph->last);
    if (!graph->compared)
        return NS_OK;
    const int first = graph->first, last = graph->last;
    graph->elements = output_elements(s->output_count, s->outputs[first][0]);
    graph->streams_differ = !same_bytes(&requests[first][index], &requests[last][index]);
    graph->changed = differences(s, executed, first, last);
    result->compared++;
    result->streams_differ += graph->streams_differ;
    result->changed_graphs += graph->changed > 0;
    result->elements += graph->elements;
    result->changed += graph->changed;
    return list_changes(d, s, error);
}

/* Compiles what has a graph; the others' requests stay NS_VELA_NOT_RUN. */
static ns_code compile(const ns_diff *d, const ns_vela_diff_compiler *compiler, ns_vela_request *requests,
                       ns_error *error)
{
    ns_vela_request *graphs = NS_ARENA_ARRAY(d->arena, (size_t)d->count, ns_vela_request);
    int count = 0, next = 0;
    if (!graphs)
        return no_memory(error);
    for (int i = 0; i < d->count; i++) {
        requests[i] = d->subjects[i].request;
        requests[i].flags = compiler->flags;
        if (requests[i].graph)
            graphs[count++] = requests[i];
    }
    if (count > 0)
        NS_TRY(ns_vela_compile(&compiler->vela, d->options->vela, graphs, count, d->arena, error));
    for (int i = 0; i < d->count; i++)
        if (requests[i].graph)
            requests[i] = graphs[next++];
    return NS_OK;
}

ns_code ns_vela_diff(const ns_vela_diff_options *given, int side_count,
                     const ns_vela_diff_compiler *compilers, ns_arena *arena, ns_vela_diff_result *result,
                     ns_error *error)
{
    ns_vela_diff_options taken;
    const ns_vela_diff_options *options = &taken;
    NS_TRY(NS_OPTIONS_TAKE(&taken, given, error));
    if (side_count < 2 || side_count > NS_VELA_DIFF_SIDES)
        return ns_fail(error, NS_ERROR_USAGE, "%d compilations; from 2 to %d are compared", side_count,
                       NS_VELA_DIFF_SIDES);
    *result = (ns_vela_diff_result){.side_count = side_count, .seed = options->suite->seed};
    memcpy(result->compilers, compilers, (size_t)side_count * sizeof *compilers);
    ns_diff d = {.options = options, .result = result, .arena = arena};
    NS_TRY(ns_diff_take(&d, error));
    result->count = d.count;
    if (d.count == 0 && options->suite->shards <= 1)
        return ns_fail(error, NS_ERROR_USAGE, "no graph is left to compile: ExecuTorch keeps all %d off",
                       result->kept_off);
    ns_vela_request *requests[NS_VELA_DIFF_SIDES];
    for (int side = 0; side < side_count; side++) {
        requests[side] = NS_ARENA_ARRAY(arena, (size_t)d.count, ns_vela_request);
        if (!requests[side])
            return no_memory(error);
        NS_TRY(compile(&d, &compilers[side], requests[side], error));
        for (int i = 0; i < d.count; i++)
            NS_TRY(run_side(&d, &d.subjects[i], side, &requests[side][i], error));
    }
    for (int i = 0; i < d.count; i++)
        NS_TRY(compare(&d, i, requests, error));
    return NS_OK;
}
