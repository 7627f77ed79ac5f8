/*
 * fuzz_import_onnx.c: any bytes as an ONNX model.
 */
#include "import_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_import(import_onnx, data, size);
    return 0;
}
