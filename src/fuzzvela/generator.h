/* Generator: random TOSA graphs that are shaped as networks are. A graph is a function of the version, the
 * seed and its number, on every machine. */
#ifndef NS_FUZZVELA_GENERATOR_H
#define NS_FUZZVELA_GENERATOR_H

#include "draft/draft.h"

/* Changes whenever other graphs come out for the same seed and number. */
#define NS_FUZZ_VERSION 1

/* Makes graph `number` of `seed` in draft->arena. */
ns_code ns_fuzz_generate(uint64_t seed, uint64_t number, ns_draft *draft, ns_error *error);

#endif
