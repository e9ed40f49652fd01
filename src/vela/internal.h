/* What the files of vela give each other. */
#ifndef NS_VELA_INTERNAL_H
#define NS_VELA_INTERNAL_H

#include <nettle/sha2.h>
#include <stdio.h>
#include <sys/types.h>

#include "base/bytes.h"
#include "base/interface.h"
#include "base/system.h"
#include "npuscope/vela.h"

/* ---- cache.c ---- */

/* Cache: what Vela made, kept by content. An entry is <key>.entry (entry.h); the key is the SHA-256 of the
 * graph, the options, and the installation's files. Processes can share a folder. */

/* What a run makes in the cache folder for itself: NS_VELA_RUN<process>.XXXXXX, and an entry in the making.
 */
#define NS_VELA_RUN "run."
#define NS_VELA_PART "part."

/* 64 hexadecimal digits, in `arena`. */
ns_code ns_vela_cache_key(const ns_vela *vela, const ns_vela_request *request, ns_arena *arena,
                          const char **out, ns_error *error);

/* Fills the request from the cache; leaves it as it is when there is no entry. *damage: what is wrong with
 * the entry, which is then as good as none; NULL: nothing. */
ns_code ns_vela_cache_get(const char *folder, const char *key, ns_vela_request *request, const char **damage,
                          ns_arena *arena, ns_error *error);

/* Keeps what the request became. */
ns_code ns_vela_cache_put(const char *folder, const char *key, const ns_vela_request *request,
                          ns_arena *arena, ns_error *error);

/* Removes <prefix><process>.* in `folder` of processes that are gone; how many there were. */
size_t ns_vela_sweep(const char *folder, const char *prefix);

/* ---- debug_table.c ---- */

/* Debug table: one table of Vela's debug database, comma-separated values inside an XML file. */

typedef struct ns_debug_table {
    const char *name;
    int columns, rows;
    const char **cells; /* rows * columns texts, unquoted; row 0 is the first below the heading */
    const char **heading;
} ns_debug_table;

/* Reads the table called `name`; one that the file does not have is empty (Vela's releases differ). Texts are
 * made in `arena`. NS_ERROR_INPUT for a row whose cells do not match the heading. */
ns_code ns_debug_table_read(ns_bytes file, const char *name, ns_arena *arena, ns_debug_table *out,
                            ns_error *error);

/* Cell of a row by its column's name; "" where there is no such column. */
const char *ns_debug_table_text(const ns_debug_table *table, int row, const char *column);

/* The same as a number, decimal or 0x hexadecimal; `missing` where it is none. */
int64_t ns_debug_table_number(const ns_debug_table *table, int row, const char *column, int64_t missing);

/* A table's rows by the numbers of one column. */
typedef struct ns_debug_entry {
    int64_t value;
    int row;
} ns_debug_entry;

typedef struct ns_debug_index {
    int count;
    ns_debug_entry *entries; /* sorted */
} ns_debug_index;

ns_code ns_debug_table_index(const ns_debug_table *table, const char *column, ns_arena *arena,
                             ns_debug_index *out, ns_error *error);

/* The first row whose column holds `value`; -1 for none. */
int ns_debug_index_row(const ns_debug_index *index, int64_t value);

/* ---- digest.c ---- */

/* Digest: SHA-256 of parts. Every part is preceded by its length, so that no two lists of parts give the same
 * bytes. */

typedef struct sha256_ctx ns_digest;

void ns_digest_begin(ns_digest *digest);
void ns_digest_part(ns_digest *digest, const void *data, size_t size);
void ns_digest_text(ns_digest *digest, const char *text); /* NULL is "" */

/* The SHA256_DIGEST_SIZE bytes; or 64 hexadecimal digits in `arena`, NULL when memory is out. */
void ns_digest_end(ns_digest *digest, uint8_t out[SHA256_DIGEST_SIZE]);
const char *ns_digest_end_text(ns_digest *digest, ns_arena *arena);

/* ---- entry.c ---- */

/* Entry: what Vela made of one request, as one file of the cache: sizes, checksum, and the parts. */

/* Fills outcome and results of the request from the bytes. NS_ERROR_INPUT says what is damaged. */
ns_code ns_vela_entry_read(const void *data, size_t size, ns_arena *arena, ns_vela_request *request,
                           ns_error *error);

/* Writes the request's results to `folder`/`name`: to a temporary file, to the disk, and renamed, so that the
 * entry is whole or not there, whatever happens. */
ns_code ns_vela_entry_write(const char *folder, const char *name, const ns_vela_request *request,
                            ns_error *error);

/* ---- installation.c ---- */

/* Installation: what makes one Vela another one: the contents of its files. */

/* A digest of all files below `folders` (`count` paths) but what Python compiled of them: of their names
 * within the folder, and of their bytes. 64 hexadecimal digits in `arena`. */
ns_code ns_vela_installation(const char *const *folders, int count, ns_arena *arena, const char **out,
                             ns_error *error);

/* ---- process.c ---- */

/* Process: a child process whose standard output is read line by line. */

typedef struct ns_process {
    pid_t id;
    ns_leftover leftover; /* ended with this process */
    FILE *output;
} ns_process;

/* Starts arguments[0] (looked up on PATH) with standard input from /dev/null. NS_ERROR_TOOL_MISSING when
 * there is no such program. */
ns_code ns_process_start(const char *const *arguments, ns_process *out, ns_error *error);

/* ns_system_start, noted as a leftover until that is dropped, after the process was waited for. 0, or the
 * system's error number. */
int ns_process_spawn(const char *const *arguments, const int ends[2], const char *setting, pid_t *id,
                     ns_leftover *leftover);

/* Closes the output and waits. *exit_code: 0 to 255, or 256 plus the number of the signal that ended it. */
ns_code ns_process_wait(ns_process *process, int *exit_code, ns_error *error);

/* ---- server.c ---- */

/* Server: one process of Vela that is kept, to which graphs are sent one after another. For searches: a graph
 * takes what the compiler core takes, milliseconds, and nothing touches the disk. */

typedef struct ns_vela_server ns_vela_server;

/* One compilation: a set of options for one accelerator. */
typedef struct ns_vela_job {
    ns_accelerator accelerator;
    const char *options; /* all but the accelerator, separated by spaces */

    ns_vela_outcome outcome; /* out: this and the following */
    const char *reason;      /* of a refusal or crash; "Vela hung" where it did not answer in time */
    ns_npu_parts parts;      /* of a compilation */
} ns_vela_job;

/* Starts nothing yet. One compilation may take `timeout` seconds of processor time. */
ns_code ns_vela_server_new(const ns_vela *vela, double timeout, ns_arena *arena, ns_vela_server **out,
                           ns_error *error);

/* Hands one graph over, to be compiled for each job; what the server was sent before must have been received.
 * Does not wait for the compilation. */
ns_code ns_vela_server_send(ns_vela_server *server, const void *graph, size_t size, const ns_vela_job *jobs,
                            int count, ns_arena *arena, ns_error *error);

/* Waits for what was sent, with the same graph and jobs; results lie in `arena`. A crash or a hang settles
 * the job at hand; a crash costs a fork of a process that has imported Vela, a hang a start of Vela. The
 * errors are the machine's: no process, no memory. */
ns_code ns_vela_server_receive(ns_vela_server *server, const void *graph, size_t size, ns_vela_job *jobs,
                               int count, ns_arena *arena, ns_error *error);

/* Workers so far: one, and one more for each crash or hang. */
int ns_vela_server_starts(const ns_vela_server *server);

/* Ends the process, and removes the script. */
void ns_vela_server_end(ns_vela_server *server);

#endif
