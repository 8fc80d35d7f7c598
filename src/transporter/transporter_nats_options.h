/* SPDX-License-Identifier: MIT */
/* transporter.options of NATS (those of nats.js 2.x that JSON can hold) as options of our client.
 */
#pragma once

#include "transporter/transporter.h"
#include "wire/nats/nats_client.h"

/*
 * options: slice or BYTES_NONE. Servers: url when not empty, else options.url, .servers, .port.
 * Texts go to the arena of t, problems to its log. *out_tls: settings, owned by the caller, or
 * NULL. ERR_INVALID, ERR_TLS, ERR_UNSUPPORTED.
 */
int transporter_nats_options_read(struct bytes options, struct bytes url, struct transporter *t,
                                  struct nats_client_options *out,
                                  struct net_tls **out_tls) MUST_CHECK;
