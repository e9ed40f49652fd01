#include "catalogue/internal.h"

#include <math.h>
#include <string.h>

#include "recorded/interface.h"

static ns_code describe_model(ns_given_case *out, ns_arena *arena, ns_error *error)
{
    ns_case_model model;
    NS_TRY(ns_case_model_read(&out->files, arena, &model, error));
    out->op = model.op ? model.op : "model";
    out->settings.qtol = model.qtol;
    out->settings.atol = model.atol;
    out->settings.rtol = model.rtol;
    out->stream = model.kind != NS_CASE_TOSA;
    out->target = model.target ? ns_suite_target_find(model.target) : NULL;
    return out->target || !model.target ? NS_OK
                                        : ns_fail(error, NS_ERROR_INPUT, "%s/case.json: unknown target '%s'",
                                                  out->files.where, model.target);
}

static ns_code describe_recorded(ns_given_case *out, ns_arena *arena, ns_error *error)
{
    NS_TRY(ns_recorded_read_settings(&out->files, arena, &out->settings, error));
    out->op = out->settings.op;
    return NS_OK;
}

/* Reads with `scratch`, which may then be forgotten: the files of all cases are not in memory at one time. */
static ns_code describe(const ns_case_files *files, ns_arena *arena, ns_arena *scratch,
                        const ns_given_case *before, ns_given_case *out, ns_error *error)
{
    const ns_given_case nothing = {.files = *files,
                                   .op = "program",
                                   .settings = {.epsilon = NAN, .qtol = NAN, .atol = NAN, .rtol = NAN}};
    ns_error problem = {0};
    *out = nothing;
    if (files->problem)
        return NS_OK;
    const ns_code code =
        (ns_case_is_model(files) ? describe_model : describe_recorded)(out, scratch, &problem);
    if (code == NS_ERROR_MEMORY)
        return ns_fail(error, code, "%s", problem.message);
    if (code == NS_OK) {
        const bool same = before && strcmp(before->op, out->op) == 0; /* of thousands, one text */
        out->op = out->settings.op = same ? before->op : ns_arena_string(arena, out->op);
        return out->op ? NS_OK : ns_fail(error, NS_ERROR_MEMORY, "no memory for a case");
    }
    *out = nothing;
    out->files.problem = ns_arena_string(arena, problem.message);
    return out->files.problem ? NS_OK : ns_fail(error, NS_ERROR_MEMORY, "no memory for a message");
}

static ns_code describe_all(const ns_found_cases *found, int paths, ns_arena *arena, ns_given_case *out,
                            ns_error *error)
{
    const ns_given_case *first = out;
    ns_arena *scratch = ns_arena_new_like(arena);
    ns_code code = scratch ? NS_OK : ns_fail(error, NS_ERROR_MEMORY, "no memory for cases");
    for (int p = 0; p < paths; p++)
        for (int i = 0; code == NS_OK && i < found[p].count; i++) {
            code = describe(&found[p].cases[i], arena, scratch, out == first ? NULL : out - 1, out, error);
            out++;
            ns_arena_reset(scratch);
        }
    ns_arena_free(scratch);
    return code;
}

ns_code ns_given_find(int path_count, const char *const *paths, ns_arena *arena, const ns_given_case **out,
                      int *count, ns_error *error)
{
    ns_found_cases *found = NS_ARENA_ARRAY(arena, (size_t)path_count, ns_found_cases);
    *count = 0;
    for (int p = 0; found && p < path_count; p++) {
        NS_TRY(ns_cases_find(paths[p], arena, &found[p], error));
        *count += found[p].count;
    }
    ns_given_case *next = NS_ARENA_ARRAY(arena, (size_t)*count, ns_given_case);
    if (!found || !next)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for %d cases", *count);
    *out = next;
    return describe_all(found, path_count, arena, next, error);
}
