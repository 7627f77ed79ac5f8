/*
 * fuzz_npy.c: any bytes as an array of NumPy's: rows are as wide as was said, no more of
 * them than was said, and numbers of 8 bytes are those of the file.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/npy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct reason why;
    struct npy *npy;
    double *row = NULL;
    FILE *file;

    if (size == 0 || (file = fmemopen((void *)data, size, "r")) == NULL)
        return 0;
    if (npy_open(file, "fuzz", &npy, &why) == RESULT_OK) {
        if (npy_columns(npy) <= size)
            row = malloc((size_t)npy_columns(npy) * sizeof(*row));
        while (row != NULL && npy_next(npy, row, &why) == RESULT_OK)
            if (npy_row(npy) > npy_rows(npy) || npy_row(npy) > size)
                abort();
        npy_close(npy);
    }
    free(row);
    fclose(file);
    return 0;
}
