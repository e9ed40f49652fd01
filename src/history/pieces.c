/* A JSON document of any length, read piece by piece: its members, and of the long lists one element at a
 * time. Here text is only cut where a value ends; jansson reads what lies between, and says what is wrong
 * with it. */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/interface.h"
#include "base/system.h"
#include "history/internal.h"

enum { WINDOW = 1 << 16 };

struct ns_pieces {
    const char *path;
    int descriptor, line;
    int64_t offset; /* in the file, of the window's end */
    size_t at, end; /* what of the window is not yet read */
    bool shut;      /* nothing more can be read; errno is 0 at the file's end */
    ns_error error;
    char *text; /* the piece */
    size_t size, capacity;
    bool short_of_memory;
    uint8_t window[WINDOW];
};

/* ---- bytes ---- */

static ns_code open_file(ns_pieces *p, ns_error *error)
{
    struct stat info;
    p->descriptor = ns_system_open(p->path, false);
    if (p->descriptor < 0 || fstat(p->descriptor, &info) != 0)
        return ns_fail_system(error, p->path);
    return S_ISREG(info.st_mode) ? NS_OK : ns_fail(error, NS_ERROR_IO, "%s: not a regular file", p->path);
}

ns_code ns_pieces_open(const char *path, ns_pieces **out, ns_error *error)
{
    *out = calloc(1, sizeof **out);
    if (!*out)
        return ns_fail(error, NS_ERROR_MEMORY, "%s: no memory to read it", path);
    (*out)->path = path;
    (*out)->line = 1;
    const ns_code code = open_file(*out, error);
    if (code != NS_OK) {
        ns_pieces_close(*out);
        *out = NULL;
    }
    return code;
}

void ns_pieces_close(ns_pieces *p)
{
    if (!p)
        return;
    if (p->descriptor >= 0)
        close(p->descriptor);
    free(p->text);
    free(p);
}

static ns_code fill(ns_pieces *p, ns_error *error)
{
    ssize_t n;
    do
        n = read(p->descriptor, p->window, WINDOW);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return ns_fail_system(error, p->path);
    p->at = 0;
    p->end = (size_t)n;
    p->offset += n;
    return NS_OK;
}

/* The next byte, which stays; -1 at the file's end, and where it cannot be read: then p->error tells. */
static int peek(ns_pieces *p)
{
    if (p->at == p->end && !p->shut)
        p->shut = fill(p, &p->error) != NS_OK || p->end == 0;
    return p->shut ? -1 : p->window[p->at];
}

static void skip(ns_pieces *p)
{
    p->line += p->window[p->at++] == '\n';
}

static int peek_token(ns_pieces *p)
{
    int c;
    while ((c = peek(p)) == ' ' || c == '\n' || c == '\r' || c == '\t')
        skip(p);
    return c;
}

ns_code ns_pieces_is_database(ns_pieces *p, bool *out, ns_error *error)
{
    static const char mark[] = "SQLite format 3";
    (void)peek(p);
    *out = p->end > sizeof mark && memcmp(p->window, mark, sizeof mark) == 0;
    return p->error.code == NS_OK ? NS_OK : ns_fail(error, p->error.code, "%s", p->error.message);
}

static ns_code go_to(ns_pieces *p, ns_pieces_place place, ns_error *error)
{
    if (lseek(p->descriptor, (off_t)place.offset, SEEK_SET) < 0)
        return ns_fail_system(error, p->path);
    p->offset = place.offset;
    p->line = place.line;
    p->at = p->end = 0;
    p->shut = false;
    return NS_OK;
}

static ns_pieces_place place_of(const ns_pieces *p)
{
    return (ns_pieces_place){p->offset - (int64_t)(p->end - p->at), p->line};
}

/* ---- values ---- */

/* What was expected where the reader stands, unless the file ends there or cannot be read. */
static ns_code wrong(const ns_pieces *p, const char *what, ns_error *error)
{
    if (p->error.code != NS_OK)
        return ns_fail(error, p->error.code, "%s", p->error.message);
    return ns_fail(error, NS_ERROR_INPUT, "%s:%d: %s", p->path, p->line,
                   p->shut ? "premature end of file" : what);
}

static void keep(ns_pieces *p, char c)
{
    if (p->size == p->capacity) {
        const size_t capacity = p->capacity ? 2 * p->capacity : 4096;
        char *text = realloc(p->text, capacity);
        p->short_of_memory |= !text;
        p->text = text ? text : p->text;
        p->capacity = text ? capacity : p->capacity;
    }
    if (p->size < p->capacity)
        p->text[p->size++] = c;
}

/* A string with its quotes, to its end or the file's. */
static void take_string(ns_pieces *p, bool kept)
{
    bool escaped = false, first = true;
    for (int c; (c = peek(p)) >= 0; first = false) {
        const bool last = c == '"' && !escaped && !first;
        if (kept)
            keep(p, (char)c);
        skip(p);
        escaped = c == '\\' && !escaped;
        if (last)
            return;
    }
}

/* One value, to where it ends or cannot go on. */
static void take_value(ns_pieces *p, bool kept)
{
    int64_t depth = 0;
    for (int c; (c = peek(p)) >= 0;) {
        const bool closes = c == ']' || c == '}';
        if (depth == 0 && (closes || c == ','))
            return;
        if (c == '"') {
            take_string(p, kept);
        } else {
            if (kept)
                keep(p, (char)c);
            skip(p);
        }
        depth += (c == '[' || c == '{') - closes;
        if (depth == 0 && (closes || c == '"'))
            return;
    }
}

/* jansson's value of the piece, whose first line is `line`: ns_json_parse counts from the piece's. */
static ns_code parse(const ns_pieces *p, int line, json_t **out, ns_error *error)
{
    ns_error problem;
    if (p->short_of_memory)
        return ns_fail(error, NS_ERROR_MEMORY, "%s: no memory to read it", p->path);
    if (p->error.code != NS_OK)
        return ns_fail(error, p->error.code, "%s", p->error.message);
    const ns_code code = ns_json_parse((ns_bytes){(const uint8_t *)p->text, p->size}, "", out, &problem);
    if (code != NS_ERROR_INPUT)
        return code == NS_OK ? NS_OK : ns_fail(error, code, "%s%s", p->path, problem.message);
    char *text;
    const long nth = strtol(problem.message + 1, &text, 10);
    return ns_fail(error, code, "%s:%ld%s", p->path, line - 1 + nth, text);
}

/* ---- documents ---- */

/* `{"name": value}`; a list that is to be left out is null in it, and `value` where it stands. */
static ns_code take_member(ns_pieces *p, const char *const *lists, json_t **out, ns_pieces_place *places,
                           ns_error *error)
{
    const int line = p->line;
    p->size = 0;
    keep(p, '{');
    take_string(p, true);
    const size_t length = p->size - 1;
    if (peek_token(p) != ':')
        return wrong(p, "':' expected", error);
    keep(p, ':');
    skip(p);
    int which = 0;
    while (lists[which] &&
           (length != strlen(lists[which]) + 2 || memcmp(p->text + 2, lists[which], length - 2) != 0))
        which++;
    const bool left_out = peek_token(p) == '[' && lists[which];
    if (left_out)
        places[which] = place_of(p);
    take_value(p, !left_out);
    for (const char *null = "null"; left_out && *null; null++)
        keep(p, *null);
    keep(p, '}');
    return parse(p, line, out, error);
}

static ns_code add_member(ns_pieces *p, const char *const *lists, json_t *document, ns_pieces_place *places,
                          ns_error *error)
{
    json_t *member = NULL;
    const int line = p->line;
    NS_TRY(take_member(p, lists, &member, places, error));
    const char *name = json_object_iter_key(json_object_iter(member));
    ns_code code = NS_OK;
    int which = 0;
    while (name && lists[which] && strcmp(lists[which], name) != 0)
        which++;
    if (name && lists[which] && json_is_array(json_object_get(member, name)))
        code = wrong(p, "a list's name has escapes", error);
    else if (name && json_object_get(document, name))
        code =
            ns_fail(error, NS_ERROR_INPUT, "%s:%d: duplicate object key near '\"%s\"'", p->path, line, name);
    else if (json_object_update(document, member) != 0)
        code = ns_fail(error, NS_ERROR_MEMORY, "%s: no memory to read it", p->path);
    json_decref(member);
    return code;
}

/* Behind an item: whether another follows, after a comma. */
static ns_code go_on(ns_pieces *p, char end, bool *more, ns_error *error)
{
    const int c = peek_token(p);
    if (c != ',' && c != end)
        return wrong(p, "',' or the end of a list or an object expected", error);
    skip(p);
    *more = c == ',';
    return NS_OK;
}

static ns_code read_members(ns_pieces *p, const char *const *lists, json_t *document, ns_pieces_place *places,
                            ns_error *error)
{
    if (peek_token(p) != '{')
        return wrong(p, "'{' expected", error);
    skip(p);
    bool more = peek_token(p) != '}';
    if (!more)
        skip(p);
    while (more) {
        if (peek_token(p) != '"')
            return wrong(p, "string expected", error);
        NS_TRY(add_member(p, lists, document, places, error));
        NS_TRY(go_on(p, '}', &more, error));
    }
    return peek_token(p) < 0 && p->error.code == NS_OK ? NS_OK : wrong(p, "end of file expected", error);
}

ns_code ns_pieces_members(ns_pieces *p, const char *const *lists, json_t **out, ns_pieces_place *places,
                          ns_error *error)
{
    json_t *document = json_object();
    *out = NULL;
    if (!document)
        return ns_fail(error, NS_ERROR_MEMORY, "%s: no memory to read it", p->path);
    ns_code code = go_to(p, (ns_pieces_place){0, 1}, error);
    if (code == NS_OK)
        code = read_members(p, lists, document, places, error);
    if (code == NS_OK)
        *out = document;
    else
        json_decref(document);
    return code;
}

/* `[element]`. */
static ns_code take_element(ns_pieces *p, json_t **out, ns_error *error)
{
    const int line = p->line;
    p->size = 0;
    keep(p, '[');
    take_value(p, true);
    keep(p, ']');
    return parse(p, line, out, error);
}

ns_code ns_pieces_elements(ns_pieces *p, ns_pieces_place place, ns_pieces_take take, void *context,
                           ns_error *error)
{
    NS_TRY(go_to(p, place, error));
    if (peek_token(p) != '[')
        return wrong(p, "'[' expected", error);
    skip(p);
    bool more = peek_token(p) != ']';
    while (more) {
        json_t *list = NULL;
        (void)peek_token(p);
        NS_TRY(take_element(p, &list, error));
        const ns_code code = json_array_size(list) == 1 ? take(context, json_array_get(list, 0), error)
                                                        : wrong(p, "a value expected", error);
        json_decref(list);
        NS_TRY(code);
        NS_TRY(go_on(p, ']', &more, error));
    }
    return NS_OK;
}
