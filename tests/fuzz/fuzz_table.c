/*
 * fuzz_table.c: any bytes as a CSV file to train on.
 *
 * The first byte says whether its column "y" is learned as it comes, as classes, as numbers, or
 * from the texts of the column "t".  A table that is made has a target for each row that is one
 * of its classes or a finite number; a forest that is trained on it is an image that passes all
 * checks; what is refused has a reason.
 */
#include "fuzz.h"

#include <math.h>
#include <sys/mman.h>
#include <unistd.h>

#include "forest/draft.h"
#include "forest/table.h"
#include "forest/train.h"

enum {
    TRAINED_MAX = 256 /* bytes of a file on which a forest is grown as well */
};

static void check_table(const struct table *table)
{
    CHECK(table->n_rows >= 1);
    CHECK((table->classes != NULL) == (table->n_classes > 0));
    CHECK((table->classes == NULL) == (table->values != NULL));
    for (size_t i = 0; i < table->n_rows; i++) {
        if (table->classes != NULL)
            CHECK(table->classes[i] < table->n_classes);
        else
            CHECK(isfinite(table->values[i]));
    }
    for (uint32_t i = 0; i + 1 < table->n_classes; i++)
        CHECK(strcmp(table->labels[i], table->labels[i + 1]) != 0);
    for (size_t i = 1; table->text_ends != NULL && i < table->n_rows; i++)
        CHECK(table->text_ends[i] > table->text_ends[i - 1]);
}

static void check_forest(const struct table *table)
{
    struct train_options options = train_defaults;
    struct draft draft = {0};
    struct reason why = {{0}};

    options.trees = 2;
    options.threads = 1;
    if (train_forest(table, &options, &draft, &why) == RESULT_OK)
        CHECK(draft_check(&draft, &why) == RESULT_OK);
    else
        CHECK(why.text[0] != '\0');
    draft_free(&draft);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum spec_task tasks[] = {0, SPEC_CLASSIFY, SPEC_REGRESS};
    struct reason why = {{0}};
    struct table *table = NULL;
    enum result result;
    char path[32];
    int fd;

    if (size < 1)
        return 0;
    fd = memfd_create("table.csv", MFD_CLOEXEC);
    CHECK(fd >= 0 && (size == 1 || write(fd, data + 1, size - 1) == (ssize_t)(size - 1)));
    snprintf(path, sizeof(path), "/dev/fd/%d", fd);
    if (data[0] % 4 == 3)
        result = table_read_texts(path, "y", "t", &table, &why);
    else
        result = table_read(path, "y", tasks[data[0] % 4], &table, &why);
    close(fd);
    if (result == RESULT_OK) {
        check_table(table);
        if (table->text == NULL && size <= TRAINED_MAX)
            check_forest(table);
        table_free(table);
    } else {
        CHECK(why.text[0] != '\0');
    }
    return 0;
}
