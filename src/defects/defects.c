#include "npuscope/defects.h"

#include <stdio.h>
#include <string.h>

#include "defects/pattern.h"

#define NS_U55 NS_FAMILY_U55
#define NS_U65 NS_FAMILY_U65
#define NS_U85 NS_FAMILY_U85
#define NS_U5 (NS_FAMILY_U55 | NS_FAMILY_U65)
#define NS_ALL (NS_FAMILY_U55 | NS_FAMILY_U65 | NS_FAMILY_U85)

/* Of rows that only a stream or a .tflite shows. */
bool ns_defect_met_never(const ns_pattern *p, ns_op_ref op)
{
    (void)p;
    (void)op;
    return false;
}

typedef bool (*matcher)(const ns_pattern *p, ns_op_ref op);

static const ns_defect_info infos[] = {
#define NS_DEFECT(id, kind, releases, families, matcher, what, avoid, options, cause) \
    {#id, NS_DEFECT_KIND_##kind, releases, families, what, avoid, options, cause},
#include "npuscope/known_defects.def"
#undef NS_DEFECT
};

static const matcher matchers[] = {
#define NS_DEFECT(id, kind, releases, families, matcher, ...) ns_defect_met_##matcher,
#include "npuscope/known_defects.def"
#undef NS_DEFECT
};

const ns_defect_info *ns_defect_get_info(ns_defect defect)
{
    return &infos[defect];
}

const char *ns_defect_kind_text(ns_defect_kind kind)
{
    static const char *const texts[] = {"wrong", "fault", "crash", "hazard", "open"};
    return texts[kind];
}

const char *ns_families_text(unsigned families, char text[16])
{
    snprintf(text, 16, "%s%s%s", families & NS_FAMILY_U55 ? " u55" : "",
             families & NS_FAMILY_U65 ? " u65" : "", families & NS_FAMILY_U85 ? " u85" : "");
    memmove(text, text + (*text == ' '), strlen(text) + !*text);
    return text;
}

unsigned ns_accelerator_family(ns_accelerator accelerator)
{
    static const unsigned families[] = {
#define NS_ACCELERATOR(name, text, family, product, macs, cores, lut_bank) NS_FAMILY_##family,
#include "npuscope/accelerators.def"
#undef NS_ACCELERATOR
        NS_ALL,
    };
    return families[accelerator];
}

/* Whether `word` is one of the words of `list`. */
static bool has_word(const char *list, const char *word)
{
    const size_t length = strlen(word);
    for (const char *at = list; length && (at = strstr(at, word)); at += length)
        if ((at == list || at[-1] == ' ') && (at[length] == ' ' || !at[length]))
            return true;
    return false;
}

bool ns_defect_concerns(ns_defect defect, unsigned families, const char *release)
{
    return (infos[defect].families & families) && (!release || has_word(infos[defect].releases, release));
}

bool ns_defect_has_release(ns_defect defect, const char *release)
{
    return has_word(infos[defect].releases, release);
}

bool ns_defects_know_release(const char *release)
{
    for (int i = 0; i < NS_DEFECT_COUNT; i++)
        if (has_word(infos[i].releases, release))
            return true;
    return false;
}

/* The families of `families` for which the row's pattern is met. */
static unsigned met(ns_pattern *p, ns_op_ref op, ns_defect defect, unsigned families)
{
    unsigned found = 0;
    for (unsigned family = NS_FAMILY_U55; family <= NS_FAMILY_U85; family <<= 1) {
        p->family = family;
        if (family & families & infos[defect].families && matchers[defect](p, op))
            found |= family;
    }
    return found;
}

typedef struct match_list {
    ns_arena *arena;
    ns_defect_match *matches;
    int count, capacity;
} match_list;

static ns_code add(match_list *list, ns_defect_match match, ns_error *error)
{
    if (list->count == list->capacity) {
        const int capacity = list->capacity ? 2 * list->capacity : 16;
        ns_defect_match *grown = NS_ARENA_ARRAY(list->arena, (size_t)capacity, ns_defect_match);
        if (!grown)
            return ns_fail(error, NS_ERROR_MEMORY, "no memory for %d known defects", capacity);
        if (list->count)
            memcpy(grown, list->matches, (size_t)list->count * sizeof *grown);
        list->matches = grown;
        list->capacity = capacity;
    }
    list->matches[list->count++] = match;
    return NS_OK;
}

static ns_code find_in_block(const ns_block *block, unsigned families, const char *release, match_list *list,
                             ns_error *error)
{
    ns_pattern p;
    NS_TRY(ns_pattern_make(block, list->arena, &p, error));
    for (int i = 0; i < block->operator_count; i++)
        for (ns_defect defect = 0; defect < NS_DEFECT_COUNT; defect++) {
            if (!ns_defect_concerns(defect, families, release))
                continue;
            const unsigned found = met(&p, &block->operators[i], defect, families);
            if (found)
                NS_TRY(add(list, (ns_defect_match){defect, block, i, found}, error));
        }
    return NS_OK;
}

ns_code ns_defects_find(const ns_graph *graph, unsigned families, const char *release, ns_arena *arena,
                        ns_defect_match **matches, int *count, ns_error *error)
{
    match_list list = {.arena = arena};
    for (int r = 0; r < graph->region_count; r++)
        for (int b = 0; b < graph->regions[r].block_count; b++)
            NS_TRY(find_in_block(&graph->regions[r].blocks[b], families, release, &list, error));
    *matches = list.matches;
    *count = list.count;
    return NS_OK;
}

static bool is_listed(const ns_defect *defects, int count, ns_defect defect)
{
    for (int i = 0; i < count; i++)
        if (defects[i] == defect)
            return true;
    return false;
}

ns_code ns_defects_met(const ns_graph *graph, unsigned families, const char *release, ns_arena *arena,
                       const ns_defect **defects, int *count, ns_error *error)
{
    ns_defect_match *matches = NULL;
    int match_count = 0;
    *count = 0;
    ns_error failure = {0};
    if (ns_graph_validate(graph, &failure) != NS_OK)
        return ns_code_ends_run(failure.code) ? ns_fail(error, failure.code, "%s", failure.message) : NS_OK;
    NS_TRY(ns_defects_find(graph, families, release, arena, &matches, &match_count, error));
    ns_defect *met = NS_ARENA_ARRAY(arena, (size_t)match_count, ns_defect);
    if (!met)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for known defects");
    for (int i = 0; i < match_count; i++)
        if (!is_listed(met, *count, matches[i].defect))
            met[(*count)++] = matches[i].defect;
    *defects = met;
    return NS_OK;
}
