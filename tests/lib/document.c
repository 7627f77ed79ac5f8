/*
 * document.c: prints the OpenAPI document as anybody gets it, without a home and without a
 * worker, for what checks answers by it.
 */
#include <stdio.h>

#include "http/openapi_inner.h"

int main(void)
{
    struct buf out = {0};
    struct json_writer writer = json_writer_on(&out);
    int status;

    openapi_document(&writer, NULL, NULL);
    status = buf_failed(&out) || fwrite(out.data, 1, out.len, stdout) != out.len;
    buf_free(&out);
    return status;
}
