/* Runs a fuzz target on files: replays a corpus, or one input that was found, without a fuzzing engine. */
#include <stdint.h>
#include <stdio.h>

#include "base/file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        ns_arena *arena = ns_arena_new();
        ns_bytes bytes;
        ns_error error;
        if (!arena || ns_file_read(argv[i], arena, &bytes, &error) != NS_OK) {
            fprintf(stderr, "%s\n", arena ? error.message : "no memory");
            ns_arena_free(arena);
            return 2;
        }
        LLVMFuzzerTestOneInput(bytes.data, bytes.size);
        ns_arena_free(arena);
    }
    printf("%d files replayed\n", argc - 1);
    return 0;
}

/* libFuzzer's own; a target's mutator that calls it is not called here. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size)
{
    (void)data;
    return size < max_size ? size : max_size;
}
