/* A byte's writer is 0 (nothing wrote it), HELD (it was there before the stream began: constants, inputs,
 * variables), EARLIER (what wrote it came before, in memory that streams share) or the number of the command,
 * plus 1. A DMA hands on what it copies: bytes that nothing wrote
 * stay such, for Vela copies allocations that are rounded up; only operations count as readers of values. */
#include "npu/watch/rules.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "npu/internal.h"
#include "npu/memory/internal.h"
#include "npu/operations/internal.h"

#define HELD UINT32_MAX
#define EARLIER (UINT32_MAX - 1)

/* Shadow of the internal memory, behind those of the regions. */
#define INTERNAL NS_NPU_REGIONS

/* Messages of one kind that are written out. */
#define MESSAGES 4

typedef struct shadow_memory {
    const uint8_t *data; /* of the region; regions may be one memory */
    uint64_t size;
    uint32_t *writer;
    uint8_t *read;   /* since it was written */
    uint8_t *loaded; /* by a DMA that copied constants: a table or weights */
} shadow_memory;

struct ns_npu_shadow {
    shadow_memory memories[NS_NPU_REGIONS + 1];
    int messages[NS_NPU_SIGN_COUNT];
    uint32_t settled;     /* the writer of the load that was looked at last */
    bool chain_has_table; /* one that fills the tables' memory, in the chain that the last operation is in */
};

static const struct {
    bool certain;
    const char *text;
} signs[] = {
#define NS_NPU_SIGN(name, certain, sentence) {certain, #name ": " sentence},
#include "npu/watch/shadow.def"
#undef NS_NPU_SIGN
};

static void report(ns_npu_machine *machine, ns_npu_sign sign, const char *what)
{
    ns_npu_statistics *statistics = machine->statistics;
    if (signs[sign].certain) {
        if (statistics->signs++ == 0) {
            statistics->sign = signs[sign].text;
            statistics->sign_command = machine->command;
            statistics->sign_word = machine->commands[machine->command].word;
            statistics->sign_name = ns_npu_running(machine);
        }
    } else if (statistics->possible_signs++ == 0) {
        statistics->possible_sign = signs[sign].text;
    }
    if (machine->shadow->messages[sign]++ < MESSAGES)
        ns_npu_warn(machine, "%s; here %s", signs[sign].text, what);
}

/* ---- making ---- */

static bool make(shadow_memory *memory, const uint8_t *data, uint64_t size, ns_arena *arena)
{
    memory->data = data;
    memory->size = size;
    memory->writer = NS_ARENA_ARRAY(arena, (size_t)size, uint32_t);
    memory->read = NS_ARENA_ARRAY(arena, (size_t)size, uint8_t);
    memory->loaded = NS_ARENA_ARRAY(arena, (size_t)size, uint8_t);
    return memory->writer && memory->read && memory->loaded;
}

static void hold(shadow_memory *memory, uint64_t low, uint64_t high)
{
    for (uint64_t i = low; i < high && i < memory->size; i++)
        memory->writer[i] = HELD;
}

/* What is known of shared memory, into the shadow or (`back`) from it. */
static void share(const ns_npu_stream *stream, shadow_memory *memory, bool back)
{
    for (uint64_t i = 0; stream->shared && i < memory->size; i++)
        if (back)
            stream->shared->written[i] = memory->writer[i] != 0;
        else if (stream->shared->written[i])
            memory->writer[i] = EARLIER;
}

static uint64_t io_bytes(const ns_npu_io *io)
{
    uint64_t bytes = (uint64_t)io->element_bytes;
    for (int d = 0; d < io->rank; d++)
        bytes *= (uint64_t)io->shape[d];
    return bytes;
}

ns_npu_shadow *ns_npu_shadow_new(ns_npu_machine *machine, ns_arena *arena)
{
    ns_npu_shadow *shadow = NS_ARENA_NEW(arena, ns_npu_shadow);
    const ns_npu_stream *stream = machine->stream;
    for (int i = 0; shadow && i < NS_NPU_REGIONS; i++) {
        const ns_npu_region *region = &machine->regions[i];
        shadow_memory *memory = &shadow->memories[i];
        for (int k = 0; k < i && region->data; k++)
            if (shadow->memories[k].data == region->data)
                *memory = shadow->memories[k];
        if (region->data && !memory->data && !make(memory, region->data, region->size, arena))
            return NULL;
        if (region->data && !region->writable)
            hold(memory, 0, region->size);
    }
    if (!shadow || !make(&shadow->memories[INTERNAL], machine->internal, machine->internal_size, arena))
        return NULL;
    share(stream, &shadow->memories[stream->scratch_region], false);
    for (int i = 0; i < stream->variable_count; i++)
        hold(&shadow->memories[stream->variables[i].region], stream->variables[i].offset,
             stream->variables[i].offset + io_bytes(&stream->variables[i]));
    for (int i = 0; i < stream->input_count; i++)
        hold(&shadow->memories[stream->inputs[i].region], stream->inputs[i].offset,
             stream->inputs[i].offset + io_bytes(&stream->inputs[i]));
    return shadow;
}

/* ---- reading ---- */

typedef struct shadow_visit {
    ns_npu_machine *machine;
    shadow_memory *memory;
    const char *what;
    int region;
    bool reported;
} shadow_visit;

static bool read_range(void *context, int64_t low, int64_t high)
{
    shadow_visit *visit = context;
    shadow_memory *memory = visit->memory;
    const int64_t end = high < (int64_t)memory->size ? high : (int64_t)memory->size;
    for (int64_t i = low < 0 ? 0 : low; i < end; i++) {
        memory->read[i] = 1;
        if (memory->writer[i] || visit->reported)
            continue;
        char text[96];
        visit->reported = true;
        snprintf(text, sizeof text, "%s, byte 0x%" PRIx64 " of %s %d", visit->what, (uint64_t)i,
                 visit->region == INTERNAL ? "internal memory" : "region",
                 visit->region == INTERNAL ? 0 : visit->region);
        report(visit->machine, NS_NPU_SIGN_UNWRITTEN_MEMORY, text);
    }
    return false;
}

static void read_bytes(ns_npu_machine *machine, int region, const char *what, int64_t low, uint64_t length)
{
    shadow_visit visit = {machine, &machine->shadow->memories[region], what, region, false};
    read_range(&visit, low, low + (int64_t)length);
}

static bool in_memory(const ns_npu_map *map)
{
    return !map->scalar && !map->chain && !map->unused && map->height > 0 && map->width > 0 && map->depth > 0;
}

/* All stored elements of a map. */
static void visit_map(const ns_npu_map *map, ns_npu_range_visitor *visit, void *context)
{
    const ns_npu_map stored = ns_npu_map_stored(map);
    const ns_npu_box all = {.y1 = stored.height, .x1 = stored.width, .c1 = stored.depth};
    ns_npu_map_ranges(map, &all, visit, context);
}

static void read_map(ns_npu_machine *machine, const ns_npu_map *map)
{
    if (!in_memory(map))
        return;
    shadow_visit visit = {machine, &machine->shadow->memories[map->region], map->name, map->region, false};
    visit_map(map, read_range, &visit);
}

/* ---- writing ---- */

/* A load that is overwritten unread is reported once. */
static void lose(ns_npu_machine *machine, shadow_memory *memory, int64_t at)
{
    ns_npu_shadow *shadow = machine->shadow;
    const uint32_t writer = memory->writer[at];
    if (shadow->settled == writer)
        return;
    shadow->settled = writer;
    for (int64_t i = 0; i < (int64_t)memory->size; i++) /* read in part: what is left may be padding */
        if (memory->writer[i] == writer && memory->read[i])
            return;
    char text[96];
    snprintf(text, sizeof text, "what command %" PRIu32 " loaded to 0x%" PRIx64 "%s", writer - 1,
             (uint64_t)at, memory == &shadow->memories[INTERNAL] ? " of the internal memory" : "");
    report(machine, NS_NPU_SIGN_LOST_LOAD, text);
}

static bool write_range(void *context, int64_t low, int64_t high)
{
    shadow_visit *visit = context;
    shadow_memory *memory = visit->memory;
    for (int64_t i = low; i < high; i++) {
        if (memory->loaded[i] && !memory->read[i])
            lose(visit->machine, memory, i);
        if (memory->writer[i] == HELD && !memory->read[i])
            visit->machine->statistics->unread_input_bytes++;
        memory->writer[i] = (uint32_t)visit->machine->command + 1;
        memory->read[i] = memory->loaded[i] = 0;
    }
    return false;
}

/* Vela loads the tables of a chain before it, and one of int16 fills their memory. */
static void look_at_chain(ns_npu_machine *machine, const ns_npu_operation *operation)
{
    ns_npu_shadow *shadow = machine->shadow;
    const bool goes_on = operation->ifm.chain || (operation->has_ifm2 && operation->ifm2.chain);
    const bool fills = 2 * ns_npu_table_size(operation->table) > machine->family->table_memory;
    char text[64];
    shadow->chain_has_table = shadow->chain_has_table && goes_on;
    snprintf(text, sizeof text, "internal memory at 0x%" PRIx64, (uint64_t)operation->table_address);
    if (fills && shadow->chain_has_table)
        report(machine, NS_NPU_SIGN_SHARED_TABLE, text);
    shadow->chain_has_table = shadow->chain_has_table || fills;
}

void ns_npu_shadow_operation(ns_npu_machine *machine, const ns_npu_operation *operation)
{
    if (!machine->shadow)
        return;
    look_at_chain(machine, operation);
    if (operation->kind != NS_NPU_POOL_NONE)
        read_map(machine, &operation->ifm);
    if (operation->has_ifm2)
        read_map(machine, &operation->ifm2);
    for (int i = 0; i < NS_WEIGHT_STREAMS_MAX; i++)
        read_bytes(machine, operation->weight_region, "weights", operation->weight_base[i],
                   operation->weight_length[i]);
    for (int i = 0; operation->scaling == NS_NPU_SCALING_CHANNEL && i < operation->scale_streams; i++)
        read_bytes(machine, operation->scale_region, "scales", operation->scale_base[i],
                   operation->scale_length[i]);
    read_bytes(machine, INTERNAL, "its table", (int64_t)operation->table_address,
               ns_npu_table_size(operation->table));
    if (!in_memory(&operation->ofm))
        return;
    const ns_npu_map stored = ns_npu_map_stored(&operation->ofm);
    shadow_visit visit = {machine, &machine->shadow->memories[stored.region], "OFM", stored.region, false};
    visit_map(&stored, write_range, &visit);
}

void ns_npu_shadow_copy(ns_npu_machine *machine, const ns_npu_dma *dma, int64_t source, int64_t destination)
{
    if (!machine->shadow)
        return;
    const int to_index = dma->destination.internal ? INTERNAL : dma->destination.region;
    shadow_memory *from = &machine->shadow->memories[dma->source.region];
    shadow_memory *to = &machine->shadow->memories[to_index];
    shadow_visit visit = {machine, to, "DMA destination", to_index, false};
    const bool constant = !machine->regions[dma->source.region].writable;
    for (uint64_t i = 0; i < dma->length; i++) {
        const bool written = from->writer[source + (int64_t)i] != 0;
        from->read[source + (int64_t)i] = 1;
        write_range(&visit, destination + (int64_t)i, destination + (int64_t)i + 1);
        if (!written)
            to->writer[destination + (int64_t)i] = 0;
        to->loaded[destination + (int64_t)i] = constant;
    }
}

/* ---- the end ---- */

/* An output of one of several streams that lies where an input does is handed on. */
static bool is_handed_on(const ns_npu_stream *stream, const ns_npu_io *output)
{
    for (int i = 0; stream->shared && i < stream->input_count; i++)
        if (stream->inputs[i].region == output->region && stream->inputs[i].offset == output->offset &&
            io_bytes(&stream->inputs[i]) == io_bytes(output))
            return true;
    return false;
}

static void finish_output(ns_npu_machine *machine, int index)
{
    const ns_npu_io *io = &machine->stream->outputs[index];
    if (is_handed_on(machine->stream, io))
        return;
    const shadow_memory *memory = &machine->shadow->memories[io->region];
    const uint64_t bytes = io_bytes(io);
    uint64_t missing = 0;
    for (uint64_t i = 0; i < bytes; i++)
        missing += memory->writer[io->offset + i] == 0 || memory->writer[io->offset + i] >= EARLIER;
    char text[96];
    snprintf(text, sizeof text, "%" PRIu64 " of %" PRIu64 " bytes of output %d", missing, bytes, index);
    if (missing)
        report(machine, NS_NPU_SIGN_OUTPUT_NOT_WRITTEN, text);
}

void ns_npu_shadow_finish(ns_npu_machine *machine)
{
    if (!machine->shadow)
        return;
    const ns_npu_stream *stream = machine->stream;
    uint64_t total = 0;
    for (int i = 0; i < stream->output_count; i++)
        finish_output(machine, i);
    share(stream, &machine->shadow->memories[stream->scratch_region], true);
    if (stream->shared) /* another of the model's streams may read the input */
        return;
    for (int k = 0; k < stream->input_count; k++) {
        const ns_npu_io *io = &stream->inputs[k];
        const shadow_memory *memory = &machine->shadow->memories[io->region];
        total += io_bytes(io);
        for (uint64_t i = io->offset; i < io->offset + io_bytes(io); i++)
            machine->statistics->unread_input_bytes += memory->writer[i] == HELD && !memory->read[i];
    }
    char text[96];
    snprintf(text, sizeof text, "%" PRIu64 " of %" PRIu64 " bytes", machine->statistics->unread_input_bytes,
             total);
    if (machine->statistics->unread_input_bytes)
        report(machine, NS_NPU_SIGN_INPUT_NOT_READ, text);
}
