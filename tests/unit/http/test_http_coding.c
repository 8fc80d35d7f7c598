/* SPDX-License-Identifier: MIT */
/* Content codings against what zlib itself writes, cut off and damaged at every byte. */
#include "http/http_coding.h"

#include <zlib.h>

#include "base/mem.h"
#include "support/check.h"

enum { PLAIN_BYTES = 40000, ROOM_BYTES = 60000 };

static struct bytes deflate_text(struct bytes text, int window_bits, int level, char *room)
{
    z_stream z = {0};

    assert_int_equal(deflateInit2(&z, level, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_in = (unsigned char *)(uintptr_t)text.p;
    z.avail_in = (unsigned)text.n;
    z.next_out = (unsigned char *)room;
    z.avail_out = ROOM_BYTES;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    (void)deflateEnd(&z);
    return bytes_of(room, ROOM_BYTES - z.avail_out);
}

static int decode(enum http_coding coding, struct bytes in, size_t limit, struct buf *out)
{
    buf_init(out, limit);
    return http_coding_decode(coding, in, out);
}

static void names_are_known(void **state)
{
    assert_int_equal(http_coding_parse(BYTES_NONE), HTTP_CODING_IDENTITY);
    assert_int_equal(http_coding_parse(BYTES("Identity")), HTTP_CODING_IDENTITY);
    assert_int_equal(http_coding_parse(BYTES("GZip")), HTTP_CODING_GZIP);
    assert_int_equal(http_coding_parse(BYTES("x-gzip")), HTTP_CODING_GZIP);
    assert_int_equal(http_coding_parse(BYTES("deflate")), HTTP_CODING_DEFLATE);
    assert_int_equal(http_coding_parse(BYTES("gzip, gzip")), HTTP_CODING_UNKNOWN);
    assert_int_equal(http_coding_parse(BYTES("")), HTTP_CODING_UNKNOWN);
    assert_int_equal(http_coding_parse(BYTES("zstd")), HTTP_CODING_UNKNOWN);
}

static void fill(char *plain)
{
    unsigned seed = 1;

    for (size_t i = 0; i < PLAIN_BYTES; i++) {
        seed = seed * 1103515245 + 12345;
        plain[i] = (char)('a' + (seed >> 16) % 20);
    }
}

static void all_sizes_are_decoded_up_to_the_limit(void **state)
{
    static const struct {
        enum http_coding coding;
        int window_bits;
    } formats[] = {
        {HTTP_CODING_GZIP, MAX_WBITS + 16},
        {HTTP_CODING_DEFLATE, MAX_WBITS},
        {HTTP_CODING_DEFLATE, -MAX_WBITS},
    };
    static const size_t sizes[] = {0, 1, 100, 16383, 16384, 16385, 32768, PLAIN_BYTES};
    char *plain = mem_alloc(PLAIN_BYTES);
    char *room = mem_alloc(ROOM_BYTES);

    fill(plain);
    for (size_t i = 0; i < 3 * sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct bytes text = bytes_of(plain, sizes[i / 3]);
        struct bytes coded = deflate_text(text, formats[i % 3].window_bits, 6, room);
        struct buf out;

        assert_int_equal(decode(formats[i % 3].coding, coded, text.n, &out), 0);
        assert_true(bytes_eq(buf_bytes(&out), text));
        buf_fini(&out);
        if (text.n > 0) {
            assert_int_equal(decode(formats[i % 3].coding, coded, text.n - 1, &out), ERR_LIMIT);
            buf_fini(&out);
        }
    }
    mem_free(plain);
    mem_free(room);
}

static void a_bomb_takes_no_memory(void **state)
{
    char *zeros = mem_alloc(10 * 1000 * 1000);
    char *room = mem_alloc(ROOM_BYTES);
    struct bytes coded = deflate_text(bytes_of(zeros, 10 * 1000 * 1000), MAX_WBITS + 16, 9, room);
    struct buf out;

    assert_in_range(coded.n, 1, 20000);
    assert_int_equal(decode(HTTP_CODING_GZIP, coded, 1000, &out), ERR_LIMIT);
    assert_in_range(out.cap, 0, 1000);
    buf_fini(&out);
    mem_free(zeros);
    mem_free(room);
}

static void cut_off_bodies_are_refused(void **state)
{
    char *room = mem_alloc(ROOM_BYTES);
    struct bytes coded =
        deflate_text(BYTES("some text, some text, some more text"), MAX_WBITS + 16, 9, room);

    for (size_t n = 0; n < coded.n; n++) {
        char *cut = mem_strndup(coded.p, n); /* of its own: reading past it shows */
        struct buf out;

        assert_int_equal(decode(HTTP_CODING_GZIP, bytes_of(cut, n), 1000, &out), ERR_SYNTAX);
        buf_fini(&out);
        mem_free(cut);
    }
    mem_free(room);
}

static void members_follow_one_another(void **state)
{
    char *room = mem_alloc(ROOM_BYTES);
    struct buf in, out;

    buf_init(&in, BUF_NO_LIMIT);
    buf_add(&in, deflate_text(BYTES("one "), MAX_WBITS + 16, 9, room));
    buf_add(&in, deflate_text(BYTES("two"), MAX_WBITS + 16, 9, room));
    assert_int_equal(decode(HTTP_CODING_GZIP, buf_bytes(&in), 7, &out), 0);
    assert_bytes(buf_bytes(&out), "one two");
    buf_fini(&out);
    assert_int_equal(decode(HTTP_CODING_GZIP, buf_bytes(&in), 6, &out), ERR_LIMIT);
    buf_fini(&out);
    buf_fini(&in);
    mem_free(room);
}

#ifdef HAVE_BROTLI

static void brotli_is_decoded(void **state)
{
    static const char coded[] = {0x0b, 0x02, (char)0x80, 'h', 'e', 'l', 'l', 'o', 0x03};
    struct buf out;

    assert_int_equal(http_coding_parse(BYTES("br")), HTTP_CODING_BR);
    assert_int_equal(decode(HTTP_CODING_BR, bytes_of(coded, sizeof(coded)), 5, &out), 0);
    assert_bytes(buf_bytes(&out), "hello");
    buf_fini(&out);
    assert_int_equal(decode(HTTP_CODING_BR, bytes_of(coded, sizeof(coded)), 4, &out), ERR_LIMIT);
    buf_fini(&out);
    for (size_t n = 0; n < sizeof(coded); n++) {
        assert_int_equal(decode(HTTP_CODING_BR, bytes_of(coded, n), 100, &out), ERR_SYNTAX);
        buf_fini(&out);
    }
}

#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_known),
        cmocka_unit_test(all_sizes_are_decoded_up_to_the_limit),
        cmocka_unit_test(a_bomb_takes_no_memory),
        cmocka_unit_test(cut_off_bodies_are_refused),
        cmocka_unit_test(members_follow_one_another),
#ifdef HAVE_BROTLI
        cmocka_unit_test(brotli_is_decoded),
#endif
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
