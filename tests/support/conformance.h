/* Conformance: one graph of a corpus through the evaluator or the simulator, compared with the reference
 * model's outputs element for element. */
#ifndef NS_TESTS_CONFORMANCE_H
#define NS_TESTS_CONFORMANCE_H

#include "npuscope/npu.h"
#include "support/corpus.h"

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
