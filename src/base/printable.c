#define _GNU_SOURCE /* fopencookie */
#include "base/interface.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *ns_printable_copy(ns_arena *arena, const char *text)
{
    const size_t size = text ? 4 * strlen(text) + 1 : 0;
    char *copy = text ? ns_arena_alloc(arena, size, 1) : NULL;
    return copy ? ns_printable(text, copy, size) : NULL;
}

/* ---- lines within a terminal ---- */

/* Bytes of what takes no column, a colour's sequence or the rest of a character; 0: it takes one. */
static size_t unseen(const char *text)
{
    if (*text == '\033')
        return strcspn(text, "m") + (strchr(text, 'm') != NULL);
    return ((unsigned char)*text & 0xc0) == 0x80;
}

/* Is the space at `text` within a figure: "59.1 dB" is read as one? */
static bool is_before_unit(const char *line, size_t at)
{
    static const char *const units[] = {"dB", "steps", "MACs", "bytes", "%"};
    const char before = at ? line[at - 1] : 0;
    bool unit = false;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        const size_t size = strlen(units[i]);
        const char next = strncmp(line + at + 1, units[i], size) ? 'a' : line[at + 1 + size];
        unit = unit || !((next >= 'a' && next <= 'z') || (next >= 'A' && next <= 'Z'));
    }
    return unit && before >= '0' && before <= '9';
}

/* Where the line that begins at `text`, behind `used` columns, ends: at its last space within the columns, or
 * behind a longer word. */
static size_t line_end(const char *text, size_t used, size_t columns)
{
    size_t space = 0;
    for (size_t at = strspn(text, " "); text[at];) {
        const size_t skip = unseen(text + at);
        if (text[at] == ' ' && text[at + 1] != ' ' && !is_before_unit(text, at))
            space = at;
        if (!skip && ++used > columns - strspn(text, " ") && space)
            return space;
        at += skip ? skip : 1;
    }
    return strlen(text);
}

void ns_wrap_line(FILE *to, const char *line, size_t columns)
{
    const size_t lead = strspn(line, " "), indent = (lead < columns / 2 ? lead : 0) + 2;
    for (bool first = true; *line || first; first = false) {
        if (!first)
            line += strspn(line, " ");
        const size_t end = columns ? line_end(line, first ? 0 : indent, columns) : strlen(line);
        fprintf(to, "%*s%.*s\n", first ? 0 : (int)indent, "", (int)end, line);
        line += end;
        if (!line[strspn(line, " ")])
            break;
    }
}

/* ---- a stream ---- */

#ifdef __linux__

enum { BLOCK = 4096, LONGEST = 8 }; /* bytes of a colour's sequence, or of a character */

typedef struct printable_stream {
    FILE *to;
    bool colours;
    size_t columns; /* 0: lines are as they come */
    char *line;     /* what there is of one; of `size` bytes with the zero */
    size_t line_size, line_length;
    size_t left; /* bytes of `text` from the last write, of which more has to come before they can be told */
    char text[BLOCK + LONGEST + 1];
} printable_stream;

/* The length of one of the sequences that reports write for colours; 0: it is none, -1: more has to come. */
static int colour_length(const char *text)
{
    static const char *const known[] = {"\033[0m", "\033[32m", "\033[33m", "\033[1;31m"};
    int length = 0;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        const size_t have = strlen(text), want = strlen(known[i]);
        if (strncmp(text, known[i], have < want ? have : want) == 0)
            length = have < want ? -1 : (int)want;
    }
    return length;
}

/* Lines go on when they are whole. Where there is no memory for one, it goes on as it is. */
static void put(printable_stream *s, const char *text, size_t size)
{
    if (s->columns && s->line_length + size + 1 > s->line_size) {
        char *more = realloc(s->line, 2 * (s->line_length + size + 1));
        s->line_size = more ? 2 * (s->line_length + size + 1) : s->line_size;
        s->line = more ? more : s->line;
    }
    if (!s->columns || s->line_length + size + 1 > s->line_size) {
        fwrite(text, 1, size, s->to);
        return;
    }
    for (size_t i = 0; i < size; i++) {
        s->line[s->line_length++] = text[i];
        if (text[i] != '\n')
            continue;
        s->line[s->line_length - 1] = '\0';
        ns_wrap_line(s->to, s->line, s->columns);
        s->line_length = 0;
    }
}

/* Writes what can be told of the text; the rest, fewer than LONGEST bytes, moves to its begin. */
static void pass_on(printable_stream *s, size_t size, bool last)
{
    size_t at = 0;
    s->text[size] = '\0';
    while (at < size) {
        const unsigned char *here = (const unsigned char *)s->text + at;
        size_t plain = 0;
        while ((here[plain] >= ' ' && here[plain] < 0x7f) || here[plain] == '\n' || here[plain] == '\t')
            plain++;
        const int colour = plain || !s->colours ? 0 : colour_length(s->text + at);
        const int character = plain || colour ? 0 : ns_utf8_length(here);
        if (!last && size - at < LONGEST && (colour < 0 || (*here >= 0xc2 && !character && size - at < 4)))
            break;
        const size_t whole = plain ? plain : colour > 0 ? (size_t)colour : character ? (size_t)character : 1;
        if (plain || colour > 0 || !ns_is_control(here, character))
            put(s, (const char *)here, whole);
        for (size_t i = 0; !plain && colour <= 0 && ns_is_control(here, character) && i < whole; i++) {
            char escaped[8];
            put(s, escaped, (size_t)snprintf(escaped, sizeof escaped, "\\x%02x", here[i]));
        }
        at += whole;
    }
    s->left = size - at;
    memmove(s->text, s->text + at, s->left);
}

static ssize_t write_printable(void *cookie, const char *data, size_t size)
{
    printable_stream *s = cookie;
    for (size_t done = 0; done < size;) {
        const size_t part = size - done < BLOCK ? size - done : BLOCK;
        memcpy(s->text + s->left, data + done, part);
        done += part;
        pass_on(s, s->left + part, false);
    }
    return fflush(s->to) == 0 && !ferror(s->to) ? (ssize_t)size : 0;
}

static int close_printable(void *cookie)
{
    printable_stream *s = cookie;
    pass_on(s, s->left, true);
    if (s->line_length)
        fwrite(s->line, 1, s->line_length, s->to);
    free(s->line);
    const int result = fflush(s->to) == 0 && !ferror(s->to) ? 0 : EOF;
    free(s);
    return result;
}

FILE *ns_printable_stream(FILE *to, bool colours, size_t columns)
{
    printable_stream *s = calloc(1, sizeof *s);
    const cookie_io_functions_t functions = {.write = write_printable, .close = close_printable};
    FILE *stream = s ? fopencookie(s, "w", functions) : NULL;
    if (!stream) {
        free(s);
        return NULL;
    }
    *s = (printable_stream){.to = to, .colours = colours, .columns = columns};
    setvbuf(stream, NULL, isatty(fileno(to)) ? _IOLBF : _IOFBF, BUFSIZ);
    return stream;
}

#else

FILE *ns_printable_stream(FILE *to, bool colours, size_t columns)
{
    (void)colours;
    (void)columns;
    return to;
}

#endif

/* ---- words that are nearly right ---- */

enum { LONGEST_WORD = 64 };

static int least(int a, int b)
{
    return a < b ? a : b;
}

/* Is the shorter one the beginning or the end of the longer? */
static bool is_part(const char *shorter, size_t size, const char *longer, size_t longer_size)
{
    return size >= 3 && size < longer_size &&
           (strncmp(shorter, longer, size) == 0 || strcmp(shorter, longer + longer_size - size) == 0);
}

/* Optimal string alignment: Levenshtein's distance with exchanges of neighbours. */
int ns_word_distance(const char *given, const char *word)
{
    const size_t n = strlen(given), m = strlen(word);
    int rows[3][LONGEST_WORD + 1], *before = rows[0], *last = rows[1], *now = rows[2];
    if (n > LONGEST_WORD || m > LONGEST_WORD)
        return -1;
    for (size_t j = 0; j <= m; j++)
        last[j] = before[j] = (int)j;
    for (size_t i = 1; i <= n; i++) {
        now[0] = (int)i;
        for (size_t j = 1; j <= m; j++) {
            now[j] = least(last[j - 1] + (given[i - 1] != word[j - 1]), least(last[j], now[j - 1]) + 1);
            if (i > 1 && j > 1 && given[i - 1] == word[j - 2] && given[i - 2] == word[j - 1])
                now[j] = least(now[j], before[j - 2] + 1);
        }
        int *spare = before;
        before = last;
        last = now;
        now = spare;
    }
    const int most = (int)(n / 3 > 1 ? n / 3 : 1);
    if (last[m] <= most)
        return last[m];
    return is_part(given, n, word, m) || is_part(word, m, given, n) ? LONGEST_WORD : -1;
}
