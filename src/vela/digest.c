#include "vela/internal.h"

#include <stdio.h>

void ns_digest_begin(ns_digest *digest)
{
    sha256_init(digest);
}

void ns_digest_part(ns_digest *digest, const void *data, size_t size)
{
    uint8_t length[8];
    ns_store_u64(length, size);
    sha256_update(digest, sizeof length, length);
    sha256_update(digest, size, data);
}

void ns_digest_text(ns_digest *digest, const char *text)
{
    ns_digest_part(digest, text ? text : "", text ? strlen(text) : 0);
}

void ns_digest_end(ns_digest *digest, uint8_t out[SHA256_DIGEST_SIZE])
{
    sha256_digest(digest, SHA256_DIGEST_SIZE, out);
}

const char *ns_digest_end_text(ns_digest *digest, ns_arena *arena)
{
    uint8_t bytes[SHA256_DIGEST_SIZE];
    ns_digest_end(digest, bytes);
    char *text = NS_ARENA_ARRAY(arena, 2 * sizeof bytes + 1, char);
    for (size_t i = 0; text && i < sizeof bytes; i++)
        snprintf(text + 2 * i, 3, "%02x", bytes[i]);
    return text;
}
