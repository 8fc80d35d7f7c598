/* SPDX-License-Identifier: MIT */
/*
 * The events of a decoder as text, without how the input was cut: adjacent pieces of a body are
 * one. So the same message must tell the same story however it comes.
 */
#pragma once

#include "http/http_decoder.h"

struct http_story {
    struct buf text;
    bool in_body;
};

/*
 * Decodes bytes, from memory of their own that is gone afterwards, and adds to the text. Returns
 * the last event: MORE or FAULT.
 */
enum http_decoder_event http_story_feed(struct http_story *story, struct http_decoder *decoder,
                                        struct bytes bytes);
/* Ends the text: "FAULT " (why is not told; true) or "..." where something is missing. */
bool http_story_end(struct http_story *story, struct http_decoder *decoder,
                    enum http_decoder_event last, bool stream_ends);
