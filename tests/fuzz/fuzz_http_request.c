/* SPDX-License-Identifier: MIT */
/* HTTP/1.1 requests. */
#include "fuzz/fuzz.h"
#include "fuzz/fuzz_http.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_http_check(HTTP_DECODER_REQUESTS, bytes_of((const char *)data, size));
    return 0;
}
