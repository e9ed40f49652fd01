/* Triage: which releases, targets and options are right, wrong or refused for a reduced graph. */
#ifndef NS_FUZZVELA_TRIAGE_H
#define NS_FUZZVELA_TRIAGE_H

#include "fuzzvela/judge.h"
#include "npuscope/fuzz_vela.h"

/* Fills the cells of a finding: every release of the search, every accelerator of the three families; and
 * `avoided_by`: options of Vela with which its target is right. One judge for each release. */
ns_code ns_triage(const ns_judge *judges, const ns_fuzz_options *options, const ns_exhibit *exhibit,
                  ns_arena *arena, ns_fuzz_finding *finding, ns_error *error);

#endif
