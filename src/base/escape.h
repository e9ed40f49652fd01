/* Escape: text of strangers, such as the names in a file, for a terminal or a log. In a header, for messages
 * (status.c) are below everything else. */
#ifndef NS_BASE_ESCAPE_H
#define NS_BASE_ESCAPE_H

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* The length of the UTF-8 character at `text`, which ends with NUL; 0 where there is none (RFC 3629: no
 * overlong forms, no surrogates, at most U+10FFFF). */
static inline int ns_utf8_length(const unsigned char *text)
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

/* Of a character of that length (0: a byte that is none): those of ASCII but for the tab, U+0080 to U+009F,
 * and the ones that turn the direction of writing or end a line (U+2028 to U+202E, U+2066 to U+2069). */
static inline bool ns_is_control(const unsigned char *text, int length)
{
    if (length <= 1)
        return length == 0 || (*text < ' ' && *text != '\t') || *text == 0x7f;
    if (length == 2)
        return text[0] == 0xc2 && text[1] < 0xa0;
    return length == 3 && text[0] == 0xe2 &&
           ((text[1] == 0x80 && text[2] >= 0xa8 && text[2] <= 0xae) ||
            (text[1] == 0x81 && text[2] >= 0xa6 && text[2] <= 0xa9));
}

/* `kept`: a control character that stays as it is. */
static inline const char *ns_escape(const char *text, char kept, char *out, size_t size)
{
    size_t used = 0;
    for (const unsigned char *at = (const unsigned char *)text; *at;) {
        int length = ns_utf8_length(at);
        const bool escaped = ns_is_control(at, length) && *at != (unsigned char)kept;
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

/* `text` with every byte of a control character and of what is not UTF-8 as \\xNN, in `out`; returns `out`.
 * What does not fit is cut behind a whole character. */
static inline const char *ns_printable(const char *text, char *out, size_t size)
{
    return ns_escape(text, '\0', out, size);
}

/* The same, but line feeds stay. */
static inline const char *ns_printable_lines(const char *text, char *out, size_t size)
{
    return ns_escape(text, '\n', out, size);
}

#endif
