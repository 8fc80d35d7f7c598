/* SPDX-License-Identifier: MIT */
/* Tells what a decoder says. */
#include "support/http_story.h"

#include "base/assert.h"
#include "base/mem.h"

static void tell_end_of_body(struct http_story *story)
{
    if (story->in_body) {
        buf_add_char(&story->text, ']');
        story->in_body = false;
    }
}

static void tell_slice(struct buf *text, const char *name, struct bytes slice)
{
    if (bytes_is_set(slice)) {
        buf_add_format(text, " %s=%.*s", name, BYTES_ARG(slice));
    }
}

static void tell_head(struct buf *text, const struct http_head *head)
{
    static const char *const framing[] = {"none", "length", "chunked", "close"};

    buf_add(text, bytes_is_set(head->method) ? BYTES("REQUEST") : BYTES("ANSWER"));
    tell_slice(text, "method", head->method);
    tell_slice(text, "target", head->target);
    tell_slice(text, "path", head->path);
    tell_slice(text, "query", head->query);
    if (head->status) {
        buf_add_format(text, " status=%u", head->status);
    }
    tell_slice(text, "reason", head->reason);
    buf_add_format(text, " 1.%d %s", !head->is_http10, framing[head->framing]);
    if (head->framing == HTTP_FRAMING_LENGTH) {
        buf_add_format(text, "=%llu", (unsigned long long)head->length);
    }
    buf_add(text, head->keep_alive ? BYTES(" keep") : BYTES(" close"));
    if (head->expect != HTTP_EXPECT_NOTHING) {
        buf_add_format(text, " expect=%u", head->expect);
    }
    for (unsigned i = 0; i < head->headers->count; i++) {
        buf_add_format(text, " <%.*s|%.*s>", BYTES_ARG(head->headers->items[i].name),
                       BYTES_ARG(head->headers->items[i].value));
    }
    buf_add_char(text, '\n');
}

/* Slices of a moved head must not need the input any more. */
static void tell_moved_head(struct buf *text, struct http_head *head)
{
    char *room = mem_alloc(head->block.n);

    http_head_move(head, room);
    tell_head(text, head);
    mem_free(room);
}

static void tell(struct http_story *story, enum http_decoder_event event, struct http_head *head,
                 struct bytes piece)
{
    if (event == HTTP_DECODER_BODY) {
        ASSERT(piece.n > 0);
        buf_add(&story->text, story->in_body ? BYTES("") : BYTES("["));
        buf_add(&story->text, piece);
        story->in_body = true;
        return;
    }
    tell_end_of_body(story);
    if (event == HTTP_DECODER_HEAD) {
        tell_moved_head(&story->text, head);
    } else if (event == HTTP_DECODER_END) {
        buf_add(&story->text, BYTES("END\n"));
    }
}

enum http_decoder_event http_story_feed(struct http_story *story, struct http_decoder *decoder,
                                        struct bytes bytes)
{
    struct http_headers headers;
    struct http_head head = {.headers = &headers};
    char *copy = mem_strndup(bytes.p, bytes.n);
    struct bytes input = bytes_of(copy, bytes.n);
    enum http_decoder_event event;

    do {
        struct bytes piece = BYTES_NONE;

        event = http_decoder_next(decoder, &input, &head, &piece);
        if (event != HTTP_DECODER_MORE) {
            tell(story, event, &head, piece);
        }
    } while (event != HTTP_DECODER_MORE && event != HTTP_DECODER_FAULT);
    mem_free(copy);
    return event;
}

bool http_story_end(struct http_story *story, struct http_decoder *decoder,
                    enum http_decoder_event last, bool stream_ends)
{
    if (last != HTTP_DECODER_FAULT && stream_ends) {
        last = http_decoder_finish(decoder);
        tell(story, last, NULL, BYTES_NONE);
    }
    tell_end_of_body(story);
    if (last == HTTP_DECODER_FAULT) {
        buf_add(&story->text, BYTES("FAULT "));
    } else if (!http_decoder_is_between(decoder)) {
        buf_add(&story->text, BYTES("..."));
    }
    return last == HTTP_DECODER_FAULT;
}
