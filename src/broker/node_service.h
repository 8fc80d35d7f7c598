/* SPDX-License-Identifier: MIT */
/* The internal service $node (docs/protocol.md): listings, health, options, metrics. */
#pragma once

#include "registry/local_service.h"

struct broker;

/* One reference, the caller's. */
struct local_service *node_service_new(struct broker *broker);
