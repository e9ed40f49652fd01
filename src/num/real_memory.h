/* Real memory: what MPFR allocates. GMP's own functions end the process when memory is out. */
#ifndef NS_NUM_REAL_MEMORY_H
#define NS_NUM_REAL_MEMORY_H

/* To be called before MPFR is used, as often as one likes, by any thread. From then on a request that the
 * system refuses is met from a reserve, so that the number at hand is still right; whoever asks next for
 * memory of his own fails in order. Where the reserve is used up too, the process ends with a message and
 * exit code 4. The reserve and GMP's function pointers belong to the process, as they must. */
void ns_real_memory(void);

#endif
