/* SPDX-License-Identifier: MIT */
/* Names of packets. */
#include "model/packet_type.h"

const char *packet_type_name(enum packet_type type)
{
    static const char *const names[PACKET_TYPE_COUNT] = {
        [PACKET_UNKNOWN] = "?",
        [PACKET_EVENT] = "EVENT",
        [PACKET_REQUEST] = "REQ",
        [PACKET_RESPONSE] = "RES",
        [PACKET_DISCOVER] = "DISCOVER",
        [PACKET_INFO] = "INFO",
        [PACKET_DISCONNECT] = "DISCONNECT",
        [PACKET_HEARTBEAT] = "HEARTBEAT",
        [PACKET_PING] = "PING",
        [PACKET_PONG] = "PONG",
    };

    return (unsigned)type < PACKET_TYPE_COUNT ? names[type] : names[PACKET_UNKNOWN];
}
