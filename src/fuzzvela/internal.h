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

/* Fills the cells of a finding: every release of the search, every accelerator of the three families; and
 * `avoided_by`: options of Vela and orders of operators with which its target is right. One judge for each
 * release. */
ns_code ns_triage(const ns_judge *judges, const ns_fuzz_options *options, const ns_draft *draft,
                  const ns_exhibit *exhibit, ns_arena *arena, ns_fuzz_finding *finding, ns_error *error);

/* Adds to `*text`, a list, "RESCALE before SLICE" for each pair of the draft's operators of which the other
 * order is exact and right for the judge's one target. What it tries, and the text, lies in `arena`. */
ns_code ns_triage_orders(ns_judge *judge, const ns_draft *draft, ns_arena *arena, const char **text,
                         ns_error *error);

#endif
