/* Digest: SHA-256 of parts. Every part is preceded by its length, so that no two lists of parts give the same
 * bytes. */
#ifndef NS_VELA_DIGEST_H
#define NS_VELA_DIGEST_H

#include <nettle/sha2.h>

#include "base/bytes.h"

typedef struct sha256_ctx ns_digest;

void ns_digest_begin(ns_digest *digest);
void ns_digest_part(ns_digest *digest, const void *data, size_t size);
void ns_digest_text(ns_digest *digest, const char *text); /* NULL is "" */

/* The SHA256_DIGEST_SIZE bytes; or 64 hexadecimal digits in `arena`, NULL when memory is out. */
void ns_digest_end(ns_digest *digest, uint8_t out[SHA256_DIGEST_SIZE]);
const char *ns_digest_end_text(ns_digest *digest, ns_arena *arena);

#endif
