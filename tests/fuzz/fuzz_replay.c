/* SPDX-License-Identifier: MIT */
/* Feeds every file of the named folders to the fuzz target: each kept input is a regression test.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "fuzz/fuzz.h"

enum { INPUT_MAX = 1 << 20 };

static int replay_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    uint8_t *data = malloc(INPUT_MAX);
    uint8_t *exact;
    size_t n;

    if (!file || !data) {
        perror(path);
        exit(EXIT_FAILURE);
    }
    n = fread(data, 1, INPUT_MAX, file);
    (void)fclose(file);
    exact = realloc(data, n ? n : 1); /* ASan sees reads behind the input */
    (void)LLVMFuzzerTestOneInput(exact ? exact : data, n);
    free(exact ? exact : data);
    return 1;
}

static int replay_folder(const char *path)
{
    DIR *folder = opendir(path);
    const struct dirent *entry;
    int n = 0;

    if (!folder) {
        perror(path);
        exit(EXIT_FAILURE);
    }
    while ((entry = readdir(folder))) {
        char name[4096];

        if (entry->d_name[0] != '.' &&
            snprintf(name, sizeof(name), "%s/%s", path, entry->d_name) < (int)sizeof(name)) {
            n += replay_file(name);
        }
    }
    (void)closedir(folder);
    return n;
}

int main(int argc, char **argv)
{
    int n = 0;

    for (int i = 1; i < argc; i++) {
        n += replay_folder(argv[i]);
    }
    (void)printf("%d inputs replayed\n", n);
    return n > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
