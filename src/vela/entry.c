#include "vela/internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/interface.h"

static const char magic[32] = "npuscope vela cache entry 3\n";

enum { PARTS = 3 }; /* stream, debug database, reason */

/* Little-endian, as all machines are that npuscope runs on. */
typedef struct head {
    char magic[sizeof magic];
    uint64_t outcome;
    uint64_t sizes[PARTS];
    uint8_t checksum[SHA256_DIGEST_SIZE]; /* of outcome and parts */
} head;

static void sum(const head *h, const ns_bytes *parts, uint8_t out[SHA256_DIGEST_SIZE])
{
    ns_digest digest;
    ns_digest_begin(&digest);
    ns_digest_part(&digest, &h->outcome, sizeof h->outcome);
    for (int i = 0; i < PARTS; i++)
        ns_digest_part(&digest, parts[i].data, parts[i].size);
    ns_digest_end(&digest, out);
}

static bool split(ns_bytes bytes, const head *h, ns_bytes *parts)
{
    uint64_t at = sizeof *h;
    for (int i = 0; i < PARTS; i++) {
        if (h->sizes[i] > bytes.size - at)
            return false;
        parts[i] = (ns_bytes){bytes.data + at, (size_t)h->sizes[i]};
        at += h->sizes[i];
    }
    return at == bytes.size;
}

ns_code ns_vela_entry_read(const void *data, size_t size, ns_arena *arena, ns_vela_request *request,
                           ns_error *error)
{
    head h;
    ns_bytes parts[PARTS];
    uint8_t checksum[SHA256_DIGEST_SIZE];
    if (size < sizeof h)
        return ns_fail(error, NS_ERROR_INPUT, "it has only %zu bytes", size);
    memcpy(&h, data, sizeof h);
    if (memcmp(h.magic, magic, sizeof magic) != 0 || h.outcome > NS_VELA_CRASHED ||
        !split((ns_bytes){data, size}, &h, parts))
        return ns_fail(error, NS_ERROR_INPUT, "its head is not that of an entry");
    sum(&h, parts, checksum);
    if (memcmp(checksum, h.checksum, sizeof checksum) != 0)
        return ns_fail(error, NS_ERROR_INPUT, "its checksum is wrong");
    char *reason = ns_arena_alloc(arena, parts[2].size + 1, 1);
    if (!reason)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for what Vela made");
    memcpy(reason, parts[2].data, parts[2].size);
    request->outcome = (ns_vela_outcome)h.outcome;
    request->npz = parts[0].data;
    request->npz_size = parts[0].size;
    request->debug = parts[1].size ? parts[1].data : NULL;
    request->debug_size = parts[1].size;
    request->reason = request->outcome == NS_VELA_COMPILED ? NULL : reason;
    return NS_OK;
}

static bool write_all(int file, const void *data, size_t size)
{
    for (const char *at = data; size;) {
        const ssize_t written = write(file, at, size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return false;
        at += written;
        size -= (size_t)written;
    }
    return true;
}

static bool write_entry(int file, const ns_vela_request *request)
{
    const char *reason = request->outcome == NS_VELA_COMPILED || !request->reason ? "" : request->reason;
    const ns_bytes parts[PARTS] = {{request->npz, request->npz_size},
                                   {request->debug, request->debug_size},
                                   {(const uint8_t *)reason, strlen(reason)}};
    head h = {.outcome = request->outcome};
    memcpy(h.magic, magic, sizeof magic);
    for (int i = 0; i < PARTS; i++)
        h.sizes[i] = parts[i].size;
    sum(&h, parts, h.checksum);
    bool written = write_all(file, &h, sizeof h);
    for (int i = 0; i < PARTS; i++)
        written = written && write_all(file, parts[i].data, parts[i].size);
    return written && ns_system_flush(file) == 0;
}

ns_code ns_vela_entry_write(const char *folder, const char *name, const ns_vela_request *request,
                            ns_error *error)
{
    char part[4096], path[4096];
    ns_leftover leftover;
    if (snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path ||
        snprintf(part, sizeof part, "%s/part.%ld.XXXXXX", folder, (long)getpid()) >= (int)sizeof part)
        return ns_fail(error, NS_ERROR_IO, "%s: the name is too long", folder);
    const int file = ns_leftover_file(&leftover, part);
    if (file < 0)
        return ns_fail_system(error, folder);
    bool done = write_entry(file, request);
    int reason = errno;
    done = (close(file) == 0 && done) && (ns_system_rename(part, path) == 0);
    reason = done ? 0 : errno ? errno : reason;
    if (!done)
        unlink(part);
    ns_leftover_drop(&leftover);
    errno = reason;
    return done ? NS_OK : ns_fail_system(error, path);
}
