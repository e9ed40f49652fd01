/* Vela: finds Arm's compiler, compiles many graphs in one of its processes, and keeps what it made. */
#ifndef NPUSCOPE_VELA_H
#define NPUSCOPE_VELA_H

#include "npuscope/npu.h"

#ifdef __cplusplus
extern "C" {
#endif

/* An installed Vela. */
typedef struct ns_vela {
    const char *python;  /* the interpreter that has it */
    const char *version; /* "5.1.0" */
    const char
        *contents; /* digest of the installation's files: a patched Vela is another one; NULL: not known */
} ns_vela;

/* Finds Vela: `path` (a vela script, a Python interpreter, or a virtual environment's folder), or with
 * NULL: $NPUSCOPE_VELA (set and empty: there is none), beside the program, the venv of the build that made
 * it, PATH, in this order. NS_ERROR_TOOL_MISSING says how to get it; NS_ERROR_USAGE when a path that was
 * given has no Vela. */
ns_code ns_vela_find(const char *path, ns_arena *arena, ns_vela *out, ns_error *error);

typedef enum ns_vela_outcome {
    NS_VELA_NOT_RUN,  /* as a request begins */
    NS_VELA_COMPILED, /* npz has the raw output */
    NS_VELA_REFUSED,  /* Vela says that it cannot place the graph on the NPU; reason has its words */
    NS_VELA_CRASHED,  /* it died or failed in itself; reason says how */
} ns_vela_outcome;

/* One graph for one accelerator. */
typedef struct ns_vela_request {
    const void *graph; /* a .tosa or .tflite file's bytes */
    size_t graph_size;
    bool is_tflite;
    ns_accelerator accelerator;
    const char *flags; /* further options, separated by spaces; "" or NULL: none */
    bool want_debug;   /* the debug database too (vela_debug.h); the stream is the same */

    ns_vela_outcome outcome; /* out: this and the following */
    bool from_cache;
    const void *npz;
    size_t npz_size;
    const void *debug; /* the database's bytes; NULL: not wanted, or not compiled */
    size_t debug_size;
    const char *reason;
} ns_vela_request;

typedef struct ns_vela_options {
    size_t size;                                          /* sizeof(ns_vela_options), or 0 (status.h) */
    const char *cache;                                    /* folder; NULL: ns_vela_cache_folder's */
    bool no_cache;                                        /* neither read nor write it */
    void (*progress)(void *context, int done, int count); /* may be NULL */
    void (*warn)(void *context, const char *text);        /* of the cache; may be NULL */
    void *context;
} ns_vela_options;

/* Compiles the requests that the cache does not have, all in one process of Vela; where that dies, the
 * graph at hand is CRASHED and a new process goes on with the next. Results are made in `arena`.
 * Several processes may use one cache folder at once: entries appear whole or not at all. */
ns_code ns_vela_compile(const ns_vela *vela, const ns_vela_options *options, ns_vela_request *requests,
                        int count, ns_arena *arena, ns_error *error);

/* The options that one accelerator is compiled with: system configuration, memory mode, arena size; the
 * ones that ExecuTorch's Arm tests use (backends/arm/test/common.py, ExecuTorch 1.5.0). */
const char *ns_vela_flags(ns_accelerator accelerator);

/* $NPUSCOPE_CACHE, or npuscope/vela in $XDG_CACHE_HOME or ~/.cache. */
ns_code ns_vela_cache_folder(ns_arena *arena, const char **out, ns_error *error);

typedef struct ns_vela_cache_info {
    size_t entries;
    uint64_t bytes;
    size_t leftovers; /* temporary files of runs that were killed */
} ns_vela_cache_info;

/* What the cache folder holds; an absent folder holds nothing. */
ns_code ns_vela_cache_show(const char *folder, ns_vela_cache_info *out, ns_error *error);

/* Removes the cache's own files; others in the folder stay. */
ns_code ns_vela_cache_clear(const char *folder, ns_vela_cache_info *removed, ns_error *error);

#ifdef __cplusplus
}
#endif

#endif
