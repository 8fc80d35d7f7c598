/* SPDX-License-Identifier: MIT */
/* Patterns of JavaScript: lines of the input are the pattern, the flags and the text. */
#include "fuzz/fuzz.h"
#include "model/js_regex.h"

static struct bytes next_line(struct bytes *rest)
{
    size_t n = bytes_find(*rest, '\n');
    struct bytes line = bytes_of(rest->p, n);

    *rest = bytes_from(*rest, n < rest->n ? n + 1 : n);
    return line;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes rest = bytes_of((const char *)data, size);
    struct bytes pattern = next_line(&rest);
    struct bytes flags = next_line(&rest);
    struct js_regex *r = js_regex_new(pattern, flags);

    if (r) {
        (void)js_regex_test(r, rest);
        js_regex_free(r);
    }
    return 0;
}
