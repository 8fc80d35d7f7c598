/* SPDX-License-Identifier: MIT */
/* Decodes the same bytes cut in different ways and compares what is told. */
#include "fuzz/fuzz_http.h"

#include "base/assert.h"
#include "support/http_story.h"

enum { HEAD_LIMIT = 512, INPUT_MAX = 2048 };

/* The size of the next piece: all, one byte, or whatever the seed makes of it. */
static size_t piece_size(unsigned *seed, size_t left)
{
    size_t size;

    if (*seed == 0) {
        return left;
    }
    if (*seed == 1) {
        return 1;
    }
    *seed = *seed * 1103515245 + 12345;
    size = 1 + (*seed >> 16) % 40;
    *seed |= 2;
    return size < left ? size : left;
}

static void tell(enum http_decoder_kind kind, struct bytes data, unsigned seed,
                 struct http_story *story)
{
    bool to_head = data.n > 0 && data.p[0] & 1;
    struct http_decoder decoder;
    enum http_decoder_event event = HTTP_DECODER_MORE;

    http_decoder_init(&decoder, kind, HEAD_LIMIT);
    http_decoder_set_to_head(&decoder, to_head);
    data = bytes_from(data, data.n > 0 ? 1 : 0);
    while (data.n > 0 && event != HTTP_DECODER_FAULT) {
        size_t n = piece_size(&seed, data.n);

        event = http_story_feed(story, &decoder, bytes_of(data.p, n));
        data = bytes_from(data, n);
    }
    (void)http_story_end(story, &decoder, event, true);
    http_decoder_fini(&decoder);
}

void fuzz_http_check(enum http_decoder_kind kind, struct bytes data)
{
    unsigned seed = data.n > 0 ? (unsigned char)data.p[0] | 2U : 2;
    unsigned seeds[] = {1, seed};
    struct http_story whole = {.in_body = false};

    if (data.n > INPUT_MAX) {
        return;
    }
    buf_init(&whole.text, BUF_NO_LIMIT);
    tell(kind, data, 0, &whole);
    for (size_t i = 0; i < sizeof(seeds) / sizeof(seeds[0]); i++) {
        struct http_story story = {.in_body = false};

        buf_init(&story.text, BUF_NO_LIMIT);
        tell(kind, data, seeds[i], &story);
        ASSERT(bytes_eq(buf_bytes(&story.text), buf_bytes(&whole.text)));
        buf_fini(&story.text);
    }
    buf_fini(&whole.text);
}
