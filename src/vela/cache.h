/* Cache: what Vela made, kept by content. An entry is <key>.entry (entry.h); the key is the SHA-256 of the
 * graph, the options, and the installation's files. Processes can share a folder. */
#ifndef NS_VELA_CACHE_H
#define NS_VELA_CACHE_H

#include "npuscope/vela.h"

/* What a run makes in the cache folder for itself: NS_VELA_RUN<process>.XXXXXX, and an entry in the making.
 */
#define NS_VELA_RUN "run."
#define NS_VELA_PART "part."

/* 64 hexadecimal digits, in `arena`. */
ns_code ns_vela_cache_key(const ns_vela *vela, const ns_vela_request *request, ns_arena *arena,
                          const char **out, ns_error *error);

/* Fills the request from the cache; leaves it as it is when there is no entry. *damage: what is wrong with
 * the entry, which is then as good as none; NULL: nothing. */
ns_code ns_vela_cache_get(const char *folder, const char *key, ns_vela_request *request, const char **damage,
                          ns_arena *arena, ns_error *error);

/* Keeps what the request became. */
ns_code ns_vela_cache_put(const char *folder, const char *key, const ns_vela_request *request,
                          ns_arena *arena, ns_error *error);

/* Removes <prefix><process>.* in `folder` of processes that are gone; how many there were. */
size_t ns_vela_sweep(const char *folder, const char *prefix);

#endif
