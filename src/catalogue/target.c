#include "catalogue/internal.h"

#include <string.h>

#include "base/bytes.h"

const ns_suite_target ns_suite_targets[] = {
#define NS_ACCELERATOR(text, target, accelerator) {text, NS_TARGET_##target, accelerator, NULL},
#include "catalogue/accelerators.def"
#undef NS_ACCELERATOR
};
const int ns_suite_target_count = sizeof ns_suite_targets / sizeof ns_suite_targets[0];

static const struct memory_mode {
    const char *name;
    int families, cache;
} modes[] = {
#define NS_MEMORY_MODE(name, families, cache) {name, families, cache},
#include "npuscope/memory_modes.def"
#undef NS_MEMORY_MODE
};
enum { MODE_COUNT = sizeof modes / sizeof modes[0] };

const ns_suite_target *ns_suite_target_find(const char *name)
{
    for (int i = 0; i < ns_suite_target_count; i++)
        if (strcmp(ns_suite_targets[i].name, name) == 0)
            return &ns_suite_targets[i];
    return NULL;
}

typedef struct finder {
    const ns_suite_options *options;
    ns_arena *arena;
    const ns_suite_target **targets;
    int count;
} finder;

static ns_code no_memory(ns_error *error)
{
    return ns_fail(error, NS_ERROR_MEMORY, "no memory for the targets");
}

static bool is_accelerator(const ns_suite_target *target)
{
    return strcmp(target->name, target->accelerator) == 0;
}

static bool has_mode(const ns_suite_target *target, const struct memory_mode *mode)
{
    const char *family = target->accelerator + strlen("ethos-");
    const int bit = strncmp(family, "u55", 3) == 0   ? NS_FAMILY_U55
                    : strncmp(family, "u65", 3) == 0 ? NS_FAMILY_U65
                                                     : NS_FAMILY_U85;
    return mode->families & bit;
}

/* The target with Vela's options: those of the memory mode (NULL: none), then the caller's. */
static ns_code add_configured(finder *f, const ns_suite_target *target, const char *name,
                              const struct memory_mode *mode, ns_error *error)
{
    const char *own = f->options->vela_flags ? f->options->vela_flags : "";
    ns_suite_target *made = NS_ARENA_NEW(f->arena, ns_suite_target);
    if (!made || !name)
        return no_memory(error);
    *made = *target;
    made->name = name;
    made->flags = mode ? ns_arena_format(f->arena, "--memory-mode=%s --arena-cache-size=%d%s%s", mode->name,
                                         mode->cache, *own ? " " : "", own)
                       : own;
    f->targets[f->count++] = made;
    return made->flags ? NS_OK : no_memory(error);
}

static const struct memory_mode *find_mode(const char *name)
{
    for (int m = 0; name && m < MODE_COUNT; m++)
        if (strcmp(modes[m].name, name) == 0)
            return &modes[m];
    return NULL;
}

/* Every mode that the accelerator has, or the one that is asked for. */
static ns_code add_modes(finder *f, const ns_suite_target *target, ns_error *error)
{
    const struct memory_mode *only = find_mode(f->options->memory_mode);
    for (int m = 0; m < MODE_COUNT; m++)
        if (has_mode(target, &modes[m]) && (!only || only == &modes[m]))
            NS_TRY(add_configured(f, target,
                                  ns_arena_format(f->arena, "%s:%s", target->accelerator, modes[m].name),
                                  &modes[m], error));
    return NS_OK;
}

/* Adds a target unless it is there already. */
static ns_code add_target(finder *f, const ns_suite_target *target, ns_error *error)
{
    for (int t = 0; t < f->count; t++)
        if (strncmp(f->targets[t]->name, target->name, strlen(target->name)) == 0 &&
            strchr(":", f->targets[t]->name[strlen(target->name)]))
            return NS_OK;
    if (f->options->all_targets)
        return add_modes(f, target, error);
    const struct memory_mode *mode = find_mode(f->options->memory_mode);
    if (mode && !has_mode(target, mode))
        return ns_fail(error, NS_ERROR_USAGE, "%s has no memory mode %s", target->accelerator, mode->name);
    if (mode || f->options->vela_flags)
        return add_configured(f, target, target->name, mode, error);
    f->targets[f->count++] = target;
    return NS_OK;
}

static ns_code unknown_target(const char *name, ns_arena *arena, ns_error *error)
{
    ns_buffer known = {.arena = arena};
    for (int t = 0; t < ns_suite_target_count; t++)
        ns_buffer_format(&known, "%s, ", ns_suite_targets[t].name);
    ns_buffer_append(&known, "all", sizeof "all");
    return known.failed ? no_memory(error)
                        : ns_fail(error, NS_ERROR_USAGE, "unknown target '%s'; there are: %s", name,
                                  (const char *)known.data);
}

/* "all" is every accelerator by its own name. */
static ns_code add_named(finder *f, const char *name, ns_error *error)
{
    const ns_suite_target *named = ns_suite_target_find(name);
    if (named)
        return add_target(f, named, error);
    if (strcmp(name, "all") != 0)
        return unknown_target(name, f->arena, error);
    for (int t = 0; t < ns_suite_target_count; t++)
        if (is_accelerator(&ns_suite_targets[t]))
            NS_TRY(add_target(f, &ns_suite_targets[t], error));
    return NS_OK;
}

ns_code ns_suite_targets_find(const ns_suite_options *options, ns_arena *arena,
                              const ns_suite_target ***targets, int *count, ns_error *error)
{
    static const char *const defaults[] = {"u55", "u85"}, *const all[] = {"all"};
    const char *const *names = options->target_count  ? options->targets
                               : options->all_targets ? all
                                                      : defaults;
    const int wanted = options->target_count ? options->target_count : options->all_targets ? 1 : 2;
    finder f = {.options = options, .arena = arena};
    f.targets = NS_ARENA_ARRAY(arena, (size_t)ns_suite_target_count * MODE_COUNT, const ns_suite_target *);
    if (!f.targets)
        return no_memory(error);
    for (int i = 0; i < wanted; i++)
        NS_TRY(add_named(&f, names[i], error));
    if (f.count == 0)
        return ns_fail(error, NS_ERROR_USAGE, "no target has memory mode %s", options->memory_mode);
    *targets = f.targets;
    *count = f.count;
    return NS_OK;
}
