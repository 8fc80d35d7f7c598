/* SPDX-License-Identifier: MIT */
/* The packets of the Moleculer protocol (docs/protocol.md, Packets), as topics name them. */
#pragma once

#include "base/bytes.h"

enum packet_type {
    PACKET_UNKNOWN,
    PACKET_EVENT,
    PACKET_REQUEST,
    PACKET_RESPONSE,
    PACKET_DISCOVER,
    PACKET_INFO,
    PACKET_DISCONNECT,
    PACKET_HEARTBEAT,
    PACKET_PING,
    PACKET_PONG,
    PACKET_TYPE_COUNT
};

/* Versions of the protocol: Moleculer 0.14 speaks 4, 0.15 speaks 5. NONE: unknown, or either. */
enum protocol { PROTOCOL_NONE = 0, PROTOCOL_4 = 4, PROTOCOL_5 = 5 };

/* "EVENT", "REQ", "RES", "DISCOVER"... */
const char *packet_type_name(enum packet_type type);
