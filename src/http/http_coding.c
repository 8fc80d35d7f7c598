/* SPDX-License-Identifier: MIT */
/* Decodes whole bodies; the output grows with what is decoded, never with what is promised. */
#include "http/http_coding.h"

#include <limits.h>
#define ZLIB_CONST
#include <zlib.h>

#ifdef HAVE_BROTLI
#include <brotli/decode.h>
#endif

enum {
    STEP_BYTES = 16 * 1024,
    GZIP_WINDOW = MAX_WBITS + 16, /* zlib: expect a gzip header */
    RAW_WINDOW = -MAX_WBITS,
};

enum http_coding http_coding_parse(struct bytes value)
{
    if (!bytes_is_set(value) || bytes_eq_nocase(value, BYTES("identity"))) {
        return HTTP_CODING_IDENTITY;
    }
    if (bytes_eq_nocase(value, BYTES("gzip")) || bytes_eq_nocase(value, BYTES("x-gzip"))) {
        return HTTP_CODING_GZIP;
    }
    if (bytes_eq_nocase(value, BYTES("deflate"))) {
        return HTTP_CODING_DEFLATE;
    }
#ifdef HAVE_BROTLI
    if (bytes_eq_nocase(value, BYTES("br"))) {
        return HTTP_CODING_BR;
    }
#endif
    return HTTP_CODING_UNKNOWN;
}

/* Where the next decoded bytes go. At the limit one spare byte is, to see whether more follow. */
struct window {
    unsigned char *p;
    size_t n;
    unsigned char spare;
};

static int window_open(struct window *window, struct buf *out)
{
    size_t left = out->max > out->n ? out->max - out->n : 0;
    int err;

    if (left == 0) {
        window->p = &window->spare;
        window->n = 1;
        return 0;
    }
    err = buf_reserve(out, left < STEP_BYTES ? left : STEP_BYTES);
    if (err) {
        return err;
    }
    window->p = (unsigned char *)out->p + out->n;
    window->n = out->cap - out->n < UINT_MAX ? out->cap - out->n : UINT_MAX;
    return 0;
}

static int window_close(const struct window *window, struct buf *out, size_t unused)
{
    if (window->p == &window->spare) {
        return unused ? 0 : ERR_LIMIT;
    }
    out->n += window->n - unused;
    return 0;
}

/* Inflates one member; *in is advanced over it. */
static int inflate_member(z_stream *z, struct bytes *in, struct buf *out)
{
    int result = Z_OK;

    while (result == Z_OK) {
        unsigned n_in = in->n < UINT_MAX ? (unsigned)in->n : UINT_MAX;
        struct window window;
        int err = window_open(&window, out);

        if (err) {
            return err;
        }
        z->next_in = (const unsigned char *)in->p;
        z->avail_in = n_in;
        z->next_out = window.p;
        z->avail_out = (unsigned)window.n;
        result = inflate(z, Z_NO_FLUSH);
        *in = bytes_from(*in, n_in - z->avail_in);
        err = window_close(&window, out, z->avail_out);
        if (err) {
            return err;
        }
    }
    /* Z_BUF_ERROR with room left: the input has ended too early. */
    return result == Z_STREAM_END ? 0 : result == Z_MEM_ERROR ? ERR_NO_MEMORY : ERR_SYNTAX;
}

static bool is_gzip(struct bytes in)
{
    return in.n >= 2 && (unsigned char)in.p[0] == 0x1f && (unsigned char)in.p[1] == 0x8b;
}

static int decode_zlib(struct bytes in, int window_bits, struct buf *out)
{
    z_stream z = {0};
    int err;

    if (inflateInit2(&z, window_bits) != Z_OK) {
        return ERR_NO_MEMORY;
    }
    err = inflate_member(&z, &in, out);
    /* A gzip body may have more members; other bytes after it are dropped, as zlib's users do. */
    while (err == 0 && window_bits == GZIP_WINDOW && is_gzip(in)) {
        (void)inflateReset(&z);
        err = inflate_member(&z, &in, out);
    }
    (void)inflateEnd(&z);
    return err;
}

/* RFC 1950's header: method 8, and a multiple of 31. Some servers send the bare format. */
static bool has_zlib_header(struct bytes in)
{
    unsigned first = in.n > 1 ? (unsigned char)in.p[0] : 0;
    unsigned second = in.n > 1 ? (unsigned char)in.p[1] : 0;

    return (first & 0xf) == 8 && (first * 256 + second) % 31 == 0;
}

#ifdef HAVE_BROTLI

static int decode_brotli(struct bytes in, struct buf *out)
{
    BrotliDecoderState *decoder = BrotliDecoderCreateInstance(NULL, NULL, NULL);
    size_t in_left = in.n;
    const unsigned char *next_in = (const unsigned char *)in.p;
    BrotliDecoderResult result = BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT;
    int err = decoder ? 0 : ERR_NO_MEMORY;

    while (err == 0 && result == BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT) {
        struct window window;

        err = window_open(&window, out);
        if (err == 0) {
            size_t out_left = window.n;
            unsigned char *next_out = window.p;

            result = BrotliDecoderDecompressStream(decoder, &in_left, &next_in, &out_left,
                                                   &next_out, NULL);
            err = window_close(&window, out, out_left);
        }
    }
    if (decoder) {
        BrotliDecoderDestroyInstance(decoder);
    }
    if (err) {
        return err;
    }
    return result == BROTLI_DECODER_RESULT_SUCCESS ? 0 : ERR_SYNTAX;
}

#endif

int http_coding_decode(enum http_coding coding, struct bytes in, struct buf *out)
{
    switch (coding) {
    case HTTP_CODING_IDENTITY:
        buf_add(out, in);
        return out->failed ? ERR_LIMIT : 0;
    case HTTP_CODING_GZIP:
        return decode_zlib(in, GZIP_WINDOW, out);
    case HTTP_CODING_DEFLATE:
        return decode_zlib(in, has_zlib_header(in) ? MAX_WBITS : RAW_WINDOW, out);
    case HTTP_CODING_BR:
#ifdef HAVE_BROTLI
        return decode_brotli(in, out);
#endif
    case HTTP_CODING_UNKNOWN:
        break;
    }
    return ERR_UNSUPPORTED;
}
