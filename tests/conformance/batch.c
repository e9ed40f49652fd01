/* Walks a corpus in one process: every graph through the evaluator, every stream through the simulator,
 * compared with the reference model's outputs. Prints each result that is not equal, then counts. Exit status
 * 1 if one is left.
 *
 *     batch [--eval] [--npu] [--hazards] [--only TEXT] [--target TEXT] [--known FILE] [--quiet] CORPUS...
 *
 * --hazards: streams with their waits and block dependencies checked; prints and counts what is reported.
 * --only: graphs whose name or operator contains TEXT; --target: streams whose target contains TEXT.
 * --known: lines "GRAPH TARGET reason", the first two as patterns ("eval" is the evaluator's target), whose
 * results are counted apart. */
#include <fnmatch.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/conformance.h"

enum { KIND_COUNT = NS_CONFORMANCE_EXCLUDED + 1 };
static const char *const KIND_TEXT[KIND_COUNT] = {"equal",   "inexact", "chip rule",
                                                  "DIFFERS", "FAILED",  "excluded"};

typedef struct batch_counts {
    long kinds[KIND_COUNT];
    long known;
    long hazards, hazardous; /* reported, and streams that have one */
} batch_counts;

typedef struct batch_options {
    bool eval, npu, hazards, quiet;
    const char *only, *target, *known; /* known: the file's text */
} batch_options;

/* Whether a line "GRAPH TARGET reason" of the list matches; both are patterns as a shell's file names are. */
static bool is_known(const batch_options *options, const char *graph, const char *target)
{
    for (const char *at = options->known; at; at = strchr(at, '\n'), at = at ? at + 1 : NULL) {
        char graph_pattern[256], target_pattern[64];
        if (*at != '#' && *at != '\n' && sscanf(at, "%255s %63s", graph_pattern, target_pattern) == 2 &&
            fnmatch(graph_pattern, graph, 0) == 0 && fnmatch(target_pattern, target, 0) == 0)
            return true;
    }
    return false;
}

static void note(const batch_options *options, batch_counts *counts, const ns_corpus_graph *graph,
                 const char *target, ns_conformance kind, const char *message)
{
    bool bad = kind == NS_CONFORMANCE_DIFFERS || kind == NS_CONFORMANCE_FAILED;
    if (bad && is_known(options, graph->name, target)) {
        counts->known++;
        return;
    }
    counts->kinds[kind]++;
    if (bad || (!options->quiet && kind != NS_CONFORMANCE_EQUAL && kind != NS_CONFORMANCE_EXCLUDED))
        printf("%s %s %s: %s\n", KIND_TEXT[kind], graph->name, target, message);
}

/* Prints a hazard; chip rules are told with the result. */
static void print_hazard(void *context, const char *text)
{
    const char *const *place = context;
    if (strstr(text, "hazard: "))
        printf("hazard %s %s: %s\n", place[0], place[1], text);
}

static void walk_stream(const batch_options *options, ns_corpus *corpus, const ns_corpus_graph *graph,
                        const ns_corpus_stream *stream, batch_counts *counts)
{
    char message[NS_CONFORMANCE_MESSAGE];
    const char *place[] = {graph->name, stream->target};
    ns_conformance_watch watch = {.hazards = options->hazards, .message = print_hazard, .context = place};
    if (options->target && !strstr(stream->target, options->target))
        return;
    ns_conformance kind = ns_conformance_npu(corpus, graph, stream, &watch, message);
    note(options, counts, graph, stream->target, kind, message);
    counts->hazards += (long)watch.statistics.hazards;
    counts->hazardous += watch.statistics.hazards > 0;
}

static void walk(const batch_options *options, ns_corpus *corpus, batch_counts totals[2])
{
    for (int i = 0; i < corpus->graph_count; i++) {
        const ns_corpus_graph *graph = &corpus->graphs[i];
        char message[NS_CONFORMANCE_MESSAGE];
        if (options->only && !strstr(graph->name, options->only) && !strstr(graph->operator, options->only))
            continue;
        if (options->eval)
            note(options, &totals[0], graph, "eval", ns_conformance_eval(corpus, graph, message), message);
        for (int k = 0; options->npu && k < graph->stream_count; k++)
            walk_stream(options, corpus, graph, &graph->streams[k], &totals[1]);
        fflush(stdout);
    }
}

static void print_counts(const char *what, const batch_counts *counts)
{
    printf("%s:", what);
    for (int kind = 0; kind < KIND_COUNT; kind++)
        printf(" %ld %s,", counts->kinds[kind], KIND_TEXT[kind]);
    printf(" %ld known\n", counts->known);
}

static const char *read_text(const char *path, ns_arena *arena)
{
    FILE *file = fopen(path, "rb");
    if (!file) {
        perror(path);
        exit(2);
    }
    char *text = ns_arena_alloc(arena, 1 << 20, 1);
    if (text)
        text[fread(text, 1, (1 << 20) - 1, file)] = 0;
    fclose(file);
    return text;
}

static void parse(int argc, char **argv, ns_arena *arena, batch_options *options)
{
    static const struct option LONG[] = {
        {"eval", no_argument, NULL, 'e'},         {"npu", no_argument, NULL, 'n'},
        {"hazards", no_argument, NULL, 'h'},      {"only", required_argument, NULL, 'o'},
        {"target", required_argument, NULL, 't'}, {"known", required_argument, NULL, 'k'},
        {"quiet", no_argument, NULL, 'q'},        {NULL, 0, NULL, 0}};
    for (int c; (c = getopt_long(argc, argv, "", LONG, NULL)) != -1;) {
        switch (c) {
        case 'e':
            options->eval = true;
            break;
        case 'n':
            options->npu = true;
            break;
        case 'h':
            options->hazards = true;
            break;
        case 'q':
            options->quiet = true;
            break;
        case 'o':
            options->only = optarg;
            break;
        case 't':
            options->target = optarg;
            break;
        case 'k':
            options->known = read_text(optarg, arena);
            break;
        default:
            exit(2);
        }
    }
    if (!options->eval && !options->npu)
        options->eval = options->npu = true;
}

int main(int argc, char **argv)
{
    ns_arena *arena = ns_arena_new();
    batch_options options = {0};
    parse(argc, argv, arena, &options);
    if (optind == argc) {
        fprintf(stderr, "batch: which corpus?\n");
        return 2;
    }
    batch_counts totals[2] = {0};
    for (int i = optind; i < argc; i++) {
        ns_corpus corpus;
        ns_error error;
        if (ns_corpus_open(argv[i], arena, &corpus, &error) != NS_OK) {
            fprintf(stderr, "batch: %s\n", error.message);
            return 2;
        }
        walk(&options, &corpus, totals);
        ns_corpus_close(&corpus);
    }
    if (options.eval)
        print_counts("graphs", &totals[0]);
    if (options.npu)
        print_counts("streams", &totals[1]);
    if (options.npu && options.hazards)
        printf("hazards: %ld, in %ld streams\n", totals[1].hazards, totals[1].hazardous);
    long bad = 0;
    for (int i = 0; i < 2; i++)
        bad += totals[i].kinds[NS_CONFORMANCE_DIFFERS] + totals[i].kinds[NS_CONFORMANCE_FAILED];
    ns_arena_free(arena);
    return bad > 0;
}
