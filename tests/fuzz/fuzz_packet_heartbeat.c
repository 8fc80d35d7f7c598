/* SPDX-License-Identifier: MIT */
/* HEARTBEAT packets: what is decoded keeps its promises and is encoded to what decodes to the same.
 */
#include "fuzz/fuzz.h"
#include "support/packet_relay.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes text = bytes_of((const char *)data, size);

    packet_relay_fuzz(PACKET_HEARTBEAT, text);
    return 0;
}
