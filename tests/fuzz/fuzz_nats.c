/* SPDX-License-Identifier: MIT */
/*
 * What a NATS server may send. The first byte tells the size of the pieces in which the rest is
 * read a second time: the frames must be the same. INFO and URLs are read further.
 */
#include "base/assert.h"
#include "base/mem.h"
#include "fuzz/fuzz.h"
#include "wire/nats/nats_codec.h"
#include "wire/nats/nats_login.h"
#include "wire/nats/nats_servers.h"

enum { PAYLOAD_MAX = 1000 };

static void check_servers(struct bytes connect_urls)
{
    struct nats_servers servers;

    ASSERT(nats_servers_init(&servers, BYTES_NONE) == 0);
    for (int i = 0; i < 2; i++) {
        nats_servers_learn(&servers, connect_urls);
        for (unsigned k = 0; k < servers.n; k++) {
            const struct nats_server *server = nats_servers_current(&servers);

            ASSERT(server->host.n > 0 && server->host.n <= NATS_HOST_MAX && server->port > 0);
            nats_servers_advance(&servers);
        }
        nats_servers_advance(&servers);
    }
    nats_servers_fini(&servers);
}

static void check_info(struct bytes text)
{
    struct nats_info info;

    if (nats_info_read(text, &info) == 0) {
        ASSERT(info.max_payload > 0 && info.max_payload <= NATS_PAYLOAD_MAX);
        check_servers(info.connect_urls);
    }
}

static void check_list(struct bytes text)
{
    struct nats_servers servers;

    if (nats_servers_init(&servers, text) == 0) {
        ASSERT(servers.n > 0);
        nats_servers_fini(&servers);
    }
}

static void describe(struct buf *out, const struct nats_frame *frame)
{
    const struct bytes parts[] = {frame->text, frame->subject, frame->reply, frame->headers,
                                  frame->payload};

    buf_add_u64(out, frame->op);
    buf_add_u64(out, frame->sid);
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        buf_add_char(out, bytes_is_set(parts[i]) ? '+' : '-');
        buf_add_u64(out, parts[i].n);
        buf_add(out, parts[i]);
    }
}

/* One piece in memory of its own, so that reads behind it are seen. Returns how it ended. */
static int read_piece(struct nats_codec *codec, struct bytes piece, struct buf *out)
{
    char *copy = mem_realloc(NULL, piece.n);
    struct bytes input = bytes_of(copy, piece.n);
    struct nats_frame frame;
    int result;

    memcpy(copy, piece.p, piece.n);
    while ((result = nats_codec_next(codec, &input, &frame)) == 1) {
        ASSERT(frame.payload.n <= PAYLOAD_MAX);
        describe(out, &frame);
        (void)nats_codec_is_subject(frame.subject, true);
        (void)nats_codec_error_kind(frame.text);
        if (frame.op == NATS_OP_INFO) {
            check_info(frame.text);
        }
    }
    ASSERT(result < 0 || input.n == 0);
    mem_free(copy);
    return result;
}

static int read_in_pieces(struct bytes text, size_t size, struct buf *out)
{
    struct nats_codec codec;
    int result = 0;

    nats_codec_init(&codec, PAYLOAD_MAX);
    while (text.n > 0 && result == 0) {
        size_t n = text.n < size ? text.n : size;

        result = read_piece(&codec, bytes_of(text.p, n), out);
        text = bytes_from(text, n);
    }
    nats_codec_fini(&codec);
    return result;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes text = bytes_of((const char *)data, size);
    struct buf whole, pieces;
    int result;

    if (size < 2) {
        return 0;
    }
    text = bytes_from(text, 1);
    buf_init(&whole, BUF_NO_LIMIT);
    buf_init(&pieces, BUF_NO_LIMIT);
    result = read_in_pieces(text, text.n, &whole);
    ASSERT(read_in_pieces(text, 1 + data[0] % 64, &pieces) == result);
    ASSERT(bytes_eq(buf_bytes(&whole), buf_bytes(&pieces)));
    check_list(text);
    buf_fini(&whole);
    buf_fini(&pieces);
    return 0;
}
