#define _GNU_SOURCE /* scandir */
#include "recorded/interface.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/interface.h"
#include "base/system.h"
#include "npuscope/budget.h"

/* A folder with one of these files is a case. */
static const char *const marks[] = {
    "case.json", "float.json", "info.json",    "delegate0.tosa", "model.tosa",
    "model.pte", "model.npz",  "model.tflite", "program.pte",
};

static bool is_case(const ns_case_files *files)
{
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++)
        if (ns_case_has(files, marks[i]))
            return true;
    return false;
}

/* What an entry of a folder counts as. */
#define ENTRY_WORK ((uint64_t)1 << 20)

typedef struct finder {
    ns_arena *arena;
    struct {
        dev_t device;
        ino_t inode;
    } above[NS_CASE_DEPTH + 2]; /* the folders that lead to this one */
    int count, capacity;
    ns_case_files *cases;
} finder;

static ns_code no_memory(const char *where, ns_error *error)
{
    return ns_fail(error, NS_ERROR_MEMORY, "%s: no memory for its cases", where);
}

static ns_code add(finder *f, const ns_case_files *files, ns_error *error)
{
    if (f->count == f->capacity) {
        const int capacity = f->capacity ? 2 * f->capacity : 16;
        ns_case_files *grown = NS_ARENA_ARRAY(f->arena, (size_t)capacity, ns_case_files);
        if (!grown)
            return no_memory(files->where, error);
        if (f->count)
            memcpy(grown, f->cases, (size_t)f->count * sizeof *grown);
        f->cases = grown;
        f->capacity = capacity;
    }
    f->cases[f->count++] = *files;
    return NS_OK;
}

static bool is_plain(const char *text)
{
    while (*text >= ' ' && *text <= '~')
        text++;
    return !*text;
}

/* The last component of `path`, without ".zip", for people; where it needs no change, within `path`. */
static const char *name_of(const char *path, ns_arena *arena)
{
    size_t end = strlen(path);
    while (end > 1 && path[end - 1] == '/')
        end--;
    size_t start = end;
    while (start > 0 && path[start - 1] != '/')
        start--;
    if (end - start > 4 && memcmp(path + end - 4, ".zip", 4) == 0)
        end -= 4;
    if (!path[end] && is_plain(path + start))
        return path + start;
    const char *name = ns_arena_format(arena, "%.*s", (int)(end - start), path + start);
    return name ? ns_printable_copy(arena, name) : NULL;
}

static bool ends_in_zip(const char *name)
{
    const size_t length = strlen(name);
    return length > 4 && strcmp(name + length - 4, ".zip") == 0;
}

/* ---- zip files ---- */

/* Characters up to and with the last '/'. */
static size_t folder_length(const char *name)
{
    const char *slash = strrchr(name, '/');
    return slash ? (size_t)(slash - name) + 1 : 0;
}

/* By their folders, then by their names: so a folder's own files are side by side. */
static int compare_members(const void *a, const void *b)
{
    const char *x = ((const ns_zip_member *)a)->name, *y = ((const ns_zip_member *)b)->name;
    const size_t length_x = folder_length(x), length_y = folder_length(y);
    const int order = memcmp(x, y, length_x < length_y ? length_x : length_y);
    return order ? order : length_x != length_y ? (length_x < length_y ? -1 : 1) : strcmp(x, y);
}

/* Whether the member lies in the folder, of `length` characters, itself. */
static bool in_folder(const ns_zip_member *member, const char *folder, size_t length)
{
    return folder_length(member->name) == length && memcmp(member->name, folder, length) == 0;
}

/* The folder that the sorted member `first` lies in, unless the one before it told of it. */
static ns_code find_in_members(finder *f, const ns_zip *zip, int first, const char *where, ns_error *error)
{
    const char *name = zip->members[first].name;
    const size_t length = folder_length(name);
    int end = first + 1;
    if (first > 0 && in_folder(&zip->members[first - 1], name, length))
        return NS_OK;
    while (end < zip->count && in_folder(&zip->members[end], name, length))
        end++;
    const char *path =
        ns_arena_format(f->arena, "%s%s%.*s", where, length ? "/" : "", length ? (int)length - 1 : 0, name);
    const ns_case_files files = {.name = path ? name_of(path, f->arena) : NULL,
                                 .where = path,
                                 .zipped = true,
                                 .prefix = length,
                                 .member_count = end - first,
                                 .members = zip->members + first};
    if (!files.name)
        return no_memory(where, error);
    return is_case(&files) ? add(f, &files, error) : NS_OK;
}

static ns_code find_in_zip(finder *f, ns_bytes bytes, const char *where, int depth, ns_error *error)
{
    ns_zip zip;
    NS_TRY(ns_zip_read(bytes, where, "a zip file of cases", f->arena, &zip, error));
    if (zip.count)
        qsort(zip.members, (size_t)zip.count, sizeof *zip.members, compare_members);
    for (int i = 0; i < zip.count; i++) {
        if (!ends_in_zip(zip.members[i].name)) {
            NS_TRY(find_in_members(f, &zip, i, where, error));
            continue;
        }
        const char *path = ns_arena_format(f->arena, "%s/%s", where, zip.members[i].name);
        if (!path)
            return no_memory(where, error);
        if (depth < NS_CASE_DEPTH)
            NS_TRY(find_in_zip(f, zip.members[i].bytes, path, depth + 1, error));
    }
    return NS_OK;
}

/* ---- folders ---- */

static ns_code find_in(finder *f, const char *path, int depth, ns_error *error);

static int is_wanted(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static int compare_entries(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

/* A zip file that cannot be read among others is a case of which nothing else is known. */
static ns_code find_zip_entry(finder *f, const char *path, int depth, ns_error *error)
{
    ns_error problem = {0};
    const ns_code code = find_in(f, path, depth, &problem);
    if (code == NS_OK)
        return NS_OK;
    if (code == NS_ERROR_MEMORY)
        return ns_fail(error, code, "%s", problem.message);
    const ns_case_files files = {.name = name_of(path, f->arena),
                                 .where = path,
                                 .problem = ns_arena_string(f->arena, problem.message)};
    return files.name && files.problem ? add(f, &files, error) : no_memory(path, error);
}

/* What lies in the folder: folders and zip files. */
static ns_code find_entry(finder *f, const char *folder, const char *name, int depth, ns_error *error)
{
    struct stat info;
    const char *path = ns_arena_format(f->arena, "%s/%s", folder, name);
    if (!path)
        return no_memory(folder, error);
    if (stat(path, &info) != 0)
        return NS_OK;
    if (S_ISDIR(info.st_mode))
        return find_in(f, path, depth + 1, error);
    return ends_in_zip(name) ? find_zip_entry(f, path, depth + 1, error) : NS_OK;
}

/* Links may lead anywhere: what is looked at is work, and a folder within itself is passed over. */
static ns_code enter(finder *f, const struct stat *info, int depth, bool *again, ns_error *error)
{
    *again = false;
    for (int i = 0; i < depth; i++)
        /* A system that numbers no files has no circles either. */
        *again |= info->st_ino && f->above[i].device == info->st_dev && f->above[i].inode == info->st_ino;
    f->above[depth].device = info->st_dev;
    f->above[depth].inode = info->st_ino;
    return depth ? ns_budget_spend(ns_arena_budget(f->arena), ENTRY_WORK, error) : NS_OK;
}

static ns_code find_in_folder(finder *f, const char *path, int depth, ns_error *error)
{
    const ns_case_files files = {.name = name_of(path, f->arena), .where = path};
    if (!files.name)
        return no_memory(path, error);
    if (is_case(&files))
        return add(f, &files, error);
    if (depth == NS_CASE_DEPTH)
        return NS_OK;
    struct dirent **entries = NULL;
    const int count = scandir(path, &entries, is_wanted, compare_entries);
    if (count < 0)
        return ns_fail(error, NS_ERROR_IO, "%s: %s", path, strerror(errno));
    ns_code code = NS_OK;
    for (int i = 0; i < count; i++) {
        if (code == NS_OK)
            code = find_entry(f, path, entries[i]->d_name, depth, error);
        free(entries[i]);
    }
    free(entries);
    return code;
}

static ns_code find_in(finder *f, const char *path, int depth, ns_error *error)
{
    struct stat info;
    ns_bytes bytes;
    if (stat(path, &info) != 0)
        return ns_fail(error, NS_ERROR_IO, "%s: %s", path, strerror(errno));
    bool again;
    NS_TRY(enter(f, &info, depth, &again, error));
    if (again)
        return NS_OK;
    if (S_ISDIR(info.st_mode))
        return find_in_folder(f, path, depth, error);
    NS_TRY(ns_file_read(path, f->arena, &bytes, error));
    if (!ns_zip_probe(bytes))
        return ns_fail(
            error, NS_ERROR_INPUT,
            "%s: neither a folder nor a zip file of cases; of a model with its inputs `npuscope record` "
            "makes a case%s",
            path, ns_file_foreign(bytes));
    return find_in_zip(f, bytes, path, depth, error);
}

ns_code ns_cases_find(const char *path, ns_arena *arena, ns_found_cases *out, ns_error *error)
{
    finder f = {.arena = arena};
    size_t length = strlen(path);
    while (length > 1 && path[length - 1] == '/')
        length--;
    const char *plain = ns_arena_format(arena, "%.*s", (int)length, path);
    if (!plain)
        return no_memory(path, error);
    NS_TRY(find_in(&f, plain, 0, error));
    if (f.count == 0)
        return ns_fail(error, NS_ERROR_INPUT,
                       "%s holds no case: a folder with case.json, float.json or a model (docs/cases.md)",
                       path);
    *out = (ns_found_cases){f.count, f.cases};
    return NS_OK;
}

ns_code ns_case_find(const char *path, ns_arena *arena, ns_case_files *out, ns_error *error)
{
    ns_found_cases found;
    NS_TRY(ns_cases_find(path, arena, &found, error));
    if (found.count > 1)
        return ns_fail(error, NS_ERROR_INPUT, "%s holds %d cases; give one, such as %s", path, found.count,
                       found.cases[0].where);
    *out = found.cases[0];
    return NS_OK;
}
