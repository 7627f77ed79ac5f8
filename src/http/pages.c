/*
 * pages.c: the files of www/, built in.
 */
#include "http/pages.h"

#include <stddef.h>
#include <string.h>

#include "base/embed.h"
#include "pages_table.inc" /* made by pages.sh of what is there */

const struct page_file *page_file_find(const char *path)
{
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
        if (strcmp(files[i].path, path) == 0)
            return &files[i];
    return NULL;
}

bool page_docs_are_there(void)
{
    return page_file_find("/docs/swagger-ui-bundle.js") != NULL;
}
