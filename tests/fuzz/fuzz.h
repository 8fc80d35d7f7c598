/* SPDX-License-Identifier: MIT */
/* What libFuzzer calls and fuzz_replay.c calls in its place. */
#pragma once

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
