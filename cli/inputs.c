#include "shared.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/interface.h"
#include "base/system.h"

ns_code ns_input_find(const char *value, int position, int count, const char *(*name)(const void *, int),
                      const void *list, int *index, const char **file, ns_error *error)
{
    const char *equals = strchr(value, '=');
    for (int i = 0; equals && i < count; i++) {
        const char *own = name(list, i);
        if (strlen(own) == (size_t)(equals - value) && strncmp(own, value, strlen(own)) == 0) {
            *index = i;
            *file = equals + 1;
            return NS_OK;
        }
    }
    /* No input has that name: a file whose name contains '=', or a mistake. */
    if (equals && access(value, F_OK) != 0)
        return ns_fail(error, NS_ERROR_USAGE, "input '%s': no input is named '%.*s'%s%s", value,
                       (int)(equals - value), value, count ? "; the first is " : "",
                       count ? name(list, 0) : "");
    if (position >= count)
        return ns_fail(error, NS_ERROR_USAGE, "input '%s': the model takes %d input%s", value, count,
                       count == 1 ? "" : "s");
    *index = position;
    *file = value;
    return NS_OK;
}

static const char *what(const ns_input_rules *rules)
{
    return rules->what ? rules->what : "input";
}

static ns_code expected(const ns_input_rules *rules, const ns_input *input, const char *file,
                        const ns_npy *array, ns_error *error)
{
    char wanted[128], is[128];
    ns_shape_describe(input->rank, input->shape, ns_npy_type_text(input->type), wanted, sizeof wanted);
    return ns_fail(error, NS_ERROR_INPUT, "%s '%s': %s is %s; expected %s%s%s", what(rules), input->name,
                   file, ns_npy_describe(array, is, sizeof is), wanted,
                   rules->frames ? ", or several of them along a leading axis" : "",
                   input->least_shape ? " or less: the shape is dynamic" : "");
}

/* Bytes without a header: one value, or frames. */
static ns_code take_raw(const ns_input *input, const char *file, ns_bytes bytes, bool with_frames,
                        ns_arena *arena, ns_npy *array, int64_t *frames, ns_error *error)
{
    size_t count;
    char wanted[128];
    NS_TRY(ns_shape_count(input->rank, input->shape, &count, error));
    const size_t size = count * ns_npy_width(input->type);
    *frames = with_frames && size ? (int64_t)(bytes.size / size) : 1;
    const bool text = strcmp(ns_file_foreign(bytes), NS_FILE_TEXT) == 0;
    if (*frames < 1 || bytes.size != size * (size_t)*frames)
        return ns_fail(error, NS_ERROR_INPUT, "input '%s': %s has %zu bytes; expected %zu for %s%s",
                       input->name, file, bytes.size, size,
                       ns_shape_describe(input->rank, input->shape, ns_npy_type_text(input->type), wanted,
                                         sizeof wanted),
                       text ? ": it is text; save the array with numpy.save" : ns_file_foreign(bytes));
    *array = (ns_npy){.type = input->type,
                      .item_size = ns_npy_width(input->type),
                      .rank = input->rank,
                      .count = count * (size_t)*frames};
    memcpy(array->shape, input->shape, sizeof array->shape);
    array->data = ns_arena_copy(arena, bytes.data, bytes.size);
    return array->data ? NS_OK : ns_fail(error, NS_ERROR_MEMORY, "no memory for input '%s'", input->name);
}

/* The one array of an .npz, or the one of the input's name. */
static ns_code from_npz(const ns_input *input, const char *file, ns_bytes bytes, ns_arena *arena, ns_npy *out,
                        ns_error *error)
{
    ns_npz npz;
    NS_TRY(ns_npz_read(bytes, file, arena, &npz, error));
    const ns_npy *array = npz.count == 1 ? &npz.members[0].array : ns_npz_find(&npz, input->name);
    if (!array)
        return ns_fail(
            error, NS_ERROR_INPUT,
            "input '%s': %s has %d arrays and none of that name%s%s; save the one that is meant with "
            "numpy.save",
            input->name, file, npz.count, npz.count ? ", the first is " : "",
            npz.count ? npz.members[0].name : "");
    *out = *array;
    return NS_OK;
}

static ns_code load(const ns_input_rules *rules, const char *file, const ns_npy_type *as, ns_arena *arena,
                    ns_input *input, int64_t *frames, ns_error *error)
{
    ns_bytes bytes;
    ns_npy array;
    NS_TRY(ns_file_read(file, arena, &bytes, error));
    const bool archive = ns_npz_probe(bytes);
    input->raw = !archive && !ns_npy_probe(bytes);
    if (input->raw) {
        NS_TRY(take_raw(input, file, bytes, rules->frames, arena, &array, frames, error));
    } else {
        NS_TRY(archive ? from_npz(input, file, bytes, arena, &array, error)
                       : ns_npy_read(bytes, file, arena, &array, error));
        if (!array.data)
            return ns_input_wrong_type(input, file, &array, error);
        if (as && ns_npy_width(*as) == array.item_size)
            array.type = *as;
        const ns_npy given = array;
        if (!ns_input_take_shape(&array, input, rules->frames, frames))
            return expected(rules, input, file, &given, error);
        if (!rules->any_type || (ns_npy_is_integer(array.type) && ns_npy_is_integer(input->type)))
            NS_TRY(ns_input_take_type(input, file, arena, &array, error));
    }
    input->array = array;
    return NS_OK;
}

static int is_npy(const struct dirent *entry)
{
    const size_t length = strlen(entry->d_name);
    return length > 4 && strcmp(entry->d_name + length - 4, ".npy") == 0;
}

/* By their bytes, whatever the locale. */
static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

/* Adds a file's value behind the `index` values of `all`, which gets room for `count`. */
static ns_code add_file(const char *file, const ns_npy_type *as, ns_arena *arena, const ns_input *input,
                        size_t index, size_t count, ns_npy *all, ns_error *error)
{
    ns_input value = *input;
    int64_t held = 1;
    NS_TRY(load(&(ns_input_rules){0}, file, as, arena, &value, &held, error));
    const size_t size = value.array.count * value.array.item_size;
    if (index == 0) {
        *all = value.array;
        all->count *= count;
        all->data = ns_arena_alloc(arena, count, size);
    }
    if (!all->data)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for input '%s'", input->name);
    memcpy((uint8_t *)all->data + index * size, value.array.data, size);
    return NS_OK;
}

/* The .npy files of a folder, in the order of their names, are a frame each. */
static ns_code load_folder(const char *folder, const ns_npy_type *as, ns_arena *arena, ns_input *input,
                           int64_t *frames, ns_error *error)
{
    struct dirent **entries = NULL;
    const int count = scandir(folder, &entries, is_npy, by_name);
    ns_code code = NS_OK;
    if (count < 1)
        code = ns_fail(error, NS_ERROR_INPUT, "input '%s': folder %s has no .npy files", input->name, folder);
    for (int i = 0; i < count; i++) {
        const char *file = ns_arena_format(arena, "%s/%s", folder, entries[i]->d_name);
        if (code == NS_OK)
            code = file ? add_file(file, as, arena, input, (size_t)i, (size_t)count, &input->array, error)
                        : ns_fail(error, NS_ERROR_MEMORY, "no memory for a name");
        free(entries[i]);
    }
    free(entries);
    *frames = count;
    return code;
}

static bool is_folder(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

static const char *name_of(const void *list, int index)
{
    return ((const ns_input *)list)[index].name;
}

/* as[i]: the type that --input-type gives input i; NULL where it is not given. */
static ns_code read_types(const ns_input_rules *rules, ns_arena *arena, int count, const ns_input *inputs,
                          const ns_npy_type **as, ns_error *error)
{
    for (int i = 0; rules->types && i < rules->types->count; i++) {
        const char *value = rules->types->values[i], *text = value;
        ns_npy_type *type = NS_ARENA_NEW(arena, ns_npy_type);
        int index = i;
        if (strchr(value, '='))
            NS_TRY(ns_input_find(value, i, count, name_of, inputs, &index, &text, error));
        if (!type)
            return ns_fail(error, NS_ERROR_MEMORY, "no memory for a type");
        if (index >= count || !ns_npy_type_parse(text, type))
            return ns_fail(error, NS_ERROR_USAGE, "--input-type '%s': expected [NAME=]TYPE, such as int8",
                           value);
        as[index] = type;
    }
    return NS_OK;
}

/* "S" or "S:ZERO", behind "NAME=" where it is not that of the input in this place. */
static ns_code read_scales(const ns_input_rules *rules, int count, ns_input *inputs, ns_error *error)
{
    for (int i = 0; rules->scales && i < rules->scales->count; i++) {
        const char *value = rules->scales->values[i], *text = value;
        int index = i;
        char *end;
        if (strchr(value, '='))
            NS_TRY(ns_input_find(value, i, count, name_of, inputs, &index, &text, error));
        const double scale = strtod(text, &end);
        const bool number = end != text;
        double zero = 0;
        if (number && *end == ':')
            zero = strtod(end + 1, &end);
        if (!number || *end || !isfinite(scale) || !(scale > 0) || zero != rint(zero) || fabs(zero) > 32768)
            return ns_fail(error, NS_ERROR_USAGE,
                           "--input-scale '%s': expected [NAME=]SCALE[:ZERO], SCALE > 0", value);
        if (index >= count)
            return ns_fail(error, NS_ERROR_USAGE, "--input-scale '%s': the model takes %d input%s", value,
                           count, count == 1 ? "" : "s");
        inputs[index].scale = scale;
        inputs[index].zero_point = (int64_t)zero;
        inputs[index].scale_given = true;
    }
    for (int i = 0; rules->scales && i < count; i++)
        inputs[i].scale_asked = true;
    return NS_OK;
}

static ns_code missing(const ns_input *input, ns_error *error)
{
    char wanted[128];
    return ns_fail(
        error, NS_ERROR_USAGE, "input '%s' is missing: expected %s (-i %s=FILE)", input->name,
        ns_shape_describe(input->rank, input->shape, ns_npy_type_text(input->type), wanted, sizeof wanted),
        input->name);
}

ns_code ns_inputs_load(const ns_input_rules *rules, ns_arena *arena, int count, ns_input *inputs,
                       int64_t *frames, ns_error *error)
{
    const ns_npy_type **as = NS_ARENA_ARRAY(arena, (size_t)count, const ns_npy_type *);
    if (!as)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for its inputs");
    NS_TRY(read_types(rules, arena, count, inputs, as, error));
    NS_TRY(read_scales(rules, count, inputs, error));
    *frames = 1;
    for (int i = 0; i < rules->files->count; i++) {
        int index = 0;
        int64_t held = 1;
        const char *file = NULL;
        NS_TRY(ns_input_find(rules->files->values[i], i, count, name_of, inputs, &index, &file, error));
        if (inputs[index].fixed)
            return ns_fail(error, NS_ERROR_USAGE,
                           "input '%s' is no tensor: the program holds its value, and %s cannot change it",
                           inputs[index].name, file);
        if (inputs[index].array.data)
            return ns_fail(error, NS_ERROR_USAGE, "%s '%s' is given twice", what(rules), inputs[index].name);
        if (rules->frames && is_folder(file))
            NS_TRY(load_folder(file, as[index], arena, &inputs[index], &held, error));
        else
            NS_TRY(load(rules, file, as[index], arena, &inputs[index], &held, error));
        if (held != 1 && *frames != 1 && held != *frames)
            return ns_fail(error, NS_ERROR_INPUT, "%s '%s' holds %" PRId64 " frames, another %" PRId64,
                           what(rules), inputs[index].name, held, *frames);
        ns_input_warn_of_nan(what(rules), inputs[index].name, file, &inputs[index].array);
        inputs[index].held = held;
        *frames = held != 1 ? held : *frames;
    }
    for (int i = 0; i < count && !rules->optional; i++)
        if (!inputs[i].array.data)
            return missing(&inputs[i], error);
    return NS_OK;
}

ns_npy ns_input_frame(const ns_input *input, int64_t frames, int64_t index)
{
    ns_npy one = input->array;
    size_t count = 1;
    for (int d = 0; d < one.rank; d++)
        count *= (size_t)one.shape[d];
    if (frames > 1 && one.count == count * (size_t)frames)
        one.data = (uint8_t *)one.data + (size_t)index * count * one.item_size;
    one.count = count;
    return one;
}
