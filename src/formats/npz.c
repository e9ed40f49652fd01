#include "formats/interface.h"

#include <string.h>

bool ns_npz_probe(ns_bytes bytes)
{
    return ns_zip_probe(bytes);
}

static ns_code read_member(const ns_zip_member *file, const char *what, ns_arena *arena,
                           ns_npz_member *member, ns_error *error)
{
    char *name = ns_arena_string(arena, file->name);
    const char *title = ns_arena_format(arena, "%s: member '%s'", what, file->name);
    if (!name || !title)
        return ns_fail(error, NS_ERROR_MEMORY, "%s: no memory for a name", what);
    const size_t length = strlen(name);
    if (length > 4 && strcmp(name + length - 4, ".npy") == 0)
        name[length - 4] = 0;
    member->name = name;
    if (!ns_npy_probe(file->bytes))
        return ns_fail(
            error, NS_ERROR_INPUT,
            "%s is no array: an archive with a model in it is unpacked first, PyTorch's and Keras' own "
            "are exported first",
            title);
    return ns_npy_read(file->bytes, title, arena, &member->array, error);
}

ns_code ns_npz_read(ns_bytes bytes, const char *what, ns_arena *arena, ns_npz *out, ns_error *error)
{
    ns_zip zip;
    NS_TRY(ns_zip_read(bytes, what, "an .npz file", arena, &zip, error));
    const ns_npz npz = {zip.count, NS_ARENA_ARRAY(arena, (size_t)zip.count, ns_npz_member)};
    if (!npz.members)
        return ns_fail(error, NS_ERROR_MEMORY, "%s: no memory for its members", what);
    for (int i = 0; i < npz.count; i++)
        NS_TRY(read_member(&zip.members[i], what, arena, &npz.members[i], error));
    *out = npz;
    return NS_OK;
}

const ns_npy *ns_npz_find(const ns_npz *npz, const char *name)
{
    for (int i = 0; i < npz->count; i++)
        if (strcmp(npz->members[i].name, name) == 0)
            return &npz->members[i].array;
    return NULL;
}
