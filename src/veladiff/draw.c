/* Random integers for a graph's inputs, such that the graph defines the result and shows what it computes:
 * sets that saturate every clamp say nothing about what lies before it. */
#include <string.h>

#include "veladiff/internal.h"

#define DRAWS 64       /* of sets, at most */
#define IDLE_DRAWS 8   /* that bring nothing new, in a row, behind the usual ones */
#define KEPT 8         /* drawn sets that are executed, at most */
#define INDEX_DRAWS 96 /* until no index lies beyond its rows */

typedef enum pattern {
    RANDOM, /* each element over the range */
    ROWS,   /* one value for each row of the last axis */
    ABOUT,  /* each row about a value of its own, by up to the range */
} pattern;

/* How a set is drawn: the type's range divided by 2 to the power of `eighths` of its bits. */
typedef struct draw {
    pattern pattern;
    int eighths;
} draw;

/* Sets that are always taken. */
static const draw usual[] = {{RANDOM, 0}, {RANDOM, 2}, {RANDOM, 4}, {ROWS, 0}, {ROWS, 3}, {ABOUT, 4}};
enum { USUAL = sizeof usual / sizeof usual[0] };

typedef struct drawing {
    const ns_graph *graph;
    const ns_block *block;
    const ns_eval_options *options;
    ns_random *random;
    ns_arena *arena;   /* what stays */
    ns_arena *scratch; /* what one draw takes */
    ns_diff_subject *subject;
    int64_t limit; /* integers of more than 16 bits are from 0 up to this; 0: none */
    /* Outputs that an input has changed, and each output's elements that any has. */
    bool pairs[NS_DIFF_TENSORS][NS_DIFF_TENSORS];
    uint8_t *moved[NS_DIFF_TENSORS];
} drawing;

static ns_code no_memory(ns_error *error)
{
    return ns_fail(error, NS_ERROR_MEMORY, "no memory for drawn inputs");
}

/* The smallest number of rows that the graph's GATHERs and SCATTERs choose from; 0: it has none. */
static int64_t index_limit(const ns_block *block)
{
    int64_t limit = 0;
    for (int i = 0; i < block->operator_count; i++) {
        const ns_operator *node = &block->operators[i];
        if (node->op != NS_OP_GATHER && node->op != NS_OP_SCATTER)
            continue;
        const int64_t rows = block->tensors[node->inputs[0]].tensor.shape[1];
        limit = limit && limit < rows ? limit : rows;
    }
    return limit;
}

static int64_t clamp(int64_t value, int64_t low, int64_t high)
{
    return value < low ? low : value > high ? high : value;
}

/* Elements of an integer type. Of wide ones 21 bits, so that sums of products stay defined. */
static void draw_integers(drawing *d, const draw *how, ns_tensor *out)
{
    const int bits = ns_dtype_bits(out->dtype);
    const bool wide = bits > 16;
    const int64_t low = wide ? -(1 << 20) : ns_dtype_min(out->dtype);
    const int64_t high = wide ? 1 << 20 : ns_dtype_max(out->dtype);
    const int shift = (wide ? 21 : bits) * how->eighths / 8;
    const int64_t row = out->rank ? out->shape[out->rank - 1] : 1;
    const bool about = how->pattern == ABOUT, rows = how->pattern == ROWS;
    int64_t value = 0;
    for (size_t i = 0; i < ns_tensor_count(out); i++) {
        const bool begins = row <= 1 || (int64_t)i % row == 0;
        if (about && begins)
            value = ns_random_range(d->random, low, high);
        if (!about && (!rows || begins))
            value = ns_random_range(d->random, low >> shift, high >> shift);
        const int64_t apart = about ? ns_random_range(d->random, low >> shift, high >> shift) : 0;
        ns_tensor_set(out, i, clamp(value + apart, low, high));
    }
}

static ns_code draw_input(drawing *d, const draw *how, int input, ns_arena *arena, ns_tensor *out,
                          ns_error *error)
{
    const ns_tensor *declared = &d->block->tensors[d->block->inputs[input]].tensor;
    const bool is_bool = declared->dtype == NS_DTYPE_BOOL;
    if (!ns_dtype_is_integer(declared->dtype) && !is_bool)
        return ns_fail(error, NS_ERROR_UNSUPPORTED, "an input is %s; the NPU takes integers",
                       ns_dtype_text(declared->dtype));
    NS_TRY(ns_tensor_new(arena, declared->dtype, declared->rank, declared->shape, out, error));
    const bool index = d->limit && !is_bool && ns_dtype_bits(declared->dtype) > 16;
    if (!is_bool && !index) {
        draw_integers(d, how, out);
        return NS_OK;
    }
    for (size_t i = 0; i < ns_tensor_count(out); i++)
        ns_tensor_set(out, i, ns_random_range(d->random, 0, is_bool ? 1 : d->limit - 1));
    return NS_OK;
}

static ns_code draw_inputs(drawing *d, const draw *how, ns_arena *arena, ns_tensor *inputs, ns_error *error)
{
    for (int i = 0; i < d->block->input_count; i++)
        NS_TRY(draw_input(d, how, i, arena, &inputs[i], error));
    return NS_OK;
}

static ns_code evaluate(const drawing *d, const ns_tensor *inputs, ns_tensor *outputs, ns_error *error)
{
    return ns_eval(d->graph, d->options, inputs, d->block->input_count, d->scratch, outputs, error);
}

/* What the whole range leaves open may be an index. Then two rows that a SCATTER writes may be one, and an
 * index may be a sum of multiples of inputs: smaller and smaller ones. `d->limit` stays for later draws. */
static ns_code find_limit(drawing *d, ns_tensor *inputs, ns_tensor *outputs, ns_error *error)
{
    const int64_t rows = index_limit(d->block), least = rows < 2 ? rows : 2;
    ns_code code = NS_ERROR_UNPREDICTABLE;
    for (int k = 0; rows && code == NS_ERROR_UNPREDICTABLE && k < INDEX_DRAWS; k++) {
        const int64_t fewer = rows >> k / 8;
        d->limit = fewer > least ? fewer : least;
        NS_TRY(draw_inputs(d, &usual[0], d->scratch, inputs, error));
        code = evaluate(d, inputs, outputs, error);
    }
    if (code != NS_OK)
        d->limit = 0;
    return code;
}

/* Marks what differs between two results of the graph; tells whether any of it is new. */
static bool mark(drawing *d, int input, const ns_tensor *a, const ns_tensor *b)
{
    bool gains = false;
    for (int o = 0; o < d->block->output_count; o++)
        for (size_t i = 0; i < ns_tensor_count(&a[o]); i++) {
            if (ns_tensor_get(&a[o], i) == ns_tensor_get(&b[o], i))
                continue;
            gains = gains || !d->pairs[o][input] || !d->moved[o][i];
            d->pairs[o][input] = true;
            d->moved[o][i] = 1;
        }
    return gains;
}

/* Draws each input that is read anew, the others as they are: *gains where an output changes in an element
 * that none has changed, or with an input that has not changed it. */
static ns_code probe(drawing *d, const draw *how, const ns_tensor *inputs, const ns_tensor *outputs,
                     bool *gains, ns_error *error)
{
    ns_tensor changed[NS_DIFF_TENSORS], results[NS_DIFF_TENSORS];
    *gains = false;
    for (int i = 0; i < d->block->input_count; i++) {
        ns_error problem = {0};
        if (!d->subject->read[i])
            continue;
        memcpy(changed, inputs, sizeof changed);
        NS_TRY(draw_input(d, how, i, d->scratch, &changed[i], error));
        const ns_code code = evaluate(d, changed, results, &problem);
        if (ns_code_ends_run(code))
            return ns_fail(error, code, "%s", problem.message);
        if (code == NS_OK && mark(d, i, outputs, results))
            *gains = true;
    }
    return NS_OK;
}

static bool is_done(const drawing *d)
{
    for (int o = 0; o < d->block->output_count; o++) {
        for (int i = 0; i < d->block->input_count; i++)
            if (d->subject->read[i] && !d->pairs[o][i])
                return false;
        const ns_tensor *declared = &d->block->tensors[d->block->outputs[o]].tensor;
        if (memchr(d->moved[o], 0, ns_tensor_count(declared)))
            return false;
    }
    return true;
}

static ns_code copy(drawing *d, int count, const ns_tensor *from, ns_tensor **out, ns_error *error)
{
    *out = NS_ARENA_ARRAY(d->arena, NS_DIFF_TENSORS, ns_tensor);
    if (!*out)
        return no_memory(error);
    for (int i = 0; i < count; i++) {
        NS_TRY(ns_tensor_new(d->arena, from[i].dtype, from[i].rank, from[i].shape, &(*out)[i], error));
        memcpy((*out)[i].data, from[i].data,
               ns_tensor_count(&from[i]) * (size_t)ns_dtype_bytes(from[i].dtype));
    }
    return NS_OK;
}

static ns_code keep(drawing *d, const ns_tensor *inputs, const ns_tensor *outputs, ns_error *error)
{
    ns_diff_subject *s = d->subject;
    ns_diff_set *set = &s->sets[s->set_count++];
    NS_TRY(copy(d, d->block->input_count, inputs, &set->inputs, error));
    return outputs ? copy(d, d->block->output_count, outputs, &set->evaluated, error) : NS_OK;
}

/* Draws set `index`, and keeps it where it belongs to the usual ones or shows something new. *code is what
 * eval said. */
static ns_code draw_set(drawing *d, int index, bool *gains, ns_code *code, ns_error *problem, ns_error *error)
{
    ns_tensor inputs[NS_DIFF_TENSORS] = {0}, outputs[NS_DIFF_TENSORS] = {0};
    draw how = usual[index % USUAL];
    if (index >= USUAL)
        how =
            (draw){(pattern)ns_random_range(d->random, RANDOM, ABOUT), (int)ns_random_range(d->random, 0, 6)};
    ns_arena_reset(d->scratch);
    *gains = false;
    NS_TRY(draw_inputs(d, &how, d->scratch, inputs, error));
    *code = evaluate(d, inputs, outputs, problem);
    if (*code == NS_ERROR_UNPREDICTABLE && index == 0)
        *code = find_limit(d, inputs, outputs, problem);
    if (ns_code_ends_run(*code))
        return ns_fail(error, *code, "%s", problem->message);
    if (*code != NS_OK)
        return NS_OK;
    NS_TRY(probe(d, &how, inputs, outputs, gains, error));
    return index < USUAL || *gains ? keep(d, inputs, outputs, error) : NS_OK;
}

static ns_code new_marks(drawing *d, ns_error *error)
{
    for (int o = 0; o < d->block->output_count; o++) {
        const ns_tensor *declared = &d->block->tensors[d->block->outputs[o]].tensor;
        d->moved[o] = NS_ARENA_ARRAY(d->arena, ns_tensor_count(declared), uint8_t);
        if (!d->moved[o])
            return no_memory(error);
    }
    return NS_OK;
}

static size_t count_unmoved(const drawing *d)
{
    size_t count = 0;
    for (int o = 0; o < d->block->output_count; o++)
        for (size_t i = 0; i < ns_tensor_count(&d->block->tensors[d->block->outputs[o]].tensor); i++)
            count += !d->moved[o][i];
    return count;
}

static ns_code draw_sets(drawing *d, ns_error *error)
{
    ns_error first = {0};
    ns_code code = NS_OK;
    const int before = d->subject->set_count;
    for (int i = 0, idle = 0; i < DRAWS && idle < IDLE_DRAWS; i++) {
        ns_error problem = {0};
        bool gains;
        if (i >= USUAL && (is_done(d) || d->subject->set_count - before >= KEPT))
            break;
        NS_TRY(draw_set(d, i, &gains, &code, &problem, error));
        if (code != NS_OK && !first.message[0])
            first = problem;
        idle = gains || i < USUAL ? 0 : idle + 1;
    }
    if (d->subject->set_count > before || before > 0)
        return NS_OK;
    return ns_fail(error, code == NS_OK ? NS_ERROR_INPUT : code, "%s", first.message);
}

/* What Vela makes of a graph without a result can still be executed. */
static ns_code keep_unevaluated(drawing *d, ns_error *error)
{
    ns_tensor inputs[NS_DIFF_TENSORS] = {0};
    NS_TRY(draw_inputs(d, &usual[0], d->scratch, inputs, error));
    return keep(d, inputs, NULL, error);
}

static ns_code draw_valid(drawing *d, ns_error *error)
{
    NS_TRY(ns_graph_validate(d->graph, error));
    NS_TRY(new_marks(d, error));
    NS_TRY(draw_sets(d, error));
    d->subject->result->unmoved = count_unmoved(d);
    return NS_OK;
}

/* Room for the sets there are and those to come. */
static ns_code make_room(drawing *d, ns_error *error)
{
    ns_diff_subject *s = d->subject;
    ns_diff_set *sets = NS_ARENA_ARRAY(d->arena, (size_t)s->set_count + KEPT + 1, ns_diff_set);
    if (!sets)
        return no_memory(error);
    if (s->set_count)
        memcpy(sets, s->sets, (size_t)s->set_count * sizeof *sets);
    s->sets = sets;
    return NS_OK;
}

ns_code ns_diff_draw(const ns_graph *graph, const ns_eval_options *options, ns_random *random,
                     ns_arena *arena, ns_diff_subject *subject, ns_error *error)
{
    drawing d = {.graph = graph,
                 .block = &graph->regions[0].blocks[0],
                 .options = options,
                 .random = random,
                 .arena = arena,
                 .subject = subject};
    NS_TRY(make_room(&d, error));
    d.scratch = ns_arena_new_within(ns_arena_budget(arena));
    if (!d.scratch)
        return no_memory(error);
    ns_code code = draw_valid(&d, error);
    if (code != NS_OK && !ns_code_ends_run(code) && subject->set_count == 0 &&
        ns_code_ends_run(keep_unevaluated(&d, NULL)))
        code = no_memory(error);
    ns_arena_free(d.scratch);
    return code;
}
