#include "base/interface.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/system.h"

#define FILE_LIMIT ((int64_t)4 << 30)

ns_code ns_fail_system(ns_error *error, const char *path)
{
    return ns_fail(error, errno == ENOMEM ? NS_ERROR_MEMORY : NS_ERROR_IO, "%s: %s", path, strerror(errno));
}

static ns_code read_all(int descriptor, const char *path, ns_arena *arena, ns_bytes *out, ns_error *error)
{
    struct stat info;
    if (fstat(descriptor, &info) != 0)
        return ns_fail_system(error, path);
    if (!S_ISREG(info.st_mode))
        return ns_fail(error, NS_ERROR_IO, "%s: not a regular file", path);
    if (info.st_size > FILE_LIMIT)
        return ns_fail(error, NS_ERROR_IO, "%s: larger than 4 GiB", path);
    size_t size = (size_t)info.st_size;
    uint8_t *data = ns_arena_alloc(arena, size + 1, 1);
    if (!data)
        return ns_fail(error, NS_ERROR_MEMORY, "%s: no memory for %zu bytes", path, size);
    size_t done = 0;
    while (done < size) {
        ssize_t n = read(descriptor, data + done, size - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return ns_fail_system(error, path);
        if (n == 0)
            return ns_fail(error, NS_ERROR_IO, "%s: shrank while it was read", path);
        done += (size_t)n;
    }
    *out = (ns_bytes){data, size};
    return NS_OK;
}

ns_code ns_file_read(const char *path, ns_arena *arena, ns_bytes *out, ns_error *error)
{
    int descriptor = ns_system_open(path, false); /* a pipe is refused, not waited for */
    if (descriptor < 0)
        return ns_fail_system(error, path);
    ns_code code = read_all(descriptor, path, arena, out, error);
    close(descriptor);
    return code;
}

static ns_code write_all(int descriptor, const char *path, ns_bytes bytes, ns_error *error)
{
    for (size_t done = 0; done < bytes.size;) {
        ssize_t n = write(descriptor, bytes.data + done, bytes.size - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return ns_fail_system(error, path);
        done += (size_t)n;
    }
    return NS_OK;
}

/* What a file is to hold: whoever gives it is asked again where the first way of writing is not there. */
typedef struct content {
    ns_code (*give)(ns_sink *sink, void *context, ns_error *error);
    void *context;
} content;

typedef struct opened {
    int descriptor;
    const char *path; /* for messages */
} opened;

static ns_code write_piece(ns_sink *sink, ns_bytes bytes, ns_error *error)
{
    const opened *file = sink->context;
    return write_all(file->descriptor, file->path, bytes, error);
}

static ns_code fill(int descriptor, const char *path, const content *what, ns_error *error)
{
    opened file = {descriptor, path};
    ns_sink sink = {.write = write_piece, .context = &file};
    return what->give(&sink, what->context, error);
}

/* A pipe or a device is written where it is: renaming would put a file in its place. */
static ns_code write_special(const char *path, const content *what, ns_error *error)
{
    int descriptor = ns_system_open(path, true);
    if (descriptor < 0)
        return ns_fail_system(error, path);
    ns_code code = fill(descriptor, path, what, error);
    if (close(descriptor) != 0 && code == NS_OK)
        code = ns_fail_system(error, path);
    return code;
}

/* A file without a name in the folder of `path`: nothing is left of it, however the process ends. -1 where
 * the file system has none. */
static int open_nameless(const char *path)
{
    char folder[4096];
    const char *slash = strrchr(path, '/');
    const int length = slash ? (int)(slash - path) + 1 : 1;
    if (snprintf(folder, sizeof folder, "%.*s", length, slash ? path : ".") >= (int)sizeof folder)
        return -1;
    return ns_system_nameless(folder);
}

/* Gives a file without a name the name `beside`, a template of mkstemp's; false where that cannot be. */
static bool give_name(int descriptor, char *beside)
{
    for (unsigned i = 0; i < 100; i++) {
        snprintf(beside + strlen(beside) - 6, 7, "%06u", ((unsigned)getpid() * 100 + i) % 1000000);
        if (ns_system_give_name(descriptor, beside) == 0)
            return true;
        if (errno != EEXIST)
            return false;
    }
    return false;
}

/* Writes and closes; `beside` is then whole, or not there. */
static ns_code write_nameless(int descriptor, const char *path, char *beside, const content *what,
                              bool *named, ns_error *error)
{
    ns_code code = fill(descriptor, path, what, error);
    *named = code == NS_OK && give_name(descriptor, beside);
    if (close(descriptor) != 0 && code == NS_OK && *named) {
        code = ns_fail_system(error, path);
        unlink(beside);
    }
    return code;
}

static ns_code write_named(const char *path, char *beside, const content *what, ns_leftover *leftover,
                           ns_error *error)
{
    const int descriptor = ns_leftover_file(leftover, beside);
    if (descriptor < 0)
        return ns_fail_system(error, path);
    ns_code code = fill(descriptor, path, what, error);
    if (code == NS_OK && !ns_system_permit(descriptor))
        code = ns_fail_system(error, path);
    if (close(descriptor) != 0 && code == NS_OK)
        code = ns_fail_system(error, path);
    if (code == NS_OK && ns_system_rename(beside, path) != 0)
        code = ns_fail_system(error, path);
    if (code != NS_OK)
        unlink(beside);
    ns_leftover_drop(leftover);
    return code;
}

static ns_code write_beside(const char *path, const content *what, ns_error *error)
{
    char beside[4096];
    bool named = false;
    ns_leftover leftover;
    if (snprintf(beside, sizeof beside, "%s.XXXXXX", path) >= (int)sizeof beside)
        return ns_fail(error, NS_ERROR_IO, "%s: %s", path, strerror(ENAMETOOLONG));
    const int nameless = open_nameless(path);
    if (nameless >= 0)
        NS_TRY(write_nameless(nameless, path, beside, what, &named, error));
    if (!named) {
        snprintf(beside, sizeof beside, "%s.XXXXXX", path);
        return write_named(path, beside, what, &leftover, error);
    }
    if (ns_system_rename(beside, path) == 0)
        return NS_OK;
    const ns_code code = ns_fail_system(error, path);
    unlink(beside);
    return code;
}

ns_code ns_file_write_pieces(const char *path, ns_code (*give)(ns_sink *sink, void *context, ns_error *error),
                             void *context, ns_error *error)
{
    const content what = {give, context};
    struct stat info;
    if (stat(path, &info) != 0)
        return write_beside(path, &what, error);
    if (S_ISDIR(info.st_mode))
        return ns_fail(error, NS_ERROR_IO, "%s: %s", path, strerror(EISDIR));
    if (!S_ISREG(info.st_mode))
        return write_special(path, &what, error);
    char *target = ns_system_real_path(path); /* a symbolic link stays one */
    if (!target)
        return ns_fail_system(error, path);
    ns_code code = write_beside(target, &what, error);
    free(target);
    return code;
}

static ns_code give_bytes(ns_sink *sink, void *bytes, ns_error *error)
{
    return sink->write(sink, *(const ns_bytes *)bytes, error);
}

ns_code ns_file_write(const char *path, ns_bytes bytes, ns_error *error)
{
    return ns_file_write_pieces(path, give_bytes, &bytes, error);
}

ns_code ns_folder_make(const char *path, ns_error *error)
{
    char *partial = strdup(path);
    if (!partial)
        return ns_fail(error, NS_ERROR_MEMORY, "%s: no memory for a name", path);
    ns_code code = NS_OK;
    for (char *p = partial + 1; code == NS_OK; p++) {
        if (*p != '/' && *p != 0)
            continue;
        char kept = *p;
        *p = 0;
        if (ns_system_make_folder(partial) != 0 && errno != EEXIST)
            code = ns_fail_system(error, path);
        *p = kept;
        if (!kept)
            break;
    }
    struct stat info;
    if (code == NS_OK && (stat(path, &info) != 0 || !S_ISDIR(info.st_mode)))
        code = ns_fail(error, NS_ERROR_IO, "%s: exists and is not a folder", path);
    free(partial);
    return code;
}

/* ---- files of others ---- */

/* What files hold that are taken for models by mistake, and where. */
static const struct {
    const char *mark;
    size_t size, at;
    const char *text;
} foreign[] = {
#define MARK_AT(at, mark, text)         \
    {                                   \
        mark, sizeof mark - 1, at, text \
    }
#define MARK(mark, text) MARK_AT(0, mark, text)
    MARK("version https://git-lfs",
         ": a Git LFS pointer; `git lfs pull` fetches the file that it stands for"),
    MARK("\x93NUMPY", ": an array; -i takes it beside a model"),
    MARK("\x89HDF\r\n",
         ": a Keras model (HDF5); convert it to .tflite, quantised, and compile that with Vela"),
    MARK("\x1f\x8b", ": compressed with gzip; unpack it first"),
    MARK("\xfd"
         "7zXZ",
         ": compressed with xz; unpack it first"),
    MARK("BZh", ": compressed with bzip2; unpack it first"),
    MARK("\x7f"
         "ELF",
         ": a program for a processor; npuscope reads the model that was built into it"),
    MARK("ML\xefR", ": MLIR bytecode; serialise it to a .tosa first"),
    MARK("module", ": MLIR as text; serialise it to a .tosa first"),
    MARK("func.func", ": MLIR as text; serialise it to a .tosa first"),
    MARK("builtin.module", ": MLIR as text; serialise it to a .tosa first"),
    MARK("<!DOCTYPE", ": a web page; the download went wrong"),
    MARK("<html", ": a web page; the download went wrong"),
    MARK("\x80\x02", ": a Python pickle; PyTorch models are exported with ExecuTorch"),
    MARK("\x80\x04", ": a Python pickle; PyTorch models are exported with ExecuTorch"),
    MARK("\x80\x05", ": a Python pickle; PyTorch models are exported with ExecuTorch"),
    MARK("\x08\x01\x12",
         ": a TensorFlow SavedModel; convert it to .tflite, quantised, and compile that with Vela"),
    MARK_AT(4, "ED00", ": a trace of ExecuTorch (ETDump); npuscope reads the program (.pte)"),
    MARK_AT(4, "FT01", ": data beside an ExecuTorch program (.ptd); give the program (.pte)"),
    MARK_AT(8, "{\"", ": weights (safetensors); export the model with ExecuTorch"),
    MARK_AT(257, "ustar", ": a tar archive; unpack it first"),
#undef MARK
#undef MARK_AT
};

#define TEXT_LOOKED_AT 4096

static bool is_text(ns_bytes bytes)
{
    for (size_t i = 0; i < bytes.size && i < TEXT_LOOKED_AT; i++)
        if (bytes.data[i] < ' ' && (bytes.data[i] == 0 || !strchr("\t\r\n", bytes.data[i])))
            return false;
    return true;
}

static bool holds(ns_bytes bytes, const char *word)
{
    const size_t length = strlen(word), end = bytes.size < TEXT_LOOKED_AT ? bytes.size : TEXT_LOOKED_AT;
    for (size_t i = 0; i + length <= end; i++)
        if (memcmp(bytes.data + i, word, length) == 0)
            return true;
    return false;
}

const char *ns_file_foreign(ns_bytes bytes)
{
    if (bytes.size == 0)
        return ": it is empty";
    for (size_t i = 0; i < sizeof foreign / sizeof foreign[0]; i++)
        if (ns_bytes_contains(bytes, foreign[i].at, foreign[i].size) &&
            memcmp(bytes.data + foreign[i].at, foreign[i].mark, foreign[i].size) == 0)
            return foreign[i].text;
    if (is_text(bytes))
        return holds(bytes, "char ") && holds(bytes, "[") ? ": C source; give the file whose bytes it holds"
                                                          : NS_FILE_TEXT;
    /* ONNX is a protocol buffer without a mark: ir_version, then the producer's name. */
    if (ns_bytes_contains(bytes, 0, 4) && bytes.data[0] == 0x08 && bytes.data[1] < 32 &&
        bytes.data[2] == 0x12)
        return ": an ONNX model; convert it to .tflite, or export its source with ExecuTorch";
    return "";
}

const char *ns_file_not_graph(ns_bytes bytes)
{
    static const struct {
        const char *mark;
        size_t at;
        const char *text;
    } models[] = {
        {"ET12", 4,
         ": this is an ExecuTorch program; give the .tosa that it was made of "
         "(dump_intermediate_artifacts_to writes it)"},
        {"BP08", 4,
         ": this is a bundled ExecuTorch program; give the .tosa that it was made of "
         "(dump_intermediate_artifacts_to writes it)"},
        {"TFL3", 4, ": this is a .tflite; give a .tosa"},
        {"PK\x03\x04", 0, ": this is an archive, as Vela writes; give the .tosa that was compiled"},
    };
    for (size_t i = 0; i < sizeof models / sizeof models[0]; i++)
        if (ns_bytes_contains(bytes, models[i].at, 4) &&
            memcmp(bytes.data + models[i].at, models[i].mark, 4) == 0)
            return models[i].text;
    return ns_file_foreign(bytes);
}
