/* What base gives the rooms above it. */
#ifndef NS_BASE_INTERFACE_H
#define NS_BASE_INTERFACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "base/bytes.h"
#include "base/escape.h"
#include "npuscope/arena.h"
#include "npuscope/status.h"

/* ---- file.c ---- */

/* File: whole files in and out. Writing is atomic: beside, then renamed. */

/* What the operating system refused, as errno has it: NS_ERROR_MEMORY for want of memory, else NS_ERROR_IO.
 */
ns_code ns_fail_system(ns_error *error, const char *path);

/* The whole of `path` in `arena`. NS_ERROR_IO with the operating system's reason; a file of over
 * 4 GiB, a folder or a device is refused. */
ns_code ns_file_read(const char *path, ns_arena *arena, ns_bytes *out, ns_error *error);

/* Of a file that is none that npuscope reads, what its first bytes say it is and what to do: ": a tar
 * archive;
 * .."; NS_FILE_TEXT of any other text; "" where they say nothing. For the end of a message. */
const char *ns_file_foreign(ns_bytes bytes);

/* The same where a TOSA graph is wanted: models of other kinds, which are read elsewhere, are named too. */
const char *ns_file_not_graph(ns_bytes bytes);

#define NS_FILE_TEXT ": it is text"

/* Writes `bytes` to a new file beside `path` and renames it, so that `path` is never half there; through a
 * symbolic link to its target. A pipe or a device is written where it is. NS_ERROR_IO with the operating
 * system's reason. */
ns_code ns_file_write(const char *path, ns_bytes bytes, ns_error *error);

/* The same of what `give` writes into a sink, which is not in memory at one time. It may be called twice,
 * where the first file could not be named; what it fails with is the result. */
ns_code ns_file_write_pieces(const char *path, ns_code (*give)(ns_sink *sink, void *context, ns_error *error),
                             void *context, ns_error *error);

/* Makes folder `path` and its parents; fine when it exists. */
ns_code ns_folder_make(const char *path, ns_error *error);

/* ---- json.c ---- */

/* JSON: a document is written straight into a buffer whose failures are kept, so that it is whole or an
 * error.
 *
 * A key of NULL is for members of an array and for the whole document; wrong nesting is an error at the end.
 */

#define NS_JSON_DEPTH 32

typedef struct ns_json {
    ns_buffer *buffer;
    int lines;  /* levels whose values have a line each, one space a level; deeper ones share a line. 0:
                   nothing  stands between values */
    int digits; /* of a real: 9 give a float32 back, 17 a double */
    int depth;
    bool filled[NS_JSON_DEPTH]; /* the object or array at that depth has a member */
    char closing[NS_JSON_DEPTH];
    bool wrong; /* nested wrongly */
} ns_json;

/* `indent`: every value has a line. Set `lines` for less. */
ns_json ns_json_begin(ns_buffer *buffer, bool indent, int digits);

/* Open an object or array; ns_json_end closes the innermost one. */
void ns_json_object(ns_json *json, const char *key);
void ns_json_array(ns_json *json, const char *key);
void ns_json_end(ns_json *json);

/* NULL text is null. What is not UTF-8 becomes \xNN, byte by byte. */
void ns_json_text(ns_json *json, const char *key, const char *text);
void ns_json_integer(ns_json *json, const char *key, int64_t value);
void ns_json_real(ns_json *json, const char *key, double value); /* null where it is not finite */
void ns_json_bool(ns_json *json, const char *key, bool value);
void ns_json_null(ns_json *json, const char *key);

/* A document that was written elsewhere, as it stands; the line feed at its end is left out. */
void ns_json_document(ns_json *json, const char *key, ns_bytes document);

/* An array of integers. */
void ns_json_integers(ns_json *json, const char *key, int count, const int64_t *values);

/* Ends the document with a line feed. NS_ERROR_MEMORY, and nothing in *out (it may be NULL), where memory was
 * out at any time; NS_ERROR_INTERNAL for wrong nesting. `what` names the document: "the sweep's JSON". */
ns_code ns_json_finish(ns_json *json, const char *what, ns_bytes *out, ns_error *error);

/* A document that was read, by jansson: the caller gives it back with json_decref. `what` names it in
 * messages: "file:line: .." NS_ERROR_INPUT for bad JSON, and for a key that an object has twice. */
struct json_t;
ns_code ns_json_parse(ns_bytes bytes, const char *what, struct json_t **out, ns_error *error);

/* ---- leftover.c ---- */

/* Leftovers: what a process that is ended from outside must not leave behind: temporary files and folders,
 * and processes that it started. Whoever makes one has a note of it in a list, which the program goes through
 * when a signal ends it (cli/signals.h). The list is the process's, as its signals are. */

typedef struct ns_leftover {
    struct ns_leftover *next;
    const char *path; /* of a file, or of a folder with all that is in it; NULL: none */
    pid_t process;    /* 0: none */
} ns_leftover;

/* mkstemp and mkdtemp, noted before anybody can end the process. `name` must outlive the note. */
int ns_leftover_file(ns_leftover *leftover, char *name);
bool ns_leftover_folder(ns_leftover *leftover, char *name);

/* Between the two nobody ends the process: for what is made otherwise, and noted with ns_leftover_add. */
void ns_leftover_lock(void);
void ns_leftover_unlock(void);
void ns_leftover_add(ns_leftover *leftover);

/* Strikes the note out: what it tells of is gone, or has become something to keep. */
void ns_leftover_drop(ns_leftover *leftover);

/* Ends the processes and removes files and folders. The lock is kept: whoever would make another waits for
 * the end. For a thread that ends the process next. */
void ns_leftover_remove_all(void);

/* ---- printable.c ---- */

/* Text of strangers, escaped (base/escape.h). */

/* ns_printable in `arena`, whole. NULL of NULL, and when memory is out: then ns_arena_was_short tells. */
const char *ns_printable_copy(ns_arena *arena, const char *text);

/* A stream whose text goes to `to`, such as a terminal, with control characters but line feeds and tabs, and
 * what is not UTF-8, as \\xNN; `colours`: the sequences that reports write for colours pass; `columns` above
 * 0: longer lines go on below (ns_wrap_line). NULL: no memory. Close it before `to`. */
FILE *ns_printable_stream(FILE *to, bool colours, size_t columns);

/* Writes a line, of which what passes `columns` (0: no limit) goes on in lines that are indented by 2 more.
 * Words stay whole. */
void ns_wrap_line(FILE *to, const char *line, size_t columns);

/* How far `given` is from `word`, for "did you mean": characters that are wrong, missing, too many or
 * exchanged with their neighbour, up to a third of them (one of few). 64 where one is the beginning or the
 * end of the other, of 3 characters at least. -1: not alike, or longer than 64. */
int ns_word_distance(const char *given, const char *word);

/* Random: a small seeded generator (SplitMix64; Steele, Lea, Flood, OOPSLA 2014): the same numbers on
 * every machine. Its whole state is one word. */

typedef struct ns_random {
    uint64_t state; /* the seed; any value */
} ns_random;

static inline uint64_t ns_random_u64(ns_random *random)
{
    uint64_t z = random->state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/* Uniform in [0, 1), a multiple of 2^-53. */
static inline double ns_random_unit(ns_random *random)
{
    return (double)(ns_random_u64(random) >> 11) * 0x1p-53;
}

/* Uniform in [low, high], both ends included; high - low < 2^63. The modulo's bias is below 2^-10 for
 * spans under 2^53. */
static inline int64_t ns_random_range(ns_random *random, int64_t low, int64_t high)
{
    return low + (int64_t)(ns_random_u64(random) % ((uint64_t)(high - low) + 1));
}

/* ---- tree.c ---- */

/* Tree: a folder with all that is in it. */

/* Removes a file, or a folder with all that is in it; links are not followed. Fine where it is not there. */
ns_code ns_tree_remove(const char *path, ns_error *error);

#endif
