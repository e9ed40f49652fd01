/* Mutate: what libFuzzer gives a target's own mutator, for builds without it: a few changes to some bytes. */
#ifndef NS_FUZZ_MUTATE_H
#define NS_FUZZ_MUTATE_H

#include <ctype.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

void ns_mutate_seed(uint64_t seed);

/* Changes the input in place; returns its new size, at most `max_size`. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);

/* ---- texts ---- */

/* Changes of a text (JSON, XML, lists) that leave it one: a number becomes one that tells something, a word
 * takes another's place. */

/* A run of letters, digits, and what names and numbers have else, from `from` on; its end in *end. */
static inline size_t ns_next_token(const uint8_t *data, size_t size, size_t from, size_t *end)
{
    while (from < size && !isalnum(data[from]) && data[from] != '-')
        from++;
    for (*end = from; *end < size && (isalnum(data[*end]) || strchr("-_.+", data[*end] ? data[*end] : ' '));)
        ++*end;
    return from;
}

static inline size_t ns_replace_bytes(uint8_t *data, size_t size, size_t max_size, size_t at, size_t length,
                                      const uint8_t *with, size_t count)
{
    uint8_t kept[64];
    count = count < sizeof kept ? count : sizeof kept;
    if (size - length + count > max_size)
        return size;
    memcpy(kept, with, count);
    memmove(data + at + count, data + at + length, size - at - length);
    memcpy(data + at, kept, count);
    return size - length + count;
}

/* Changes the text in place; returns its new size, at most `max_size`. Now and then, and where it is no text,
 * as bytes. */
static inline size_t ns_mutate_tokens(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    static const char *const telling[] = {"0",
                                          "-1",
                                          "1",
                                          "2",
                                          "8",
                                          "16",
                                          "127",
                                          "255",
                                          "65536",
                                          "2147483647",
                                          "-2147483648",
                                          "4294967296",
                                          "9223372036854775807",
                                          "0.5",
                                          "1e-45",
                                          "1e308",
                                          "1e999",
                                          "null",
                                          "true",
                                          "[]",
                                          "{}",
                                          "\"\"",
                                          "NaN"};
    const unsigned kind = seed % 8;
    size_t end, other_end;
    seed = seed * 1103515245u + 12345u;
    const size_t at = size ? ns_next_token(data, size, seed / 65536 % size, &end) : 0;
    if (kind == 0 || at == size || size == 0)
        return LLVMFuzzerMutate(data, size, max_size);
    seed = seed * 1103515245u + 12345u;
    if (kind < 5) {
        const char *text = telling[seed / 65536 % (sizeof telling / sizeof *telling)];
        return ns_replace_bytes(data, size, max_size, at, end - at, (const uint8_t *)text, strlen(text));
    }
    const size_t other = ns_next_token(data, size, seed / 65536 % size, &other_end);
    return ns_replace_bytes(data, size, max_size, at, kind == 7 ? 0 : end - at, data + other,
                            other_end - other);
}

#endif
