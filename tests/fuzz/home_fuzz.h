/*
 * home_fuzz.h: a home for the fuzzers, with one model: a real, an integer, a boolean and a
 * category.
 */
#ifndef TESTS_HOME_FUZZ_H
#define TESTS_HOME_FUZZ_H

#include "fuzz.h"

#include <ftw.h>
#include <unistd.h>

#include "forest/image.h"
#include "forest/table.h"
#include "forest/train.h"
#include "gate/home.h"
#include "gate/registry.h"

static inline int home_fuzz_remove_one(const char *path, const struct stat *st, int type,
                                       struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

static inline void home_fuzz_remove(const char *directory)
{
    nftw(directory, home_fuzz_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* A new one, in memory if there is room for files, entered and open. */
static inline void home_fuzz_make(struct home *home, char directory[64])
{
    struct reason why = {{0}};

    strcpy(directory, "/dev/shm/forestgate-fuzz.XXXXXX");
    if (mkdtemp(directory) == NULL) {
        strcpy(directory, "/tmp/forestgate-fuzz.XXXXXX");
        CHECK(mkdtemp(directory) != NULL);
    }
    CHECK(home_enter(home, directory, DB_CLI, &why) == RESULT_OK);
    CHECK(home_make(&why) == RESULT_OK);
    config_defaults(&home->config);
    CHECK(home_open(home, DB_CLI, &why) == RESULT_OK);
}

/* Trains the model on rows that are written here too, into the file m.fgm. */
static inline void home_fuzz_image(void)
{
    static const char rows[] =
        "size,rooms,garden,place,kind\n1.5,2,true,north,a\n2,1,false,south,b\n"
        "3,5,true,west,a\n4,1,false,south,b\n5,9,true,north,a\n"
        "6,1,true,west,b\n";
    struct train_options options = train_defaults;
    struct table *table = NULL;
    struct draft draft = {0};
    struct reason why = {{0}};
    FILE *file = fopen("rows.csv", "w");

    options.trees = 3;
    options.threads = 1;
    CHECK(file != NULL && fputs(rows, file) >= 0 && fclose(file) == 0);
    CHECK(table_read("rows.csv", "kind", SPEC_CLASSIFY, &table, &why) == RESULT_OK);
    CHECK(train_forest(table, &options, &draft, &why) == RESULT_OK);
    CHECK(draft_write(&draft, "m.fgm", &why) == RESULT_OK);
    draft_free(&draft);
    table_free(table);
}

/* The same, published under a name. */
static inline void home_fuzz_model(struct home *home, const char *name)
{
    const struct registry_place place = {.state = MODEL_SERVING};
    struct reason why = {{0}};
    struct registry_done done;
    FILE *file;

    home_fuzz_image();
    file = fopen("m.fgm", "r");
    CHECK(file != NULL);
    CHECK(registry_publish(home, name, fileno(file), "m.fgm", &place, &done, &why) ==
          RESULT_OK);
    fclose(file);
}

/* The model's image alone, mapped; no home is left. */
static inline struct image *home_fuzz_map(void)
{
    struct image *image = NULL;
    struct reason why = {{0}};
    char directory[64];
    struct home home;

    home_fuzz_make(&home, directory);
    home_fuzz_image();
    CHECK(image_open("m.fgm", &image, &why) == RESULT_OK);
    home_close(&home);
    home_leave(&home);
    home_fuzz_remove(directory);
    return image;
}

#endif
