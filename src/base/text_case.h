/* SPDX-License-Identifier: MIT */
/* Upper and lower case of Unicode text, as JavaScript's toUpperCase and toLowerCase. */
#pragma once

#include "base/buf.h"

/* One character may become several: German sharp s becomes SS. */
void text_case_add_upper(struct buf *out, struct bytes text);
/* The Greek sigma at the end of a word has a form of its own. */
void text_case_add_lower(struct buf *out, struct bytes text);
