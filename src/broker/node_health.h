/* SPDX-License-Identifier: MIT */
/* The answer of $node.health: processor, memory, system, process, addresses, time. */
#pragma once

#include "json/json.h"

struct loop;

void node_health_json(const struct loop *loop, struct buf *out);
