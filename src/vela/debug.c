/* Tables and columns as Vela 5.0.0 to 5.2.0 write them: queue (a row for each operation of the stream: byte
 * offset, number of the scheduled operation), perf and perf_debug (scheduled operations: name of the OFM,
 * shapes), group (operations fused into or chained behind another), source (operators of the graph, ext_key
 * their index), tensors. Source: Vela 5.1.0, regor/compiler/graph_optimiser.cpp (OptimiserDatabase),
 * network_performance.cpp (AddToDatabase), compiler.cpp (RecordNPUOp). */
#include "npuscope/vela_debug.h"

#include <stdlib.h>
#include <string.h>

#include "vela/internal.h"

typedef struct debug_tables {
    ns_debug_table queue, perf, shapes, group, source, tensors;
    ns_debug_index scheduled, performed, shaped, grouped, sources; /* rows by scheduled_id or id */
    int64_t *last_fused;                                           /* of each row of perf */
} debug_tables;

/* For each scheduled operation the one whose result is stored when it runs: itself, or the last that is fused
 * into it: of its group, with no command of its own, and behind it without another command between. */
static ns_code find_last_fused(debug_tables *tables, ns_arena *arena, ns_error *error)
{
    tables->last_fused = NS_ARENA_ARRAY(arena, (size_t)tables->perf.rows, int64_t);
    if (!tables->last_fused)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a debug database");
    for (int i = tables->perf.rows - 1; i >= 0; i--) {
        tables->last_fused[i] = ns_debug_table_number(&tables->perf, i, "id", -1);
        if (i + 1 == tables->perf.rows)
            continue;
        const int64_t next = ns_debug_table_number(&tables->perf, i + 1, "id", -1);
        if (ns_debug_index_row(&tables->grouped, next) >= 0 &&
            ns_debug_index_row(&tables->scheduled, next) < 0)
            tables->last_fused[i] = tables->last_fused[i + 1];
    }
    return NS_OK;
}

static void read_shape(const debug_tables *tables, int64_t id, int64_t *out)
{
    static const char *const columns[] = {"ofm_shape_n", "ofm_shape_h", "ofm_shape_w", "ofm_shape_c"};
    const int row = ns_debug_index_row(&tables->shaped, id);
    for (int i = 0; row >= 0 && i < 4; i++)
        out[i] = ns_debug_table_number(&tables->shapes, row, columns[i], 0);
}

static void read_operation(const debug_tables *tables, int row, ns_vela_debug_operation *out)
{
    *out = (ns_vela_debug_operation){.name = "", .output = "", .source = "", .index = -1};
    out->word = (size_t)ns_debug_table_number(&tables->queue, row, "offset", 0) / 4;
    const int64_t id = ns_debug_table_number(&tables->queue, row, "scheduled_id", -1);
    const int own = ns_debug_index_row(&tables->performed, id);
    if (own < 0)
        return;
    const int64_t stored = tables->last_fused[own];
    const int last = ns_debug_index_row(&tables->performed, stored);
    if (last < 0)
        return;
    out->name = ns_debug_table_text(&tables->perf, own, "operator");
    out->output = ns_debug_table_text(&tables->perf, last, "name");
    read_shape(tables, stored, out->shape);
    const int64_t source = ns_debug_table_number(&tables->perf, own, "source_id", -1);
    const int origin = ns_debug_index_row(&tables->sources, source);
    if (origin < 0)
        return;
    out->source = ns_debug_table_text(&tables->source, origin, "operator");
    out->index = (int)ns_debug_table_number(&tables->source, origin, "ext_key", -1);
}

static void read_tensor(const debug_tables *tables, int row, ns_vela_debug_tensor *out)
{
    out->name = ns_debug_table_text(&tables->tensors, row, "name");
    out->type = ns_debug_table_text(&tables->tensors, row, "data_type");
    out->address = (uint64_t)ns_debug_table_number(&tables->tensors, row, "start_address", 0);
    out->size = (uint64_t)ns_debug_table_number(&tables->tensors, row, "size", 0);
    out->brick = strcmp(ns_debug_table_text(&tables->tensors, row, "format"), "NHCWB16") == 0;
}

static int by_word(const void *a, const void *b)
{
    const ns_vela_debug_operation *x = a, *y = b;
    return (x->word > y->word) - (x->word < y->word);
}

static ns_code read_tables(ns_bytes file, ns_arena *arena, debug_tables *out, ns_error *error)
{
    NS_TRY(ns_debug_table_read(file, "queue", arena, &out->queue, error));
    NS_TRY(ns_debug_table_read(file, "perf", arena, &out->perf, error));
    NS_TRY(ns_debug_table_read(file, "perf_debug", arena, &out->shapes, error));
    NS_TRY(ns_debug_table_read(file, "group", arena, &out->group, error));
    NS_TRY(ns_debug_table_read(file, "source", arena, &out->source, error));
    NS_TRY(ns_debug_table_read(file, "tensors", arena, &out->tensors, error));
    if (!out->queue.columns)
        return ns_fail(
            error, NS_ERROR_INPUT,
            "no debug database of Vela: it has no table called queue (--enable-debug-db writes one)");
    NS_TRY(ns_debug_table_index(&out->queue, "scheduled_id", arena, &out->scheduled, error));
    NS_TRY(ns_debug_table_index(&out->perf, "id", arena, &out->performed, error));
    NS_TRY(ns_debug_table_index(&out->shapes, "id", arena, &out->shaped, error));
    NS_TRY(ns_debug_table_index(&out->group, "id", arena, &out->grouped, error));
    NS_TRY(ns_debug_table_index(&out->source, "id", arena, &out->sources, error));
    return find_last_fused(out, arena, error);
}

ns_code ns_vela_debug_read(const void *data, size_t size, ns_arena *arena, ns_vela_debug **out,
                           ns_error *error)
{
    debug_tables tables;
    NS_TRY(read_tables((ns_bytes){data, size}, arena, &tables, error));
    ns_vela_debug *debug = NS_ARENA_NEW(arena, ns_vela_debug);
    if (debug) {
        debug->operations = NS_ARENA_ARRAY(arena, (size_t)tables.queue.rows, ns_vela_debug_operation);
        debug->tensors = NS_ARENA_ARRAY(arena, (size_t)tables.tensors.rows, ns_vela_debug_tensor);
    }
    if (!debug || !debug->operations || !debug->tensors)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a debug database");
    debug->operation_count = tables.queue.rows;
    debug->tensor_count = tables.tensors.rows;
    for (int i = 0; i < tables.queue.rows; i++)
        read_operation(&tables, i, &debug->operations[i]);
    for (int i = 0; i < tables.tensors.rows; i++)
        read_tensor(&tables, i, &debug->tensors[i]);
    qsort(debug->operations, (size_t)debug->operation_count, sizeof *debug->operations, by_word);
    *out = debug;
    return NS_OK;
}

const ns_vela_debug_operation *ns_vela_debug_find(const ns_vela_debug *debug, size_t word)
{
    const ns_vela_debug_operation key = {.word = word};
    return debug->operation_count
               ? bsearch(&key, debug->operations, (size_t)debug->operation_count, sizeof key, by_word)
               : NULL;
}
