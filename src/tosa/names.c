#include "tosa/internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/interface.h"
#include "npuscope/graph.h"

static int compare(const void *a, const void *b)
{
    return strcmp(((const ns_name *)a)->text, ((const ns_name *)b)->text);
}

ns_code ns_names_make(const ns_block *block, ns_arena *arena, ns_names *names, ns_error *error)
{
    *names = (ns_names){block->tensor_count, NS_ARENA_ARRAY(arena, (size_t)block->tensor_count, ns_name)};
    if (!names->sorted)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for %d names", names->count);
    for (int i = 0; i < names->count; i++)
        names->sorted[i] = (ns_name){block->tensors[i].name, i};
    qsort(names->sorted, (size_t)names->count, sizeof *names->sorted, compare);
    for (int i = 1; i < names->count; i++)
        if (!strcmp(names->sorted[i - 1].text, names->sorted[i].text))
            return ns_fail(error, NS_ERROR_INPUT, "two tensors have the name \"%s\": each needs its own",
                           names->sorted[i].text);
    return NS_OK;
}

int ns_names_find(const ns_names *names, ns_bytes name)
{
    int low = 0, high = names->count;
    while (low < high) {
        const int middle = low + (high - low) / 2;
        const char *text = names->sorted[middle].text;
        int order = strncmp(text, (const char *)name.data, name.size);
        if (!order)
            order = text[name.size] != 0;
        if (!order)
            return names->sorted[middle].index;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return -1;
}

/* Tried with tosa_reference_model of tosa-tools 2026.5.0: of several regions with the name it takes the
 * first, of several blocks in the region the first, whatever they are called; a block's own name finds
 * nothing. */
const ns_block *ns_graph_find_block(const ns_graph *graph, const char *name)
{
    for (int i = 0; name && i < graph->region_count; i++) {
        const ns_region *region = &graph->regions[i];
        if (region->name && strcmp(region->name, name) == 0)
            return region->block_count > 0 ? &region->blocks[0] : NULL;
    }
    return NULL;
}

/* ---- what an operator was in the source model ---- */

/* A piece of a location's text, as it stands there: escapes stay. */
typedef struct piece {
    const char *text;
    int size;
} piece;

typedef struct source {
    piece path, type, function; /* "n", "LayerNorm", "layer_norm"; no text: not known */
    bool root;                  /* the model itself, beside its modules: the path is empty */
    piece file, line;           /* the deepest that is no package's */
} source;

static const char *behind(const char *at, const char *set)
{
    return at + strspn(at, set);
}

/* Takes the JSON string at *at, without its quotes; false: there is none. */
static bool take_string(const char **at, piece *out)
{
    const char *start = behind(*at, " \t\n,:[");
    if (*start != '"')
        return false;
    const char *end = ++start;
    while (*end && *end != '"')
        end += *end == '\\' && end[1] ? 2 : 1;
    *out = (piece){start, (int)(end - start)};
    *at = *end ? end + 1 : end;
    return true;
}

/* What is behind the key, or NULL. */
static const char *find_key(const char *json, const char *key)
{
    const char *at = strstr(json, key);
    return at ? behind(at + strlen(key), " \t\n:") : NULL;
}

/* "torch.nn.modules.normalization.LayerNorm": the last word. */
static piece last_word(piece name)
{
    int at = name.size;
    while (at > 0 && name.text[at - 1] != '.')
        at--;
    return (piece){name.text + at, name.size - at};
}

static bool holds(piece p, piece word)
{
    for (int i = 0; i + word.size <= p.size; i++)
        if (!strncmp(p.text + i, word.text, (size_t)word.size))
            return true;
    return false;
}

/* {"key": ["path", "type"], ..}, from the model to the innermost module. Export's own wrapper is none. */
static void take_module(const char *json, source *s)
{
    const char *at = find_key(json, "\"nn_module_stack\"");
    piece key, path, type, name, function;
    if (!at || *at != '{')
        return;
    for (at++; take_string(&at, &key) && take_string(&at, &path) && take_string(&at, &type);
         at = behind(at, " \t\n]"))
        if (path.size || !holds(type, (piece){"<locals>", 8})) {
            s->path = path;
            s->type = last_word(type);
            s->root = !path.size;
        }
    at = find_key(json, "\"torch_fn\"");
    if (s->root && at && *at == '[' && take_string(&at, &name) && take_string(&at, &function))
        s->function = last_word(function);
}

/* File \"model.py\", line 12, in forward */
static void take_file(const char *json, source *s)
{
    static const char quoted[] = "\\\"", before_line[] = ", line ";
    const char *at = find_key(json, "\"stack_trace\""), *end = at ? strstr(at, "\"node_trace\"") : NULL;
    while (at && (at = strstr(at, "File \\\"")) && (!end || at < end)) {
        const char *start = at + strlen("File \\\""), *stop = strstr(start, quoted);
        const char *line = stop ? stop + strlen(quoted) : NULL;
        at = start;
        if (!line || strncmp(line, before_line, strlen(before_line)) != 0)
            continue;
        line += strlen(before_line);
        const piece file = {start, (int)(stop - start)};
        if (!holds(file, (piece){"-packages/", 10})) {
            s->file = file;
            s->line = (piece){line, (int)strspn(line, "0123456789")};
        }
    }
}

/* ExecuTorch's dump_debug_info(DebugMode.TOSA) leaves JSON: aten_info, torch_info with stack_trace,
 * nn_module_stack and torch_fn (executorch 1.5.1, backends/arm/debug/schema.py). */
static bool read_source(const char *location, source *s)
{
    *s = (source){0};
    if (!location || *location != '{')
        return false;
    take_module(location, s);
    take_file(location, s);
    return s->path.size || s->root;
}

/* The first of ExecuTorch's passes that the location names: "/decompose_layernorm_pass.py". */
static piece first_pass(const char *location)
{
    const char *at = strstr(location, "/_passes/"), *end = at ? strstr(at, ".py") : NULL;
    return end ? (piece){at, (int)(end - at) + 3} : (piece){0};
}

static bool names_pass(const char *location, piece pass)
{
    return !pass.size || (location && holds((piece){location, (int)strlen(location)}, pass));
}

/* The nearest operator before `index` whose result goes into it, else behind it what reads it, with a module
 * and made by `pass`; -1: none. */
static int find_neighbour(const ns_block *block, int index, piece pass, bool *touched, source *s)
{
    const int step[] = {-1, 1};
    for (int way = 0; way < 2; way++) {
        memset(touched, 0, (size_t)block->tensor_count * sizeof *touched);
        for (int i = index; i >= 0 && i < block->operator_count; i += step[way]) {
            const ns_operator *op = &block->operators[i];
            const int reached = way ? op->input_count : op->output_count;
            const int next = way ? op->output_count : op->input_count;
            bool on_way = i == index;
            for (int k = 0; k < reached; k++)
                on_way = on_way || touched[(way ? op->inputs : op->outputs)[k]];
            if (on_way && i != index && names_pass(op->location, pass) && read_source(op->location, s))
                return i;
            for (int k = 0; k < next && on_way; k++)
                touched[(way ? op->outputs : op->inputs)[k]] = true;
        }
    }
    return -1;
}

static const char *source_text(const source *s, ns_arena *arena)
{
    const char *whole = s->root ? "the model itself" : "";
    return ns_arena_format(arena, "module: %s%.*s (%.*s)%s%.*s%s%.*s%s%.*s", whole, s->path.size,
                           s->path.size ? s->path.text : "", s->type.size, s->type.size ? s->type.text : "",
                           s->function.size ? ", " : "", s->function.size,
                           s->function.size ? s->function.text : "", s->file.size ? ", " : "", s->file.size,
                           s->file.size ? s->file.text : "", s->line.size ? ":" : "", s->line.size,
                           s->line.size ? s->line.text : "");
}

static ns_code from_neighbour(const ns_block *block, int index, ns_arena *arena, const char **text,
                              ns_error *error)
{
    source s;
    bool *touched = calloc((size_t)block->tensor_count + 1, sizeof *touched);
    if (!touched)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for an operator's source");
    const piece pass = first_pass(block->operators[index].location);
    int neighbour = find_neighbour(block, index, pass, touched, &s);
    if (neighbour < 0) /* a pass that works on single operators */
        neighbour = find_neighbour(block, index, (piece){0}, touched, &s);
    free(touched);
    if (neighbour < 0)
        return NS_OK;
    const ns_operator *op = &block->operators[neighbour];
    *text = source_text(&s, arena);
    if (*text)
        *text = ns_arena_format(arena, "%s (taken from its neighbour '%s')", *text,
                                op->output_count ? block->tensors[op->outputs[0]].name : "");
    return *text ? NS_OK : ns_fail(error, NS_ERROR_MEMORY, "no memory for an operator's source");
}

ns_code ns_operator_source(const ns_block *block, int index, ns_arena *arena, const char **out,
                           ns_error *error)
{
    enum { LONGEST = 160 };
    source s;
    const char *location = block->operators[index].location, *text = NULL;
    *out = NULL;
    if (!location || !location[0])
        return NS_OK;
    if (read_source(location, &s))
        text = source_text(&s, arena);
    else if (*location == '{')
        NS_TRY(from_neighbour(block, index, arena, &text, error));
    else
        text = ns_arena_format(arena, "%.*s%s", LONGEST, location, strlen(location) > LONGEST ? ".." : "");
    if (!text && *location == '{' && !ns_arena_was_short(arena))
        return NS_OK;
    *out = text ? ns_printable_copy(arena, text) : NULL;
    return *out ? NS_OK : ns_fail(error, NS_ERROR_MEMORY, "no memory for an operator's source");
}
