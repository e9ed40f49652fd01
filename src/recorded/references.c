#include "recorded/references.h"

/* `kind`_out<index>.npy, where it is there. */
static ns_code read_floats(const ns_case_files *files, const char *kind, int index, size_t count,
                           ns_arena *arena, ns_tensor *out, ns_error *error)
{
    const char *name = ns_arena_format(arena, "%s_out%d.npy", kind, index);
    if (!name)
        return ns_fail(error, NS_ERROR_MEMORY, "%s: no memory for a name", files->where);
    if (!ns_case_has(files, name))
        return NS_OK;
    NS_TRY(ns_case_array(files, name, arena, out, error));
    if (ns_tensor_count(out) != count)
        return ns_fail(error, NS_ERROR_INPUT, "%s/%s has %zu elements, the program's output %d has %zu",
                       files->where, name, ns_tensor_count(out), index, count);
    return NS_OK;
}

static ns_code read_integers(const ns_case_files *files, int output_count, const size_t *counts,
                             ns_arena *arena, ns_tensor *out, ns_error *error)
{
    if (ns_case_has(files, "delegate1.tosa"))
        return NS_OK;
    bool fits = true;
    for (int o = 0; o <= output_count; o++) {
        const char *name = ns_arena_format(arena, "delegate0_out%d.npy", o);
        if (!name)
            return ns_fail(error, NS_ERROR_MEMORY, "%s: no memory for a name", files->where);
        fits = fits && ns_case_has(files, name) == (o < output_count);
        if (!fits || o == output_count)
            break;
        NS_TRY(ns_case_integers(files, name, arena, &out[o], error));
        fits = ns_tensor_count(&out[o]) == counts[o];
    }
    for (int o = 0; !fits && o < output_count; o++)
        out[o].data = NULL;
    return NS_OK;
}

ns_code ns_case_read_references(const ns_case_files *files, int output_count, const size_t *counts,
                                ns_arena *arena, ns_case_references *out, ns_error *error)
{
    const size_t room = (size_t)output_count;
    *out = (ns_case_references){.floats = NS_ARENA_ARRAY(arena, room, ns_tensor),
                                .quantised = NS_ARENA_ARRAY(arena, room, ns_tensor),
                                .integers = NS_ARENA_ARRAY(arena, room, ns_tensor)};
    if (!out->floats || !out->quantised || !out->integers)
        return ns_fail(error, NS_ERROR_MEMORY, "%s: no memory for its references", files->where);
    for (int o = 0; o < output_count; o++) {
        NS_TRY(read_floats(files, "float", o, counts[o], arena, &out->floats[o], error));
        NS_TRY(read_floats(files, "quantised", o, counts[o], arena, &out->quantised[o], error));
    }
    return read_integers(files, output_count, counts, arena, out->integers, error);
}
