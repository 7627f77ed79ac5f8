/*
 * import_fuzz.h: any bytes as another library's model.
 *
 * An importer says what is wrong, beginning with the file's name, or makes a draft that
 * the check may look at; and whatever it has made can be freed.
 */
#ifndef IMPORT_FUZZ_H
#define IMPORT_FUZZ_H

#include "fuzz.h"

#include "forest/import.h"

static inline void fuzz_import(import_read *import, const void *bytes, size_t size)
{
    const struct import_options options = {0};
    struct draft draft = {0};
    struct reason why = {""};
    FILE *file;

    if (size == 0)
        return;
    file = fmemopen((void *)bytes, size, "rb");
    CHECK(file != NULL);
    if (import(file, "t", &options, &draft, &why) != RESULT_OK)
        CHECK(strncmp(why.text, "t: ", 3) == 0);
    else if (draft_check(&draft, &why) != RESULT_OK)
        CHECK(why.text[0] != '\0');
    draft_free(&draft);
    fclose(file);
}

#endif
