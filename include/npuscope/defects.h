/* Defects: the known defects of Vela's releases, as patterns in a TOSA graph. They are recognised before
 * anything is compiled, in milliseconds: no Vela is needed. */
#ifndef NPUSCOPE_DEFECTS_H
#define NPUSCOPE_DEFECTS_H

#include "npuscope/graph.h"
#include "npuscope/npu.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One for each row of known_defects.def, which has their legend. */
typedef enum ns_defect {
#define NS_DEFECT(id, ...) NS_DEFECT_##id,
#include "npuscope/known_defects.def"
#undef NS_DEFECT
    NS_DEFECT_COUNT
} ns_defect;

/* What the compiled stream does. */
typedef enum ns_defect_kind {
    NS_DEFECT_KIND_WRONG,  /* other numbers than the graph's */
    NS_DEFECT_KIND_FAULT,  /* what the NPU does not allow, or memory outside the tensors */
    NS_DEFECT_KIND_CRASH,  /* none: the compiler dies */
    NS_DEFECT_KIND_HAZARD, /* an order that a wait should have made is left open */
    NS_DEFECT_KIND_OPEN,   /* wrong or right: what the chip does is not known (docs/open-questions.md) */
} ns_defect_kind;

/* Families of accelerators, as a set. */
enum { NS_FAMILY_U55 = 1, NS_FAMILY_U65 = 2, NS_FAMILY_U85 = 4 };

typedef struct ns_defect_info {
    const char *id; /* "slice_reduce": also the heading in docs/errata.md */
    ns_defect_kind kind;
    const char *releases; /* of Vela, those tried that have it, separated by spaces: "5.0.0 5.1.0" */
    unsigned families;
    const char *what;    /* the pattern, and what becomes of it: one sentence */
    const char *avoid;   /* what avoids it, tried; "" where nothing is known */
    const char *options; /* options of Vela that avoid it, tried; "" for none */
    const char *cause;   /* file and function of Vela's sources; "" where it was not found */
} ns_defect_info;

/* What is known of a defect: a row of known_defects.def, for as long as the program runs. */
const ns_defect_info *ns_defect_get_info(ns_defect defect);

const char *ns_defect_kind_text(ns_defect_kind kind); /* "wrong" */

/* "u55 u65" in `text`, which it returns. */
const char *ns_families_text(unsigned families, char text[16]);

/* The family of an accelerator as a set of one; all for NS_ACCELERATOR_UNKNOWN. */
unsigned ns_accelerator_family(ns_accelerator accelerator);

/* True when the row says that `release` ("5.1.0") has the defect. NULL: any release. */
bool ns_defect_concerns(ns_defect defect, unsigned families, const char *release);

/* Whether the row has `release` among its own. */
bool ns_defect_has_release(ns_defect defect, const char *release);

/* Whether any row knows `release`: of another one nothing is known, which is no good news. */
bool ns_defects_know_release(const char *release);

typedef struct ns_defect_match {
    ns_defect defect;
    const ns_block *block; /* of the graph */
    int op;                /* index into the block's operators: the one whose result goes wrong */
    unsigned families;     /* of those asked for, the ones concerned */
} ns_defect_match;

/* All places in all blocks of a validated graph where a row's pattern is met, for any of `families` and
 * `release` (NULL: every release), ordered by block and operator. The list lies in `arena`. */
ns_code ns_defects_find(const ns_graph *graph, unsigned families, const char *release, ns_arena *arena,
                        ns_defect_match **matches, int *count, ns_error *error);

/* The rows that are met, each once. A graph that is not valid meets none. */
ns_code ns_defects_met(const ns_graph *graph, unsigned families, const char *release, ns_arena *arena,
                       const ns_defect **defects, int *count, ns_error *error);

#ifdef __cplusplus
}
#endif

#endif
