/*
 * fuzz_body.c: any bytes as the body of a prediction.  Whatever comes, it is refused
 * with a detail, or it is rows that fit the model.
 */
#include <ftw.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "base/utf8.h"
#include "forest/table.h"
#include "forest/train.h"
#include "forest/walk.h"
#include "gate/registry.h"
#include "http/input.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct service service;

static void need(int good)
{
    if (!good)
        abort();
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

/* A home with one model of two features. */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    static const char rows[] = "size,weight,kind\n1,2,a\n2,1,b\n3,5,a\n4,1,b\n5,9,a\n6,1,b\n";
    char directory[] = "/tmp/forestgate-fuzz.XXXXXX";
    struct train_options options = train_defaults;
    struct table *table = NULL;
    struct draft draft = {0};
    struct reason why = {{0}};
    struct model_row row;
    FILE *file;

    (void)argc;
    (void)argv;
    options.trees = 3;
    options.threads = 1;
    need(mkdtemp(directory) != NULL);
    need(home_enter(&service.home, directory, DB_CLI, &why) == RESULT_OK);
    need(home_make(&why) == RESULT_OK);
    config_defaults(&service.home.config);
    need(home_open(&service.home, DB_CLI, &why) == RESULT_OK);
    file = fopen("rows.csv", "w");
    need(file != NULL && fputs(rows, file) >= 0 && fclose(file) == 0);
    need(table_read("rows.csv", "kind", SPEC_CLASSIFY, &table, &why) == RESULT_OK);
    need(train_forest(table, &options, &draft, &why) == RESULT_OK);
    need(draft_write(&draft, "m.fgm", &why) == RESULT_OK);
    file = fopen("m.fgm", "r");
    need(registry_publish(&service.home, "m", fileno(file), "m.fgm", &row, &why) == RESULT_OK);
    fclose(file);
    draft_free(&draft);
    table_free(table);
    need(registry_new(&service.home, &service.registry, &why) == RESULT_OK);
    need(registry_refresh(service.registry, &why) == RESULT_OK);
    need(input_new(&service.input, &why) == RESULT_OK);
    home_close(&service.home); /* the image is mapped, and nothing else is asked */
    home_leave(&service.home);
    need(nftw(directory, remove_one, 16, FTW_DEPTH | FTW_PHYS) == 0);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf body = {.data = (char *)(uintptr_t)data, .len = size};
    struct request request = {.body = &body, .caller = {.models = "*"}};
    struct input_rows rows = {0};
    double out[2];

    reply_start(&service.reply);
    if (input_read(&service, &request, &service.reply, &rows)) {
        need(rows.count >= 1 && (!rows.single || rows.count == 1));
        for (size_t i = 0; i < rows.count * 2; i++)
            need(walk_value_fits(rows.values[i]));
        for (size_t i = 0; i < rows.count; i++)
            walk_predict(rows.model->image, rows.values + 2 * i, 1, out);
        return 0;
    }
    need(service.reply.status == REPLY_MALFORMED ||
         service.reply.status == REPLY_UNPROCESSABLE);
    need(service.reply.detail[0] != '\0');
    need(utf8_valid(service.reply.detail, strlen(service.reply.detail)));
    return 0;
}
