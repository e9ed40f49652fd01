/* Findings: what a diagnosis has measured so far. Energies are errors at the output over the output's own
 * energy (session.h); NAN: not measured. */
#ifndef NS_DIAGNOSE_FINDINGS_H
#define NS_DIAGNOSE_FINDINGS_H

#include <math.h>

#include "base/interface.h"
#include "diagnose/internal.h"
#include "diagnose/session.h"

/* Share of an input's elements at the ends of the range from which it counts as clipped. */
#define NS_DG_CLIPPED 0.01

/* A limit by weights below this is worth a verdict of its own, in dB. */
#define NS_DG_POOR 40

/* A gain below this is nobody's fault, in dB. */
#define NS_DG_LEAST_GAIN 1.0

/* What dither perturbs. */
typedef enum ns_dg_kind {
    NS_DG_OF_WEIGHTS,
    NS_DG_OF_CONSTANT,
    NS_DG_OF_MULTIPLIER,
    NS_DG_OF_INPUT
} ns_dg_kind;

/* One tensor of them. */
typedef struct ns_dg_target {
    int tensor; /* of the graph */
    int input;  /* the input node, or -1: a constant */
    ns_dg_kind kind;
    double largest_code, energy;
    size_t channels;      /* input channels, its last axis; 0: each has a scale of its own */
    double *largest;      /* |code| of each; NULL: none is small beside the others */
    size_t lost_channels; /* of which all weights are 0, beside others that set the scales */
    bool sparse;
    bool *touched; /* nodes that read it */
} ns_dg_target;

typedef struct ns_dg_dithered {
    int tensor;
    const char *kind; /* "weights", "constant", "multiplier", "input" */
    double energy, largest_code;
} ns_dg_dithered;

/* A sum in which a mask leaves nothing of the scores. */
typedef struct ns_dg_mask {
    int node, scores; /* the sum, and the tensor that vanishes in it */
    const char *name; /* of the mask */
    double own, left; /* codes of the scores: in their own scale (NAN: not known), and in the sum's */
} ns_dg_mask;

/* Of an operand of a sum: the largest code of its own, and how many steps of the result are left of it. */
typedef struct ns_dg_operand {
    double own, left;
} ns_dg_operand;

/* Scores of which fewer codes are left vanish. */
#define NS_DG_VANISHING 16

enum { NS_DG_MOST_MASKS = 8 };

typedef struct ns_dg_findings {
    ns_dg_session *session;
    const ns_dg_plan *plan;
    ns_arena *arena;
    const ns_diagnose_stage *rows; /* of each stage */
    double as_is;                  /* Q against R */
    bool measured;                 /* there is a reference: `hidden` is measured */
    double estimated;              /* `hidden` by dither, also where it is measured */
    double hidden;                 /* what dither estimates: the roundings that the file no longer shows */
    int seed_count;
    double *draws; /* the same for each joint seed */
    double *seeds; /* those, smallest first */
    int dithered_count;
    ns_dg_dithered *dithered; /* worst first */
    double *alone, *knocked;  /* of each node */
    double float_as_is,
        *float_knocked; /* the same against float: measured with a reference, else with `hidden` */
    /* Weights of which whole input channels are 0: pruned, or rounded away beside larger ones. */
    const ns_dg_target *lost;       /* NULL: none, or it makes no difference */
    double lost_hidden, lost_worst; /* what dither estimates if they were rounded away: middle, worst seed */
    bool lost_explains;             /* that, and nothing else, explains the distance to the reference */
    double input_distance;          /* to the reference, were the input's scale another; 0: not tried */
    size_t clipped_biases;          /* elements of biases at the ends of int32 */
    double rails;                   /* largest share of an input's codes at the ends of its range */
    int suspect_count, unmasked_count, vanishing_count, note_count;
    bool suspicious;         /* the suspects decide the verdict */
    bool masked;             /* all of them stand behind masks: it is known what is lost, and where */
    ns_dg_operand *operands; /* two of each node; 0: no sum, or few codes */
    int mask_count;
    ns_dg_mask masks[NS_DG_MOST_MASKS];
    bool *behind_mask; /* of each node: from a mask to the next table */
    int *suspects;     /* nodes */
    const char **notes;
    int blame_count;
    int *blame;    /* nodes, in the order in which they are to be mended */
    double *joint; /* against float, with this and all before it ideal */
} ns_dg_findings;

/* Identifies the functions of all tables, zero points from the neighbours (bases.c). */
ns_code ns_dg_identify(ns_dg_session *session, ns_dg_plan *plan, ns_error *error);

/* Rows for all stages with what the graph tells of them, in node order without the inputs, and the inputs'
 * names; and local, cumulative and range, measured (rows.c). */
ns_code ns_dg_name_rows(ns_dg_findings *f, ns_diagnose_precision *out, ns_error *error);
ns_code ns_dg_fill_rows(ns_dg_findings *f, ns_diagnose_stage *rows, ns_error *error);

/* as_is, and alone of every stage that could matter (alone.c). */
ns_code ns_dg_measure_alone(ns_dg_findings *f, ns_error *error);

/* Knock-outs where alone counts, and who is to blame (blame.c). */
ns_code ns_dg_find_blame(ns_dg_findings *f, ns_error *error);

/* Takes the float model's outputs, and measures what is hidden where dither has estimated it (reference.c).
 */
ns_code ns_dg_take_references(ns_dg_findings *f, ns_error *error);

/* Is the float model further from the graph's real-valued self than any rounding can explain? */
bool ns_dg_is_another_model(const ns_dg_findings *f);

/* The first input whose floats were quantised with a scale that a user gave; -1: none. */
int ns_dg_hand_input(const ns_dg_findings *f);

/* Is the scale that a user gave for an input more likely wrong than anything in the graph? */
bool ns_dg_is_scale_doubtful(const ns_dg_findings *f);

/* "; with a scale 3.03 times smaller it would be 51.6 dB", where another scale of that input explains 10 dB
 * and more; "": none does, or it cannot be told (reference.c). */
ns_code ns_dg_words_of_scale(ns_dg_findings *f, int input, const char **words, ns_error *error);

/* Notes why the distance to the reference is not explained, and what an input's own scale by hand has to do
 * with it or with its clipped elements: before all other notes. */
ns_code ns_dg_note_distance(ns_dg_findings *f, ns_error *error);

/* A multiplier of a RESCALE or a bias, of all who read that constant. */
typedef struct ns_dg_knob {
    int tensor, node, op; /* of its first reader */
    double octaves;       /* what it is made larger by */
    double energy, promise;
} ns_dg_knob;

enum { NS_DG_MOST_SCALES = 4 };

typedef struct ns_dg_scale_search {
    ns_dg_findings *f;
    int count;
    ns_dg_knob *knobs;
    double as_is; /* the distance that is to be explained */
    bool any_scale;
    int taken_count;
    ns_dg_knob taken[NS_DG_MOST_SCALES];
} ns_dg_scale_search;

/* Takes up to so many scales until the distance to the reference is `worst`, of multipliers, or of biases too
 * (scale_search.c); and that distance. */
ns_code ns_dg_search_scales(ns_dg_findings *f, bool biases, double worst, ns_dg_scale_search *search,
                            ns_error *error);
double ns_dg_scale_distance(const ns_dg_scale_search *search);

/* Whose scale or bias, were it another, would bring the graph to a reference that is another model's: into
 * the blame, without dB (other_scale.c). None: nothing explains it so. */
ns_code ns_dg_blame_scales(ns_dg_findings *f, ns_diagnose_precision *out, ns_error *error);

/* A RESCALE of values that multiplies by 0, or whose ratio multiplier and shift cannot hold, into the blame:
 * the graph computes something, but not what was meant (limits.c). */
ns_code ns_dg_blame_multipliers(ns_dg_findings *f, ns_diagnose_precision *out, bool *found, ns_error *error);

/* Where eval found that a sum, a product or a table has no result, or a RESCALE a shift that there is not:
 * that operator blamed, and no dB. Another reason comes back as NS_ERROR_UNPREDICTABLE. */
ns_code ns_dg_blame_undefined(ns_dg_session *session, ns_arena *arena, ns_diagnose_precision *out,
                              ns_error *error);

/* The error against float of a changed run: measured with a reference, else the error against R and what is
 * hidden. */
ns_code ns_dg_measure_float(const ns_dg_findings *f, ns_dg_worker *worker, ns_dg_change change,
                            double *energy, ns_error *error);

/* The same of Q with the nodes of `list` ideal. */
ns_code ns_dg_measure_without(const ns_dg_findings *f, ns_dg_worker *worker, const int *list, int count,
                              double *energy, ns_error *error);

/* In dB, of energies against float. */
double ns_dg_gain(double before, double after);

/* The way from TOSA's integers to float, step by step (waterfall.c). */
ns_code ns_dg_fill_waterfall(ns_dg_findings *f, ns_diagnose_precision *out, ns_error *error);

/* What of a constant the file has rounded (dither_noise.c). *inexact: anything at all. */
ns_code ns_dg_target_look(ns_dg_target *t, const ns_dg_plan *plan, ns_arena *arena, bool *inexact,
                          ns_error *error);

/* Its elements with noise, into `values`; with `lost` in channels of zeros too. */
void ns_dg_target_perturb(const ns_dg_findings *f, const ns_dg_target *t, ns_random *random, bool lost,
                          double *values);

/* The hidden roundings (dither.c). */
ns_code ns_dg_dither(ns_dg_findings *f, ns_error *error);

/* The share of the joint seeds in which the stages of `list` cost at least `least` dB: as TOSA says beside
 * that seed's noise, against the noise alone. Errors of both may lie in one direction, or in opposite ones.
 * `rest`: the energy of all other stages (dither.c). */
ns_code ns_dg_share_of_draws(ns_dg_findings *f, const int *list, int count, double rest, double least,
                             double *share, ns_error *error);

/* Tables without information, operands that vanish, constants lost to the floor (suspect.c). */
ns_code ns_dg_find_suspects(ns_dg_findings *f, ns_error *error);

/* Masks (mask.c). The name of the constant or input that `tensor` holds if that is a mask, or NULL. */
const char *ns_dg_mask_name(const ns_dg_findings *f, int tensor);
void ns_dg_find_select_masks(ns_dg_findings *f);
void ns_dg_add_mask(ns_dg_findings *f, const ns_dg_mask *mask);

/* Blames the tables behind the masks, and the sums. No dB are known. */
ns_code ns_dg_blame_masks(ns_dg_findings *f, ns_diagnose_precision *out, ns_error *error);

/* Share of an input's elements that were clipped before the graph: known where the reals are, else those at
 * the ends of the range, but for two, and for values that are what they are (a mask of 0 and 1). And what
 * there is to note about the inputs (notes.c). */
double ns_dg_clipped_share(const ns_dg_findings *f, int input);
ns_code ns_dg_look_at_inputs(ns_dg_findings *f, ns_error *error);

/* Why each of `count` stages loses what it does, in words and numbers (cause.c). */
ns_code ns_dg_find_causes(ns_dg_findings *f, const int *nodes, int count, ns_diagnose_blame *blames,
                          ns_error *error);

/* What mends the blamed stages, each proved by a run (mend.c); and the first mend of each, all together, in
 * dB against float: NAN where none mends. */
ns_code ns_dg_find_mends(ns_dg_findings *f, ns_diagnose_blame *blames, double *together_db, ns_error *error);

/* The same operators in another order (order.c). */
typedef struct ns_dg_order {
    const char *text; /* what to change; NULL: there is no other */
    double energy;    /* against float, of the whole graph's integers, nothing ideal */
    double finer;     /* than what is stored now, the new middle of a sum is; 0: a product, or coarser */
} ns_dg_order;
enum { NS_DG_ORDERS = 3 };

/* What orders are made of (order_chain.c). The one operator that reads the tensor, once; -1: none, or more,
 * or the graph gives it. */
int ns_dg_only_reader(const ns_dg_plan *plan, int tensor);

/* The RESCALE that gives the tensor, with nothing but moves between, each read once; -1: none. */
int ns_dg_rescale_before(const ns_dg_plan *plan, int tensor);

/* The name of the stored tensor, input or constant that an operand stands for. */
const char *ns_dg_source_of(const ns_dg_plan *plan, int tensor);

void ns_dg_set_shape(const ns_dg_rescaling *r, int tensor, const ns_tensor *shape);

/* Where the operator stands that gives `output`. */
int ns_dg_place_of(const ns_block *block, int output);

/* RESCALE `store` gets the range that the results of operator `op` need, and `back` takes the factor back. */
ns_code ns_dg_choose_range(const ns_dg_rescaling *r, const ns_diagnose_options *options, int op, int store,
                           int back, double *finer, bool *can, ns_error *error);

/* eval on one sample. */
ns_code ns_dg_run_graph(const ns_graph *graph, const ns_diagnose_options *options, int sample,
                        ns_arena *arena, ns_tensor *outputs, ns_error *error);

/* Operand `kept` (0 or 1) of the stage's product or sum meets that of the next one first. */
bool ns_dg_has_chain(const ns_dg_plan *plan, const ns_dg_node *node);
ns_code ns_dg_reorder_chain(const ns_dg_rescaling *r, const ns_dg_node *node, int kept,
                            const ns_diagnose_options *options, ns_arena *arena, ns_dg_order *out,
                            ns_error *error);

/* Writes order `variant` around the stage's result into the graph; out->text is NULL where there is none, and
 * the graph then of no use. */
ns_code ns_dg_reorder(const ns_dg_rescaling *r, const ns_dg_node *node, int variant,
                      const ns_diagnose_options *options, ns_arena *arena, ns_dg_order *out, ns_error *error);

/* The best of them, each run on all samples. */
ns_code ns_dg_find_order(const ns_dg_findings *f, int node, ns_dg_order *best, ns_error *error);

/* A mend that is tried (trials.c). */
typedef struct ns_dg_trial {
    int blamed;       /* the stage, among the blamed */
    const char *text; /* what to change; "": nothing, the measure for the others */
    unsigned *modes;  /* of each node, or NS_DG_SAME */
    double *steps;    /* of each node, for NS_DG_FINE; NULL: none */
    int constant_of;  /* the node whose constant 1/N or epsilon the mend makes finer as well; -1: none */
    bool applicable;
    bool measured;                /* by a run of another graph, nothing ideal: `energy` is known */
    bool at_floor;                /* of such a one: the tensor cannot have the range that it needs */
    double energy, with_constant; /* against float; and with that constant as in the file */
} ns_dg_trial;

typedef struct ns_dg_trials {
    ns_dg_findings *findings;
    int count;
    ns_dg_trial *list;
} ns_dg_trials;

ns_code ns_dg_trials_new(ns_dg_findings *f, ns_dg_trials *trials, ns_error *error);

/* One more, with no modes yet; with `steps` of 0 where they are wanted. The first of a blamed stage is "". */
ns_code ns_dg_trial_add(ns_dg_findings *f, ns_dg_trials *trials, int blamed, const char *text, bool steps,
                        ns_dg_trial **out, ns_error *error);

/* Runs all, and fills the mends of the blamed. */
ns_code ns_dg_trials_run(ns_dg_findings *f, ns_dg_trials *trials, ns_diagnose_blame *blames,
                         double *together_db, ns_error *error);

/* The particular form of blame->cause, a family, and why (why.c). */
ns_code ns_dg_tell_why(ns_dg_findings *f, int node, ns_diagnose_blame *blame, ns_error *error);

/* A RESCALE's multiplier / 2^shift, of its first channel; NAN: not known. */
double ns_dg_rescale_ratio(const ns_dg_plan *plan, int index);

/* Does operator `index` of a stage round before the stage's result is stored? */
bool ns_dg_rounds_within(const ns_dg_plan *plan, const ns_dg_node *node, int index);

/* By how much such an operator makes its values smaller before it rounds, in bits. */
double ns_dg_bits_cut(const ns_dg_plan *plan, int index);

/* Which of those costs most at the output, alone; -1: none. */
ns_code ns_dg_worst_within(ns_dg_findings *f, int node, int *worst, ns_error *error);

/* Codes that the stage's first TABLE is given in Q: the smallest, the largest and how often each segment is
 * met, over all samples (why.c). */
typedef struct ns_dg_used {
    double low, high;
    size_t count;
    size_t segments[NS_DG_KNOTS];
    double errors[NS_DG_KNOTS]; /* energy of straight lines less the function, by segment */
} ns_dg_used;
ns_code ns_dg_used_codes(ns_dg_findings *f, int node, ns_dg_used *used, ns_error *error);

/* The curve of the stage's table over the codes in use (curve.c). */
ns_code ns_dg_draw_curve(ns_dg_findings *f, int node, const ns_diagnose_curve **out, ns_error *error);

/* What its largest value is of the range's end: ideal on the integers that it got, or with all before it
 * ideal (why.c). */
double ns_dg_peak(const ns_dg_findings *f, const ns_diagnose_stage *row, int node);

/* Decimals that tell a factor from 1 (why.c). */
int ns_dg_digits(double factor);

/* Does the scale of the stage's result lie at its floor? The ratio of two powers of two is one (why.c). */
bool ns_dg_is_at_floor(const ns_dg_plan *plan, int node);

/* Does the stage store a rounded result? */
bool ns_dg_rounds(const ns_dg_plan *plan, int node);

void ns_dg_note(ns_dg_findings *f, const char *text);

/* What roundings before the graph do: an input of few codes whose rounding limits the result (dithered[0]),
 * and weights that may be lost. */
void ns_dg_note_roundings(ns_dg_findings *f, ns_diagnose_verdict verdict);

/* What a healthy verdict leaves open without a reference (notes.c). False: nothing. */
bool ns_dg_note_open(ns_dg_findings *f);

/* A stage to blame of which no dB are known. `why` is kept. */
static inline ns_diagnose_blame ns_dg_unmeasured(int stage, ns_diagnose_cause cause, const char *why)
{
    return (ns_diagnose_blame){.stage = stage,
                               .cause = cause,
                               .why = why,
                               .gain_db = NAN,
                               .now_db = NAN,
                               .knocked_out_db = NAN,
                               .mended_db = NAN,
                               .joint_db = NAN};
}

#endif
