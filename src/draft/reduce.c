#include "draft/interface.h"

#include <string.h>
#include <time.h>

#include "draft/edit.h"

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* What is to become smaller, most important first. */
typedef struct cost {
    int64_t parts[3]; /* operators; elements; oddities */
} cost;

static bool less(const cost *a, const cost *b)
{
    for (int i = 0; i < 3; i++)
        if (a->parts[i] != b->parts[i])
            return a->parts[i] < b->parts[i];
    return false;
}

static int64_t list_cost(const ns_int_list *list, int32_t usual)
{
    int64_t sum = 0;
    for (int i = 0; i < list->count; i++)
        sum += list->values[i] > usual ? list->values[i] - usual : usual - list->values[i];
    return sum;
}

/* How far a constant is from plain: values that are not 0 and not powers of two. */
static int64_t value_cost(const ns_tensor *t)
{
    int64_t sum = 0;
    const size_t count = ns_tensor_count(t);
    for (size_t i = 0; i < count && i < 4096; i++) {
        const int64_t v = ns_tensor_get(t, i), a = v < 0 ? -v : v;
        sum += (v != 0) + ((a & (a - 1)) != 0);
    }
    return sum;
}

/* The size of dims that a person would choose for an example. */
static int64_t ordinary_cost(const ns_tensor *t)
{
    int64_t sum = 0;
    for (int i = 0; i < t->rank; i++)
        sum += t->shape[i] > 16                      ? t->shape[i] - 16
               : t->shape[i] < 4 && t->rank - i <= 3 ? 4 - t->shape[i]
                                                     : 0;
    return sum;
}

static cost cost_of(const ns_draft *d, bool ordinary)
{
    cost c = {{ns_draft_operators(d), 0, 0}};
    for (int i = 0; i < d->count; i++) {
        const ns_draft_node *n = &d->nodes[i];
        if (n->value.dtype != NS_DTYPE_SHAPE)
            c.parts[1] += ordinary ? ordinary_cost(&n->value) : (int64_t)ns_tensor_count(&n->value);
        c.parts[2] += list_cost(&n->attributes.pad, 0) + list_cost(&n->attributes.out_pad, 0) +
                      list_cost(&n->attributes.stride, 1) + list_cost(&n->attributes.dilation, 1) +
                      (n->attributes.rounding_mode == NS_DOUBLE_ROUND) + n->attributes.per_channel;
        if (n->value.dtype != NS_DTYPE_SHAPE)
            c.parts[2] += n->value.rank;
        if (n->kind == NS_DRAFT_INPUT)
            c.parts[2] += 2;
        if (n->kind == NS_DRAFT_CONST && !ordinary)
            c.parts[2] += value_cost(&n->value);
    }
    return c;
}

/* What a search holds on to. */
typedef struct state {
    ns_draft_reduction *r;
    ns_arena *kept, *trial; /* of the current draft, and of a candidate */
    ns_draft current;
    cost cost;
    const char *signature;
    double until;
} state;

static bool has_input(const ns_draft *d)
{
    for (int i = 0; i < d->count; i++)
        if (d->nodes[i].kind == NS_DRAFT_INPUT)
            return true;
    return false;
}

/* Outputs that are all alike prove nothing. */
static bool says_something(const ns_draft *d)
{
    for (int i = 0; i < d->output_count; i++) {
        const ns_tensor *t = ns_draft_value(d, d->outputs[i]);
        const size_t count = ns_tensor_count(t);
        for (size_t k = 1; k < count; k++)
            if (ns_tensor_get(t, k) != ns_tensor_get(t, 0))
                return true;
        if (count <= 2)
            return true;
    }
    return false;
}

static ns_code signature_of(state *s, const ns_draft *d, const char **signature, ns_error *error)
{
    ns_exhibit exhibit;
    *signature = NULL;
    NS_TRY(ns_exhibit_make(d, s->trial, &exhibit, error));
    const ns_code code = s->r->signature(s->r->context, &exhibit, s->trial, signature, error);
    ns_graph_free(exhibit.graph);
    return code;
}

/* A copy that shares nothing. */
static ns_code keep(const ns_draft *from, ns_arena *arena, ns_draft *to, ns_error *error)
{
    NS_TRY(ns_draft_copy(from, arena, to, error));
    for (int i = 0; i < to->count; i++) {
        ns_draft_node *n = &to->nodes[i];
        ns_int_list *lists[] = {&n->attributes.kernel,  &n->attributes.stride,   &n->attributes.pad,
                                &n->attributes.out_pad, &n->attributes.dilation, &n->attributes.perms};
        ns_byte_list *bytes[] = {&n->attributes.min_val, &n->attributes.max_val};
        for (size_t k = 0; k < sizeof lists / sizeof *lists; k++)
            lists[k]->values =
                ns_arena_copy(arena, lists[k]->values, (size_t)lists[k]->count * sizeof(int32_t));
        for (size_t k = 0; k < sizeof bytes / sizeof *bytes; k++)
            bytes[k]->values = ns_arena_copy(arena, bytes[k]->values, bytes[k]->count);
        n->name = n->name ? ns_arena_string(arena, n->name) : NULL;
        n->value.data = ns_arena_copy(arena, n->value.data,
                                      ns_tensor_count(&n->value) * (size_t)ns_dtype_bytes(n->value.dtype));
        if (!n->value.data)
            return ns_fail(error, NS_ERROR_MEMORY, "no memory for a reduced graph");
    }
    return NS_OK;
}

static ns_code accept(state *s, const ns_draft *candidate, const cost *c, ns_error *error)
{
    ns_arena *arena = ns_arena_new_like(s->trial);
    if (!arena)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a reduced graph");
    ns_draft kept;
    const ns_code code = keep(candidate, arena, &kept, error);
    if (code != NS_OK) {
        ns_arena_free(arena);
        return code;
    }
    ns_arena_free(s->kept);
    s->kept = arena;
    s->current = kept;
    s->cost = *c;
    return NS_OK;
}

/* Tries one candidate. Only the machine's failures are errors: a graph that does not come about is no
 * candidate. */
static ns_code try_candidate(state *s, ns_draft *edited, bool *taken, ns_error *error)
{
    ns_draft candidate;
    const char *signature = NULL;
    ns_error failure = {0};
    *taken = false;
    NS_TRY(ns_draft_clean(edited, s->trial, &candidate, error));
    if (!has_input(&candidate) || !ns_draft_operators(&candidate))
        return NS_OK;
    if (ns_edit_compute(&candidate, &failure) != NS_OK)
        return candidate.no_memory ? ns_fail(error, failure.code, "%s", failure.message) : NS_OK;
    if (!says_something(&candidate))
        return NS_OK;
    const cost c = cost_of(&candidate, s->r->ordinary);
    if (!less(&c, &s->cost))
        return NS_OK;
    s->r->trials++;
    const ns_code code = signature_of(s, &candidate, &signature, &failure);
    if (code == NS_ERROR_MEMORY || code == NS_ERROR_TOOL_MISSING || code == NS_ERROR_IO)
        return ns_fail(error, code, "%s", failure.message);
    if (code != NS_OK || !signature || strcmp(signature, s->signature) != 0)
        return NS_OK;
    *taken = true;
    return accept(s, &candidate, &c, error);
}

typedef bool (*edit_function)(ns_edit *edit, int number, bool *made);

/* All edits of one kind; after one is taken the next number goes on from there. */
static ns_code sweep(state *s, edit_function function, bool *changed, ns_error *error)
{
    bool more = true;
    for (int number = 0; more && now() < s->until; number++) {
        ns_draft edited;
        bool made = false, taken = false;
        ns_arena_reset(s->trial);
        NS_TRY(ns_draft_copy(&s->current, s->trial, &edited, error));
        ns_edit edit = {&s->current, &edited};
        more = function(&edit, number, &made);
        if (ns_arena_was_short(s->trial)) /* an edit that was not made is none */
            return ns_fail(error, NS_ERROR_MEMORY, "no memory to reduce with");
        if (more && made)
            NS_TRY(try_candidate(s, &edited, &taken, error));
        if (taken) {
            *changed = true;
            number -= number > 0; /* what followed has moved up */
        }
    }
    return NS_OK;
}

static ns_code reduce(state *s, ns_error *error)
{
    static const edit_function functions[] = {ns_edit_structure, ns_edit_shrink, ns_edit_simplify,
                                              ns_edit_rank};
    const int count = s->r->ordinary ? 1 : sizeof functions / sizeof *functions;
    for (bool changed = true; changed && now() < s->until;) {
        changed = false;
        for (int i = 0; i < count; i++) {
            bool again = true;
            while (again && now() < s->until) {
                again = false;
                NS_TRY(sweep(s, functions[i], &again, error));
                changed |= again;
            }
        }
    }
    return NS_OK;
}

/* Windows around the centre, the smallest first: of a large graph most is gone at once. */
static ns_code try_windows(state *s, ns_error *error)
{
    static const int reach[][2] = {{0, 0}, {1, 0}, {2, 0}, {4, 0}, {1, 1},   {2, 2},
                                   {4, 2}, {4, 4}, {8, 4}, {8, 8}, {16, 16}, {32, 32}};
    const int centre = ns_draft_find(&s->current, s->r->centre);
    bool whole = false, taken = false;
    for (size_t i = 0;
         centre >= 0 && !whole && !taken && i < sizeof reach / sizeof *reach && now() < s->until; i++) {
        ns_draft window;
        ns_arena_reset(s->trial);
        const ns_code code =
            ns_draft_window(&s->current, centre, reach[i][0], reach[i][1], s->trial, &window, &whole, NULL);
        if (code == NS_ERROR_MEMORY)
            return ns_fail(error, code, "no memory for a window");
        if (code == NS_OK && !whole)
            NS_TRY(try_candidate(s, &window, &taken, error));
    }
    return NS_OK;
}

ns_code ns_draft_reduce(ns_draft_reduction *r, const ns_draft *start, ns_arena *arena, ns_draft *out,
                        ns_error *error)
{
    const double begun = now();
    state s = {.r = r,
               .trial = ns_arena_new_like(arena),
               .until = begun + r->time_limit,
               .cost = cost_of(start, r->ordinary)};
    const char *signature = NULL;
    r->trials = 0;
    ns_code code = s.trial ? accept(&s, start, &s.cost, error)
                           : ns_fail(error, NS_ERROR_MEMORY, "no memory to reduce with");
    if (code == NS_OK)
        code = signature_of(&s, &s.current, &signature, error);
    if (code == NS_OK && !signature)
        code = ns_fail(error, NS_ERROR_INPUT, "the graph shows no finding to reduce");
    if (code == NS_OK && !(s.signature = ns_arena_string(arena, signature)))
        code = ns_fail(error, NS_ERROR_MEMORY, "no memory to reduce with");
    if (code == NS_OK)
        code = try_windows(&s, error);
    if (code == NS_OK)
        code = reduce(&s, error);
    if (code == NS_OK)
        code = keep(&s.current, arena, out, error);
    r->seconds = now() - begun;
    ns_arena_free(s.trial);
    ns_arena_free(s.kept);
    return code;
}
