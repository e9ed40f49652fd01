/* Session: one diagnosis at work. Q, every stage as TOSA says; R, every stage ideal; and reruns of either
 * with something changed, from there on and as far as anything changes. */
#ifndef NS_DIAGNOSE_SESSION_H
#define NS_DIAGNOSE_SESSION_H

#include "diagnose/internal.h"
#include "npuscope/diagnose.h"

/* A node's value in Q or R: int8 and int16 codes as integers; R as floats, which is what R then is: a
 * rounding 144 dB below the value; inputs and what is left as doubles. */
typedef struct ns_dg_stored {
    double *real;
    float *single;
    int16_t *codes;
} ns_dg_stored;

typedef struct ns_dg_session {
    const ns_dg_plan *plan;
    const ns_diagnose_options *options;
    ns_arena *arena;
    int samples, threads;
    ns_dg_stored **q, **r;    /* [sample][node] */
    const double **reference; /* of each output: the float model's, in codes, all samples; NULL: not known */
    ns_arena *eval_arena;     /* of `evaluated`; NULL once they were compared */
    ns_tensor *evaluated;     /* what eval gives for the first sample: each output of the block */
    double *signal;           /* of each output: energy of what it is compared with, over all samples */
    ns_dg_worker *workers;    /* one for each thread; [0] is the caller's */
} ns_dg_session;

/* Opens the workers. The session must be closed whatever is returned. */
ns_code ns_dg_session_open(ns_dg_session *session, const ns_dg_plan *plan, const ns_diagnose_options *options,
                           ns_arena *arena, ns_error *error);
void ns_dg_session_close(ns_dg_session *session);

/* Runs Q and R. The plan's tables must be known. NS_ERROR_UNPREDICTABLE: TOSA has no result on a sample. */
ns_code ns_dg_session_run(ns_dg_session *session, ns_error *error);

/* One sample of an input; its data are the caller's. */
ns_tensor ns_dg_sample(const ns_diagnose_options *options, int input, int sample);

/* Q or R of one sample, as the source of a stage's evaluation. */
typedef struct ns_dg_base {
    ns_dg_worker *worker;
    const ns_dg_stored *stored; /* of each node */
    bool integer;               /* Q */
} ns_dg_base;
ns_dg_value ns_dg_read_base(void *base, int node);

/* A node keeps the mode of the rest. */
#define NS_DG_SAME (~0u)

/* What a rerun does otherwise than Q or R. */
typedef struct ns_dg_change {
    unsigned rest;                    /* NS_DG_TOSA: departs from Q; NS_DG_IDEAL: departs from R */
    const unsigned *modes;            /* of each node, or NS_DG_SAME; NULL: all the same */
    const ns_dg_overrides *overrides; /* NULL: none */
    const bool *touched;              /* nodes that read overridden constants; NULL: none */
    double *const *inputs;            /* of each input node: other values, or NULL; NULL: none */
    const double *fine_steps;         /* of each node, for NS_DG_FINE; NULL: none */
    enum { NS_DG_AGAINST_R, NS_DG_AGAINST_Q, NS_DG_AGAINST_REFERENCE } against; /* what errors are from */
    int only_inner; /* of the operators that round within stages this one alone does, counted from 1; 0: all
                     */
    bool any_scale; /* whatever scale an output has: the one that brings it nearest */
} ns_dg_change;

/* Reruns all samples; *energy is the error at the outputs: the mean over outputs of |out - R|^2 / |R|^2. */
ns_code ns_dg_measure(ns_dg_session *session, ns_dg_worker *worker, const ns_dg_change *change,
                      double *energy, ns_error *error);

/* Nodes of `list` in mode `mode`, the rest in `rest`. */
ns_code ns_dg_measure_nodes(ns_dg_session *session, ns_dg_worker *worker, const int *list, int count,
                            unsigned mode, unsigned rest, double *energy, ns_error *error);

/* Evaluates one stage on Q's or R's values; the caller gives the array back to worker->pool. */
ns_code ns_dg_stage_on(ns_dg_session *session, ns_dg_worker *worker, int sample, bool on_q, int node,
                       unsigned mode, ns_dg_value *out, ns_error *error);

/* The value of a tensor inside a stage of Q. */
ns_code ns_dg_inside(ns_dg_session *session, ns_dg_worker *worker, int sample, int node, int tensor,
                     ns_dg_value *out, ns_error *error);

/* Element i of a stored value. */
static inline double ns_dg_stored_at(const ns_dg_stored *stored, size_t i)
{
    return stored->codes ? stored->codes[i] : stored->single ? stored->single[i] : stored->real[i];
}

/* Runs `job` for each index below `count`, in threads; each is given a worker of its own. The first failure
 * is returned. */
typedef ns_code (*ns_dg_job)(ns_dg_session *session, ns_dg_worker *worker, int index, void *context,
                             ns_error *error);
ns_code ns_dg_parallel(ns_dg_session *session, int count, ns_dg_job job, void *context, ns_error *error);

/* -10 log10, INFINITY for none. */
double ns_dg_db(double energy);

#endif
