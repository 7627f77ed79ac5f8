/*
 * fixture.c: a home of its own for a test, and an image to publish in it.
 */
#include "fixture.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "forest/table.h"
#include "forest/train.h"
#include "gate/registry.h"

static char directory[64];

void fixture_open(struct home *home)
{
    struct reason why = {{0}};

    strcpy(directory, "/tmp/forestgate-test.XXXXXX");
    assert_non_null(mkdtemp(directory));
    if (home_enter(home, directory, DB_CLI, &why) != RESULT_OK ||
        home_make(&why) != RESULT_OK || home_load_config(home, environ, &why) != RESULT_OK ||
        home_open(home, DB_CLI, &why) != RESULT_OK)
        fail_msg("%s", why.text);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

void fixture_close(struct home *home)
{
    home_close(home);
    home_leave(home);
    assert_int_equal(nftw(directory, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

void fixture_image(const char *path, unsigned seed)
{
    struct train_options options = train_defaults;
    char csv[] = "/tmp/forestgate-test-rows.XXXXXX";
    struct table *table = NULL;
    struct draft draft = {0};
    struct reason why = {{0}};
    int fd = mkstemp(csv);
    FILE *rows = fdopen(fd, "w");

    assert_non_null(rows);
    fputs("size,weight,kind\n", rows);
    for (int i = 0; i < 60; i++)
        fprintf(rows, "%d.5,%d,%s\n", i, (i * 7) % 13, i < 20 ? "low" : i < 40 ? "mid" : "top");
    fclose(rows);
    options.trees = 5;
    options.seed = seed;
    options.threads = 1;
    if (table_read(csv, "kind", SPEC_CLASSIFY, &table, &why) != RESULT_OK ||
        train_forest(table, &options, &draft, &why) != RESULT_OK ||
        draft_write(&draft, path, &why) != RESULT_OK)
        fail_msg("%s", why.text);
    draft_free(&draft);
    table_free(table);
    unlink(csv);
}

long fixture_publish(struct home *home, const char *name, unsigned seed)
{
    const struct registry_place place = {.state = MODEL_SERVING};
    struct reason why = {{0}};
    struct registry_done done;
    int fd;

    fixture_image("fixture.fgm", seed);
    fd = open("fixture.fgm", O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    if (registry_publish(home, name, fd, "fixture.fgm", &place, &done, &why) != RESULT_OK)
        fail_msg("%s", why.text);
    close(fd);
    unlink("fixture.fgm");
    return (long)done.row.version;
}
