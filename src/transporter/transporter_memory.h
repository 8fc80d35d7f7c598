/* SPDX-License-Identifier: MIT */
/* What tests do to the in-process bus of transporter_memory.c beyond the common table. */
#pragma once

#include <stdbool.h>

struct transporter;

/*
 * Cuts the link of one transporter, or mends it. Cut: what is under way to it is lost,
 * on_disconnected follows, publishing is refused. Mended: on_connected follows.
 */
void transporter_memory_cut(struct transporter *t, bool is_cut);
