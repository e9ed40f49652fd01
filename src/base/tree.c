#include "base/interface.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/system.h"

static ns_code fail(const char *path, ns_error *error)
{
    return ns_fail(error, errno == ENOMEM ? NS_ERROR_MEMORY : NS_ERROR_IO, "%s: %s", path, strerror(errno));
}

static ns_code remove_inner(const char *path, ns_error *error)
{
    DIR *folder = opendir(path);
    if (!folder)
        return errno == ENOENT ? NS_OK : fail(path, error);
    ns_code code = NS_OK;
    for (struct dirent *entry; code == NS_OK && (entry = readdir(folder)) != NULL;) {
        char inner[4096];
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (snprintf(inner, sizeof inner, "%s/%s", path, entry->d_name) >= (int)sizeof inner)
            code = ns_fail(error, NS_ERROR_IO, "%s: a name in it is too long", path);
        else
            code = ns_tree_remove(inner, error);
    }
    closedir(folder);
    return code;
}

ns_code ns_tree_remove(const char *path, ns_error *error)
{
    struct stat info;
    if (lstat(path, &info) != 0)
        return errno == ENOENT ? NS_OK : fail(path, error);
    if (S_ISDIR(info.st_mode))
        NS_TRY(remove_inner(path, error));
    return remove(path) == 0 || errno == ENOENT ? NS_OK : fail(path, error);
}
