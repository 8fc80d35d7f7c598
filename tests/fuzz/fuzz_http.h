/* SPDX-License-Identifier: MIT */
/* What both directions of the decoder are fuzzed with. */
#pragma once

#include "http/http_decoder.h"

/*
 * The first byte of data seeds the cuts. The rest must tell the same story whole, in pieces of
 * any size, and byte by byte.
 */
void fuzz_http_check(enum http_decoder_kind kind, struct bytes data);
