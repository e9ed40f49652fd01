/* Judge: one graph, compiled by one release for several targets, executed, and compared with the graph
 * itself. */
#ifndef NS_FUZZVELA_JUDGE_H
#define NS_FUZZVELA_JUDGE_H

#include "draft/interface.h"
#include "npuscope/defects.h"
#include "vela/internal.h"

/* What becomes of a graph with one configuration. */
typedef enum ns_ruling {
    NS_RULING_RIGHT,
    NS_RULING_REFUSED,   /* Vela says that it cannot place it: no finding */
    NS_RULING_WRONG,     /* other numbers */
    NS_RULING_UNDEFINED, /* the stream does what the NPU does not allow, or has other outputs than the graph
                          */
    NS_RULING_HAZARD,    /* right, but for an order that no wait makes */
    NS_RULING_CRASH,     /* Vela died, hung, or failed in itself */
    NS_RULING_COUNT
} ns_ruling;

const char *ns_ruling_text(ns_ruling ruling); /* "wrong" */

static inline bool ns_ruling_is_finding(ns_ruling ruling)
{
    return ruling >= NS_RULING_WRONG && ruling < NS_RULING_COUNT;
}

/* A configuration: an accelerator, and options of Vela beside ns_vela_flags ("" for none). */
typedef struct ns_fuzz_target {
    ns_accelerator accelerator;
    const char *flags;
} ns_fuzz_target;

typedef struct ns_judgement {
    ns_ruling ruling;
    const char *text;       /* what was said: normalised, numbers as N; "" for right and wrong */
    const char *message;    /* the same as it was said */
    const char *chip_rule;  /* its name ("OPERAND_SHIFT") where one struck; else NULL */
    size_t wrong, elements; /* of all outputs */
    int64_t largest;        /* difference */
    ns_npu_parts parts;     /* the stream; payload NULL where there is none */
} ns_judgement;

typedef struct ns_judge {
    ns_vela_server *server;
    const ns_fuzz_target *targets;
    int target_count;
    uint64_t max_work; /* of one stream */
    uint64_t streams;  /* judged so far */
    void (*stream)(void *context,
                   ns_npu_stream *stream); /* each that was executed, for coverage; may be NULL */
    void *context;
} ns_judge;

/* Judges for each of the judge's targets; `out` has room for them. */
ns_code ns_judge_run(ns_judge *judge, const ns_exhibit *exhibit, ns_arena *arena, ns_judgement *out,
                     ns_error *error);

/* The same in two halves, so that Vela compiles while something else is done: nothing else is asked of the
 * judge's server in between. The jobs lie in `arena`. */
ns_code ns_judge_send(ns_judge *judge, const ns_exhibit *exhibit, ns_arena *arena, ns_vela_job **jobs,
                      ns_error *error);
ns_code ns_judge_receive(ns_judge *judge, const ns_exhibit *exhibit, ns_vela_job *jobs, ns_arena *arena,
                         ns_judgement *out, ns_error *error);

/* What tells one defect from another: ruling, words, chip rule, and the known defect that the graph meets. */
const char *ns_judge_signature(const ns_judgement *judgement, const char *known, ns_arena *arena);

/* For ns_draft_reduce: the signature of what the one target makes of the graph. With `escape` the known
 * defect is no part of it, and once a graph has met none that goes wrong alike, none may be met again: a row
 * of the table is left behind where something else than the row is wrong. */
typedef struct ns_judge_watch {
    ns_judge *judge; /* of one target, the one that fails */
    const char *release;
    bool escape;
    const char *first; /* kept by the escape: what the start showed, in its arena */
    ns_arena *arena;   /* of `first`: lives as long as the watch */
    bool escaped;      /* out */
} ns_judge_watch;
ns_code ns_judge_watched(void *watch, const ns_exhibit *exhibit, ns_arena *arena, const char **signature,
                         ns_error *error);

/* The first known defect that the graph meets on this target, or that struck as a chip rule; NULL for none.
 */
const char *ns_judge_known(const ns_exhibit *exhibit, const ns_judgement *judgement,
                           ns_accelerator accelerator, const char *release, ns_arena *arena);

#endif
