/* Cache: what Vela made, kept by content. An entry is <key>.npz, with <key>.xml where the
 * debug database was wanted, or <key>.reason; the key is the SHA-256 of
 * graph, Vela's version and options. Entries are renamed into place, so that processes can share a folder. */
#ifndef NS_VELA_CACHE_H
#define NS_VELA_CACHE_H

#include "npuscope/vela.h"

/* 64 hexadecimal digits, in `arena`. Every part is preceded by its length, so that no two lists of parts
 * give the same bytes. */
ns_code ns_vela_cache_key(const ns_vela *vela, const ns_vela_request *request, ns_arena *arena,
                          const char **out, ns_error *error);

/* Fills the request from the cache; leaves it NS_VELA_NOT_RUN when there is no entry. *kept: false for a
 * failure that is not the graph's (a full disk), which must not become an entry. */
ns_code ns_vela_cache_get(const char *folder, const char *key, ns_vela_request *request, bool *kept,
                          ns_arena *arena, ns_error *error);

#endif
