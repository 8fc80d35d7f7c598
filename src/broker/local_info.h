/* SPDX-License-Identifier: MIT */
/* What this node says of itself in INFO: addresses, host name, client, instance. */
#pragma once

#include "registry/registry.h"

void local_info_set(struct registry *r, struct bytes instance_id, struct bytes metadata);
/* The addresses as a json array: the first IPv4 of each interface, those of the internal ones only
 * when there is no other (docs/protocol.md, INFO). */
void local_info_add_addresses(struct json_writer *w);
/* The client member: {type, version, langVersion}. */
void local_info_add_client(struct json_writer *w);
