/* What the files of fuzzvela give each other. */
#ifndef NS_FUZZVELA_INTERNAL_H
#define NS_FUZZVELA_INTERNAL_H

#include "draft/draft.h"
#include "fuzzvela/judge.h"
#include "npuscope/fuzz_vela.h"

/* ---- generator.c ---- */

/* Generator: random TOSA graphs that are shaped as networks are. A graph is a function of the version, the
 * seed and its number, on every machine. */

/* Changes whenever other graphs come out for the same seed and number. */
#define NS_FUZZ_VERSION 3

/* Makes graph `number` of `seed` in draft->arena. A number of more than 32 bits, NS_FUZZ_LIKE(n, parent), has
 * the types and the weights of blocks that graph `parent` has. */
#define NS_FUZZ_LIKE(number, parent) ((uint64_t)(uint32_t)(number) | ((uint64_t)(parent) + 1) << 32)
ns_code ns_fuzz_generate(uint64_t seed, uint64_t number, ns_draft *draft, ns_error *error);

/* ---- triage.c ---- */

/* Triage: which releases, targets and options are right, wrong or refused for a reduced graph. */

/* Releases that are compared, one judge for each, and options of Vela that all of them are given. */
typedef struct ns_triage_set {
    const ns_judge *judges;
    const ns_vela *velas;
    int count;
    const char *flags; /* "": none */
} ns_triage_set;

/* Fills the cells of a finding that has a target and a release: every release of the set, every accelerator
 * of the three families; `avoided_by`: options of Vela and orders of operators with which its target is
 * right; and where its stream parts from a right one. */
ns_code ns_triage(const ns_triage_set *set, const ns_draft *draft, const ns_exhibit *exhibit, ns_arena *arena,
                  ns_fuzz_finding *finding, ns_error *error);

#endif
