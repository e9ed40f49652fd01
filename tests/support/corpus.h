/* Corpus: graphs with inputs, expected outputs and compiled streams, as tests/conformance/generate writes
 * them (docs/conformance.md): a folder, or a zip file of the same layout. */
#ifndef NS_TESTS_CORPUS_H
#define NS_TESTS_CORPUS_H

#include <jansson.h>

#include "formats/npy.h"
#include "support/data.h"

typedef struct ns_corpus_stream {
    const char *target;      /* "ethos-u55-128", "ethos-u85-256_nochain" */
    const char *accelerator; /* the target without its variation */
    const char *file;        /* "<target>_vela.npz", or .tflite or .pte where the index says so */
} ns_corpus_stream;

typedef struct ns_corpus_graph {
    const char *name;
    const char *operator; /* or the group of a built graph */
    const char *status;   /* "ok", "unpredictable", ...: what the reference model said */
    const char *reason;   /* "" where there is none */
    bool inexact;         /* INEXACT_ROUND: the specification allows a range of results */
    int input_count, output_count;
    int stream_count; /* those that were compiled */
    ns_corpus_stream *streams;
} ns_corpus_graph;

typedef struct ns_corpus {
    int graph_count;
    ns_corpus_graph *graphs;
    ns_archive archive;
} ns_corpus;

/* Opens a folder or a zip file and reads its index. What it returns lies in `arena`. */
ns_code ns_corpus_open(const char *path, ns_arena *arena, ns_corpus *out, ns_error *error);
void ns_corpus_close(ns_corpus *corpus);

/* The bytes of GRAPH/FILE. */
ns_code ns_corpus_read(ns_corpus *corpus, const ns_corpus_graph *graph, const char *file, ns_arena *arena,
                       ns_bytes *out, ns_error *error);

/* The array in<index>.npy or out<index>.npy (`kind` "in" or "out"). */
ns_code ns_corpus_array(ns_corpus *corpus, const ns_corpus_graph *graph, const char *kind, int index,
                        ns_arena *arena, ns_npy *out, ns_error *error);

#endif
