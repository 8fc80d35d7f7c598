/* SPDX-License-Identifier: MIT */
/* TLS over another stream: not built in yet, every handshake fails. */
#include "net/stream_tls.h"

#include <stdio.h>

void stream_tls_connect(struct loop *loop, struct stream_tls_handshake *handshake,
                        struct net_stream *plain, const struct net_tls *tls,
                        const char *server_name, stream_tls_done_fn *done)
{
    (void)snprintf(handshake->error_text, sizeof(handshake->error_text), "TLS is not supported");
    net_stream_abort(plain, false);
    done(handshake, ERR_UNSUPPORTED, NULL);
}

void stream_tls_cancel(struct stream_tls_handshake *handshake)
{
}
