/* Mutate: what libFuzzer gives a target's own mutator, for builds without it: a few changes to some bytes. */
#ifndef NS_FUZZ_MUTATE_H
#define NS_FUZZ_MUTATE_H

#include <stddef.h>
#include <stdint.h>

void ns_mutate_seed(uint64_t seed);

/* Changes the input in place; returns its new size, at most `max_size`. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);

#endif
