/* Corpus: graphs with inputs, expected outputs and compiled streams, as tests/conformance/generate writes
 * them (docs/conformance.md): a folder, or a zip file of the same layout. */
#ifndef NS_TEST_SUPPORT_CONFORMANCE_H
#define NS_TEST_SUPPORT_CONFORMANCE_H

#include <jansson.h>

#include "formats/interface.h"
#include "npuscope/npu.h"
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

typedef enum ns_conformance {
    NS_CONFORMANCE_EQUAL,     /* every element; or both say unpredictable */
    NS_CONFORMANCE_INEXACT,   /* INEXACT_ROUND: differs within the reference model's single precision */
    NS_CONFORMANCE_CHIP_RULE, /* values differ, and the simulator said that a rule of the chip struck */
    NS_CONFORMANCE_DIFFERS,   /* values, element counts, or which of the two says unpredictable */
    NS_CONFORMANCE_FAILED,    /* an error */
    NS_CONFORMANCE_EXCLUDED,  /* the reference model crashes on the graph or refuses it */
} ns_conformance;

/* Bytes of a result's message, its final NUL included. */
#define NS_CONFORMANCE_MESSAGE 512

/* ns_eval on GRAPH/graph.tosa. `message` says what differs; "" where nothing does. */
ns_conformance ns_conformance_eval(ns_corpus *corpus, const ns_corpus_graph *graph,
                                   char message[NS_CONFORMANCE_MESSAGE]);

/* What a run of a stream said and counted. Zero all but what is asked for. */
typedef struct ns_conformance_watch {
    bool hazards;                                         /* asked for: check waits and block dependencies */
    bool check;                                           /* asked for: books on every byte of memory */
    void (*message)(void *context, const char *text);     /* asked for: each warning; may be NULL */
    void (*change)(void *context, ns_npu_stream *stream); /* asked for: before the run; may be NULL */
    void *context;
    ns_npu_statistics statistics;
} ns_conformance_watch;

/* The stream (GRAPH/<target>_vela.npz or .tflite) through the simulator. `watch` may be NULL. */
ns_conformance ns_conformance_npu(ns_corpus *corpus, const ns_corpus_graph *graph,
                                  const ns_corpus_stream *stream, ns_conformance_watch *watch,
                                  char message[NS_CONFORMANCE_MESSAGE]);

/* `got` (element type and count elements) against out<index>.npy; adds to `message` on a difference. */
ns_conformance ns_conformance_compare(ns_corpus *corpus, const ns_corpus_graph *graph, int index,
                                      const void *got, size_t count, size_t item_size, ns_arena *arena,
                                      char message[NS_CONFORMANCE_MESSAGE]);

#endif
