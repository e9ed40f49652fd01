#include "base/interface.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* The length of the UTF-8 character at `text`; 0 where there is none (RFC 3629: no overlong forms, no
 * surrogates, at most U+10FFFF). */
int ns_utf8_length(const unsigned char *text)
{
    const unsigned char first = text[0];
    if (first < 0x80)
        return 1;
    if (first < 0xc2 || first > 0xf4)
        return 0;
    const int length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    const unsigned char least = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
    const unsigned char most = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
    if (text[1] < least || text[1] > most)
        return 0;
    for (int i = 2; i < length; i++)
        if (text[i] < 0x80 || text[i] > 0xbf)
            return 0;
    return length;
}

static bool is_control(const unsigned char *text, int length)
{
    if (length <= 1)
        return length == 0 || (*text < ' ' && *text != '\t') || *text == 0x7f;
    if (length == 2)
        return text[0] == 0xc2 && text[1] < 0xa0;
    return length == 3 && text[0] == 0xe2 &&
           ((text[1] == 0x80 && text[2] >= 0xa8 && text[2] <= 0xae) ||
            (text[1] == 0x81 && text[2] >= 0xa6 && text[2] <= 0xa9));
}

const char *ns_printable(const char *text, char *out, size_t size)
{
    size_t used = 0;
    for (const unsigned char *at = (const unsigned char *)text; *at;) {
        int length = ns_utf8_length(at);
        const bool escaped = is_control(at, length);
        length += length == 0;
        const size_t room = escaped ? 4 * (size_t)length : (size_t)length;
        if (used + room + 1 > size)
            break;
        for (int i = 0; escaped && i < length; i++)
            snprintf(out + used + 4 * i, 5, "\\x%02x", at[i]);
        if (!escaped)
            memcpy(out + used, at, (size_t)length);
        used += room;
        at += length;
    }
    out[used] = '\0';
    return out;
}

const char *ns_printable_copy(ns_arena *arena, const char *text)
{
    const size_t size = text ? 4 * strlen(text) + 1 : 0;
    char *copy = text ? ns_arena_alloc(arena, size, 1) : NULL;
    if (!copy)
        return text ? "?" : NULL;
    return ns_printable(text, copy, size);
}
