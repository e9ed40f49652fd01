/* Campaign: graph after graph, each failure either known or reduced, signatures merged. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "npuscope/fuzz_vela.h"

#include "draft/interface.h"
#include "fuzzvela/internal.h"
#include "npu/watch/interface.h"

/* Reductions of failures that look alike before they are reduced: all of the first ones, then every eighth;
 * of those that a known defect names the first ones and every 64th, to see whether something else hides
 * behind it. */
enum {
    REDUCE_ALL = 40,
    REDUCE_EVERY = 8,
    ESCAPE_ALL = 8, /* as long as `reduce_known` does not say otherwise */
    ESCAPE_EVERY = 64,
    MAX_FINDINGS = 2048,
    MAX_YIELDS = 256,
    MAX_RAW = 1024,
    MODES = 1 << 18, /* a table of so many, of which half may be taken */
    PARENTS = 64,
    LANES = 2 /* graphs on their way at once */
};
#define HANG_SECONDS 30

typedef struct raw_signature {
    const char *text;
    uint64_t seen;
} raw_signature;

/* A graph that Vela compiles while that of the other lane is judged, with processes of Vela of its own. */
typedef struct lane {
    ns_judge judges[NS_FUZZ_VELA_RELEASES];
    ns_arena *arena; /* of the graph */
    bool taken;      /* a graph is on its way, and the following is its */
    uint64_t number;
    int release;
    ns_draft draft;
    ns_exhibit exhibit;
    ns_vela_job *jobs;
} lane;

typedef struct campaign {
    const ns_fuzz_options *options;
    ns_fuzz_result *result;
    ns_arena *arena; /* lives as long as the results */
    lane lanes[LANES];
    ns_arena *graph;  /* of the graph at hand: its lane's */
    ns_judge *judges; /* likewise */
    ns_fuzz_target targets[NS_FUZZ_VELA_TARGETS];
    raw_signature raw[MAX_RAW];
    int raw_count;
    uint64_t *modes;           /* an open hash of MODES; 0: free */
    bool reached;              /* the graph at hand reached a mode that was new */
    uint32_t parents[PARENTS]; /* the last graphs that did */
    uint64_t parent_count;
    double begun;
} campaign;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* ---- coverage ---- */

static void take_mode(void *context, uint64_t mode)
{
    campaign *c = context;
    mode += mode == 0;
    uint64_t at = mode % MODES;
    while (c->modes[at] && c->modes[at] != mode)
        at = (at + 1) % MODES;
    if (c->modes[at] || c->result->modes >= MODES / 2)
        return;
    c->modes[at] = mode;
    c->result->reached[c->result->modes++] = mode;
    c->reached = true;
}

static void watch_stream(void *context, ns_npu_stream *stream)
{
    (void)ns_npu_coverage_modes(stream, take_mode, context, NULL);
}

/* Graph `number` as it is, or steered: every second one with the emphasis of one of the last graphs that
 * reached new modes. */
static uint64_t steer(const campaign *c, uint64_t number)
{
    const uint64_t count = c->parent_count < PARENTS ? c->parent_count : PARENTS;
    if (!c->options->steer || number % 2 == 0 || !count || number > UINT32_MAX)
        return number;
    return NS_FUZZ_LIKE(number, c->parents[number / 2 % count]);
}

/* A graph with an emphasis of its own that reached new modes lends it to later ones. */
static void note_reach(campaign *c, uint64_t number)
{
    if (c->reached && number <= UINT32_MAX)
        c->parents[c->parent_count++ % PARENTS] = (uint32_t)number;
    c->reached = false;
}

/* ---- findings ---- */

static ns_fuzz_known *known_row(ns_fuzz_result *r, const char *id)
{
    for (int i = 0; i < r->known_count; i++)
        if (strcmp(ns_defect_get_info(r->known[i].defect)->id, id) == 0)
            return &r->known[i];
    for (ns_defect d = 0; d < NS_DEFECT_COUNT; d++)
        if (strcmp(ns_defect_get_info(d)->id, id) == 0) {
            r->known[r->known_count] = (ns_fuzz_known){.defect = d};
            return &r->known[r->known_count++];
        }
    return NULL;
}

static void count_known(campaign *c, const char *id, uint64_t number)
{
    ns_fuzz_known *row = known_row(c->result, id);
    if (row && row->graphs++ == 0)
        row->first_seen = number;
}

/* A row that is met where the stream is right says too much: how often is part of the result. */
static void count_right(campaign *c, const ns_exhibit *exhibit, ns_accelerator accelerator,
                        const char *version)
{
    ns_defect_match *matches = NULL;
    int count = 0;
    if (ns_defects_find(exhibit->graph, ns_accelerator_family(accelerator), version, c->graph, &matches,
                        &count, NULL) != NS_OK)
        return;
    for (int i = 0; i < count; i++)
        if (i == 0 || matches[i].defect != matches[i - 1].defect) {
            ns_fuzz_known *row = known_row(c->result, ns_defect_get_info(matches[i].defect)->id);
            if (row)
                row->right++;
        }
}

/* Whether a failure that looks like this is worth a reduction. */
static bool is_fresh(campaign *c, const char *signature, uint64_t all, uint64_t every)
{
    for (int i = 0; i < c->raw_count; i++)
        if (strcmp(c->raw[i].text, signature) == 0) {
            const uint64_t seen = c->raw[i].seen++;
            return seen < all || seen % every == 0;
        }
    if (c->raw_count < MAX_RAW) {
        const char *text = ns_arena_string(c->arena, signature);
        if (text)
            c->raw[c->raw_count++] = (raw_signature){text, 1};
    }
    return true;
}

static ns_fuzz_finding *find(ns_fuzz_result *r, const char *signature)
{
    for (int i = 0; i < r->finding_count; i++)
        if (strcmp(r->findings[i].signature, signature) == 0)
            return &r->findings[i];
    return NULL;
}

/* <folder>/<number> gets the minimal graph, and its folder `ordinary` the one with the dims of the search. */
static ns_code write_finding(campaign *c, ns_fuzz_finding *f, const ns_exhibit *exhibit,
                             const ns_draft *ordinary, ns_error *error)
{
    const char *folder = ns_arena_format(c->arena, "%s/%04d", c->options->folder, c->result->finding_count);
    const char *beside = folder ? ns_arena_format(c->arena, "%s/ordinary", folder) : NULL;
    if (!beside)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a file name");
    NS_TRY(ns_exhibit_write(exhibit, folder, c->graph, error));
    NS_TRY(ns_draft_write(ordinary, beside, c->graph, error));
    f->graph = ns_arena_format(c->arena, "%s/graph.tosa", folder);
    return NS_OK;
}

/* The reduced graph and its inputs live as long as the finding. */
static ns_code keep_graph(campaign *c, ns_fuzz_finding *f, const ns_exhibit *exhibit, ns_error *error)
{
    const size_t count = (size_t)exhibit->input_count;
    ns_tensor *inputs = ns_arena_copy(c->arena, exhibit->inputs, count * sizeof *inputs);
    f->file = ns_arena_copy(c->arena, exhibit->file, exhibit->file_size);
    f->file_size = exhibit->file_size;
    for (size_t i = 0; inputs && i < count; i++)
        inputs[i].data = ns_arena_copy(c->arena, inputs[i].data,
                                       ns_tensor_count(&inputs[i]) * (size_t)ns_dtype_bytes(inputs[i].dtype));
    for (size_t i = 0; inputs && i < count; i++)
        if (!inputs[i].data)
            inputs = NULL;
    f->inputs = inputs;
    return f->file && inputs ? NS_OK : ns_fail(error, NS_ERROR_MEMORY, "no memory for a finding");
}

/* Triage and files of a new finding. */
static ns_code add_finding(campaign *c, const ns_fuzz_finding *made, const ns_draft *reduced,
                           const ns_exhibit *exhibit, const ns_draft *ordinary, ns_error *error)
{
    ns_fuzz_result *r = c->result;
    if (r->finding_count == MAX_FINDINGS)
        return NS_OK;
    ns_fuzz_finding *f = &r->findings[r->finding_count];
    *f = *made;
    f->signature = ns_arena_string(c->arena, made->signature);
    f->operation = ns_arena_string(c->arena, made->operation);
    f->message = ns_arena_string(c->arena, made->message);
    if (!f->signature || !f->operation || !f->message)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a finding");
    NS_TRY(keep_graph(c, f, exhibit, error));
    const ns_triage_set set = {c->judges, c->options->velas, c->options->vela_count, ""};
    NS_TRY(ns_triage(&set, reduced, exhibit, c->arena, f, error));
    if (c->options->folder)
        NS_TRY(write_finding(c, f, exhibit, ordinary, error));
    r->finding_count++;
    return NS_OK;
}

/* Files a reduced failure under what it came to. */
static ns_code file_under(campaign *c, ns_judge *judge, const ns_draft *reduced, const ns_draft *ordinary,
                          ns_fuzz_finding made, ns_error *error)
{
    ns_exhibit exhibit;
    ns_judgement j;
    NS_TRY(ns_exhibit_make(reduced, c->graph, &exhibit, error));
    ns_code code = ns_judge_run(judge, &exhibit, c->graph, &j, error);
    const bool named =
        code == NS_OK && ns_judge_known(&exhibit, &j, judge->targets[0].accelerator, made.release, c->graph);
    if (code == NS_OK && ns_ruling_is_finding(j.ruling) && !named) {
        made.operation = ns_draft_words(reduced, c->graph);
        made.signature =
            ns_arena_format(c->graph, "%s | %s", ns_judge_signature(&j, NULL, c->graph), made.operation);
        made.kind = ns_ruling_text(j.ruling);
        made.message = j.message;
        made.wrong = j.wrong;
        made.elements = j.elements;
        made.largest = j.largest;
        made.input_count = exhibit.input_count;
        made.operators = ns_draft_operators(reduced);
        ns_fuzz_finding *old = made.signature ? find(c->result, made.signature) : NULL;
        if (old)
            old->count++;
        else if (made.signature)
            code = add_finding(c, &made, reduced, &exhibit, ordinary, error);
    }
    ns_graph_free(exhibit.graph);
    return code;
}

/* A graph that goes wrong. */
typedef struct failure {
    const ns_draft *draft;
    uint64_t number;
    int release, target;
    bool known; /* a known defect is met */
} failure;

/* Leaves operators out first, which gives the ordinary graph; from that the minimal one is made. */
static ns_code investigate(campaign *c, const failure *f, ns_error *error)
{
    ns_judge *judge = &c->judges[f->release];
    const char *version = c->options->velas[f->release].version;
    const double begun = now();
    ns_draft ordinary, reduced;
    ns_judge one = *judge;
    one.targets = &c->targets[f->target];
    one.target_count = 1;
    ns_judge_watch watch = {.judge = &one, .release = version, .escape = f->known, .arena = c->graph};
    ns_draft_reduction reduction = {.signature = ns_judge_watched,
                                    .context = &watch,
                                    .time_limit = c->options->reduce_seconds,
                                    .ordinary = true};
    NS_TRY(ns_draft_reduce(&reduction, f->draft, c->graph, &ordinary, error));
    const int trials = reduction.trials;
    reduction.ordinary = false;
    NS_TRY(ns_draft_reduce(&reduction, &ordinary, c->graph, &reduced, error));
    const ns_fuzz_finding made = {.target = ns_accelerator_text(c->targets[f->target].accelerator),
                                  .release = version,
                                  .avoided_by = "",
                                  .first_seen = f->number,
                                  .count = 1,
                                  .trials = trials + reduction.trials,
                                  .seconds = now() - begun};
    const ns_code code = file_under(c, &one, &reduced, &ordinary, made, error);
    judge->streams = one.streams;
    c->result->reducing += now() - begun;
    return code;
}

/* Reduces a failure where it is worth it. */
static ns_code reduce_failure(campaign *c, const failure *f, const char *raw, bool *reduced, ns_error *error)
{
    const uint64_t escapes = c->options->reduce_known ? c->options->reduce_known : ESCAPE_ALL;
    if (c->options->reduce_seconds <= 0 || !raw ||
        !is_fresh(c, raw, f->known ? escapes : REDUCE_ALL, f->known ? ESCAPE_EVERY : REDUCE_EVERY))
        return NS_OK;
    *reduced = true;
    const ns_code code = investigate(c, f, error);
    return code == NS_ERROR_INPUT ? NS_OK : code; /* INPUT: it did not go wrong a second time */
}

static ns_code look_at(campaign *c, int release, const ns_draft *draft, const ns_exhibit *exhibit,
                       const ns_judgement *judgements, uint64_t number, ns_error *error)
{
    const char *version = c->options->velas[release].version;
    bool failed = false, unnamed = false, reduced = false;
    const char *last = NULL;
    for (int i = 0; i < c->options->target_count; i++) {
        const ns_judgement *j = &judgements[i];
        const ns_accelerator accelerator = c->targets[i].accelerator;
        c->result->refused += j->ruling == NS_RULING_REFUSED;
        if (j->ruling == NS_RULING_RIGHT)
            count_right(c, exhibit, accelerator, version);
        if (!ns_ruling_is_finding(j->ruling))
            continue;
        failed = true;
        const char *known = ns_judge_known(exhibit, j, accelerator, version, c->graph);
        if (known && (!last || strcmp(last, known) != 0))
            count_known(c, known, number);
        last = known ? known : last;
        unnamed |= !known;
        const char *raw = ns_arena_format(c->graph, "%s %s %u", ns_judge_signature(j, known, c->graph),
                                          version, ns_accelerator_family(accelerator));
        if (!reduced && j->ruling != NS_RULING_HAZARD)
            NS_TRY(reduce_failure(c, &(failure){draft, number, release, i, known}, raw, &reduced, error));
    }
    if (ns_arena_was_short(c->graph)) /* a name is missing, or a count too low */
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a graph's findings");
    c->result->failing += failed;
    c->result->unnamed += unnamed;
    return NS_OK;
}

/* Makes a graph and hands it to Vela. */
static ns_code begin_graph(campaign *c, lane *l, uint64_t number, ns_error *error)
{
    ns_arena_reset(l->arena);
    l->number = number;
    l->release = (int)((uint32_t)number % (uint32_t)c->options->vela_count);
    l->draft = (ns_draft){.arena = l->arena};
    NS_TRY(ns_fuzz_generate(c->options->seed, number, &l->draft, error));
    if (ns_exhibit_make(&l->draft, l->arena, &l->exhibit, error) != NS_OK)
        return ns_add_context(error, "seed %llu, graph %llu", (unsigned long long)c->options->seed,
                              (unsigned long long)number);
    l->taken = true;
    return ns_judge_send(&l->judges[l->release], &l->exhibit, l->arena, &l->jobs, error);
}

static ns_code end_graph(campaign *c, lane *l, ns_error *error)
{
    ns_judgement judgements[NS_FUZZ_VELA_TARGETS];
    c->graph = l->arena;
    c->judges = l->judges;
    ns_code code =
        ns_judge_receive(&l->judges[l->release], &l->exhibit, l->jobs, l->arena, judgements, error);
    if (code == NS_OK)
        code = look_at(c, l->release, &l->draft, &l->exhibit, judgements, l->number, error);
    ns_graph_free(l->exhibit.graph);
    l->taken = false;
    note_reach(c, l->number);
    c->result->graphs++;
    return code;
}

/* Rows that a failing graph meets. */
static int causes(const ns_fuzz_result *r)
{
    int count = 0;
    for (int i = 0; i < r->known_count; i++)
        count += r->known[i].graphs > 0;
    return count;
}

/* A point of the yield curve at each power of 2^(1/2). */
static void note_yield(campaign *c)
{
    ns_fuzz_result *r = c->result;
    const uint64_t last = r->yield_count ? r->yields[r->yield_count - 1].graphs : 0;
    r->seconds = now() - c->begun;
    if ((r->graphs >= last + last / 4 + 64 || r->graphs == 1) && r->yield_count < MAX_YIELDS)
        r->yields[r->yield_count++] =
            (ns_fuzz_yield){r->graphs, r->finding_count, causes(r), r->modes, r->seconds};
    r->streams = r->starts = 0;
    for (int k = 0; k < LANES; k++)
        for (int i = 0; i < c->options->vela_count; i++) {
            r->streams += c->lanes[k].judges[i].streams;
            r->starts += (uint64_t)ns_vela_server_starts(c->lanes[k].judges[i].server);
        }
    if (c->options->progress)
        c->options->progress(c->options->context, r);
}

/* The next graph of this shard from number *at on; false where there is none. */
static bool next_number(const campaign *c, uint64_t *at)
{
    const ns_fuzz_options *o = c->options;
    if (o->time_limit > 0 && now() - c->begun > o->time_limit)
        return false;
    while (o->shards > 1 && *at % (uint64_t)o->shards != (uint64_t)o->shard)
        (*at)++;
    return *at < o->first + o->graphs;
}

/* Lane after lane: what the graph in it came to, then another graph. What a graph is depends on the graphs
 * that were judged before it was made, never on time. */
static ns_code search(campaign *c, ns_error *error)
{
    uint64_t next = c->options->first;
    for (int turn = 0, idle = 0; idle < LANES; turn++) {
        lane *l = &c->lanes[turn % LANES];
        if (l->taken) {
            NS_TRY(end_graph(c, l, error));
            note_yield(c);
        }
        if (next_number(c, &next)) {
            NS_TRY(begin_graph(c, l, steer(c, next++), error));
            idle = 0;
        } else {
            idle++;
        }
    }
    return NS_OK;
}

static ns_code prepare_lane(campaign *c, lane *l, ns_error *error)
{
    const ns_fuzz_options *o = c->options;
    if (!(l->arena = ns_arena_new()))
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a search");
    for (int i = 0; i < o->vela_count; i++) {
        l->judges[i] = (ns_judge){.targets = c->targets,
                                  .target_count = o->target_count,
                                  .max_work = 400000000,
                                  .stream = watch_stream,
                                  .context = c};
        NS_TRY(ns_vela_server_new(&o->velas[i], HANG_SECONDS, c->arena, &l->judges[i].server, error));
    }
    return NS_OK;
}

static void end_lane(lane *l)
{
    for (int i = 0; i < NS_FUZZ_VELA_RELEASES; i++)
        if (l->judges[i].server)
            ns_vela_server_end(l->judges[i].server);
    if (l->taken)
        ns_graph_free(l->exhibit.graph);
    ns_arena_free(l->arena);
}

static ns_code prepare(campaign *c, ns_error *error)
{
    const ns_fuzz_options *o = c->options;
    ns_fuzz_result *r = c->result;
    *r = (ns_fuzz_result){.seed = o->seed,
                          .first = o->first,
                          .shard = o->shard,
                          .shards = o->shards ? o->shards : 1,
                          .findings = NS_ARENA_ARRAY(c->arena, MAX_FINDINGS, ns_fuzz_finding),
                          .known = NS_ARENA_ARRAY(c->arena, NS_DEFECT_COUNT, ns_fuzz_known),
                          .yields = NS_ARENA_ARRAY(c->arena, MAX_YIELDS, ns_fuzz_yield),
                          .reached = NS_ARENA_ARRAY(c->arena, MODES / 2, uint64_t)};
    c->modes = NS_ARENA_ARRAY(c->arena, MODES, uint64_t);
    if (!r->findings || !r->known || !r->yields || !r->reached || !c->modes)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a search");
    for (int i = 0; i < o->target_count; i++)
        c->targets[i] = (ns_fuzz_target){o->targets[i], ""};
    for (int k = 0; k < LANES; k++)
        NS_TRY(prepare_lane(c, &c->lanes[k], error));
    return NS_OK;
}

ns_code ns_fuzz_vela(const ns_fuzz_options *given, ns_arena *arena, ns_fuzz_result *result, ns_error *error)
{
    ns_fuzz_options taken;
    const ns_fuzz_options *options = &taken;
    NS_TRY(NS_OPTIONS_TAKE(&taken, given, error));
    campaign *c = NS_ARENA_NEW(arena, campaign);
    if (!c)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a search");
    *c = (campaign){.options = options, .result = result, .arena = arena, .begun = now()};
    ns_code code = prepare(c, error);
    if (code == NS_OK)
        code = search(c, error);
    for (int k = 0; k < LANES; k++)
        end_lane(&c->lanes[k]);
    result->seconds = now() - c->begun;
    return code;
}

ns_code ns_fuzz_vela_write(uint64_t seed, uint64_t number, const char *folder, ns_error *error)
{
    ns_arena *arena = ns_arena_new();
    ns_draft draft = {.arena = arena};
    ns_code code = arena ? ns_fuzz_generate(seed, number, &draft, error)
                         : ns_fail(error, NS_ERROR_MEMORY, "no memory for a graph");
    if (code == NS_OK)
        code = ns_draft_write(&draft, folder, arena, error);
    ns_arena_free(arena);
    return code;
}
