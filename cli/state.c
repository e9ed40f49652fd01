#include "shared.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/interface.h"

static ns_code path_of(const char *folder, int index, ns_arena *arena, const char **out, ns_error *error)
{
    *out = ns_arena_format(arena, "%s/state%d.npy", folder, index);
    return *out ? NS_OK : ns_fail(error, NS_ERROR_MEMORY, "no memory for a name");
}

static ns_code load_item(const char *path, ns_arena *arena, ns_state_item *item, ns_error *error)
{
    ns_npy array, *value = &item->value;
    char is[128], wanted[128];
    NS_TRY(ns_npy_load(path, arena, &array, error));
    if (array.type != value->type || array.rank != value->rank ||
        memcmp(array.shape, value->shape, (size_t)value->rank * sizeof array.shape[0]) != 0)
        return ns_fail(error, NS_ERROR_INPUT,
                       "%s is %s; the model's variable%s%s is %s: another model's state", path,
                       ns_npy_describe(&array, is, sizeof is), item->name ? " " : "",
                       item->name ? item->name : "", ns_npy_describe(value, wanted, sizeof wanted));
    memcpy(value->data, array.data, array.count * array.item_size);
    return NS_OK;
}

ns_code ns_state_load(const char *folder, ns_arena *arena, int count, ns_state_item *items, bool *found,
                      ns_error *error)
{
    const char *path;
    *found = false;
    NS_TRY(path_of(folder, 0, arena, &path, error));
    if (access(path, F_OK) != 0)
        return NS_OK;
    *found = true;
    for (int i = 0; i < count; i++) {
        NS_TRY(path_of(folder, i, arena, &path, error));
        NS_TRY(load_item(path, arena, &items[i], error));
    }
    NS_TRY(path_of(folder, count, arena, &path, error));
    return access(path, F_OK) != 0
               ? NS_OK
               : ns_fail(error, NS_ERROR_INPUT, "%s: the model has %d variables: another model's state", path,
                         count);
}

ns_code ns_state_save(const char *folder, ns_arena *arena, int count, const ns_state_item *items,
                      ns_error *error)
{
    ns_buffer buffer = {.arena = arena};
    ns_json json = ns_json_begin(&buffer, true, 17);
    ns_bytes bytes;
    const char *path;
    ns_json_object(&json, NULL);
    ns_json_text(&json, "schema", "npuscope/state/1");
    ns_json_array(&json, "variables");
    NS_TRY(ns_folder_make(folder, error));
    for (int i = 0; i < count; i++) {
        char file[32];
        snprintf(file, sizeof file, "state%d.npy", i);
        NS_TRY(path_of(folder, i, arena, &path, error));
        NS_TRY(ns_npy_save(&items[i].value, path, arena, error));
        ns_json_object(&json, NULL);
        ns_json_text(&json, "name", items[i].name);
        ns_json_text(&json, "file", file);
        ns_json_text(&json, "type", ns_npy_type_text(items[i].value.type));
        ns_json_integers(&json, "shape", items[i].value.rank, items[i].value.shape);
        ns_json_end(&json);
    }
    ns_json_end(&json);
    ns_json_end(&json);
    NS_TRY(ns_json_finish(&json, "state.json", &bytes, error));
    path = ns_arena_format(arena, "%s/state.json", folder);
    return path ? ns_file_write(path, bytes, error) : ns_fail(error, NS_ERROR_MEMORY, "no memory for a name");
}
