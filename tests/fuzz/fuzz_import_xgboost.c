/*
 * fuzz_import_xgboost.c: any bytes as a model of XGBoost, JSON or UBJSON.
 */
#include "import_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *bytes = malloc(size + 1);

    CHECK(bytes != NULL);
    memcpy(bytes, data, size);
    fuzz_import(import_xgboost, bytes, size);
    free(bytes);
    return 0;
}
