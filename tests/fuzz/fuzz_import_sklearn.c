/*
 * fuzz_import_sklearn.c: any bytes as a file of export_sklearn.py, under a right checksum.
 */
#include "import_fuzz.h"

#include "forest/digest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *bytes = malloc(size + 1);

    CHECK(bytes != NULL);
    memcpy(bytes, data, size);
    if (size > DIGEST_BYTES)
        digest_of(bytes, size - DIGEST_BYTES, bytes + size - DIGEST_BYTES);
    fuzz_import(import_sklearn, bytes, size);
    free(bytes);
    return 0;
}
