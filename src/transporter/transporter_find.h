/* SPDX-License-Identifier: MIT */
/* From the transporter option to an implementation (docs/protocol.md, Transporters). */
#pragma once

#include "transporter/transporter.h"

/*
 * A name ("NATS", any case: default address) or a URL (scheme in lower case). *out_url is the URL,
 * or empty. NULL: no such transporter.
 */
const struct transporter_ops *transporter_find(struct bytes option, struct bytes *out_url);
