/* SPDX-License-Identifier: MIT */
/* Names of services as all nodes compute them (docs/protocol.md, Names). */
#pragma once

#include "json/json.h"

/*
 * The full name: "v<version>.<name>" for a number, "<version>.<name>" for a string, the name alone
 * for any other version (a json slice or none). In the arena, or name itself.
 */
struct bytes service_name_full(struct bytes name, struct bytes version, struct arena *arena);
