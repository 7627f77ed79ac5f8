/*
 * fuzz_import_treelite.c: any bytes as a checkpoint of Treelite's.
 */
#include "import_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_import(import_treelite, data, size);
    return 0;
}
