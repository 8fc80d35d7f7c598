/* SPDX-License-Identifier: MIT */
/* Passes calls on to the kind of stream. */
#include "net/net_stream.h"

#include <uv.h>

#include "net/net_stream_internal.h"

void net_stream_set_events(struct net_stream *stream, const struct net_stream_events *events,
                           void *owner)
{
    stream->events = events;
    stream->owner = owner;
}

void *net_stream_owner(const struct net_stream *stream)
{
    return stream->owner;
}

void net_stream_write(struct net_stream *stream, struct bytes bytes)
{
    stream->ops->write(stream, bytes);
}

size_t net_stream_pending_bytes(const struct net_stream *stream)
{
    return stream->ops->pending_bytes(stream);
}

void net_stream_set_write_limit(struct net_stream *stream, size_t bytes)
{
    stream->ops->set_write_limit(stream, bytes);
}

void net_stream_pause(struct net_stream *stream)
{
    stream->ops->pause(stream);
}

void net_stream_resume(struct net_stream *stream)
{
    stream->ops->resume(stream);
}

void net_stream_close(struct net_stream *stream)
{
    stream->ops->close(stream);
}

void net_stream_linger(struct net_stream *stream)
{
    stream->ops->linger(stream);
}

void net_stream_abort(struct net_stream *stream, bool reset)
{
    stream->ops->abort(stream, reset);
}

void net_stream_set_no_delay(struct net_stream *stream)
{
    stream->ops->set_no_delay(stream);
}

const char *net_stream_peer_name(const struct net_stream *stream)
{
    return stream->ops->peer_name(stream);
}

void net_stream_tell_eof(struct net_stream *stream)
{
    if (stream->events && stream->events->on_eof) {
        stream->events->on_eof(stream);
    } else {
        net_stream_close(stream);
    }
}

void net_stream_tell_drain(struct net_stream *stream)
{
    if (stream->events && stream->events->on_drain) {
        stream->events->on_drain(stream);
    }
}

int net_error_from_uv(int uv_error)
{
    static const struct {
        int uv, ours;
    } table[] = {
        {UV_ECANCELED, ERR_CANCELED},
        {UV_ECONNREFUSED, ERR_REFUSED},
        {UV_ECONNRESET, ERR_RESET},
        {UV_EPIPE, ERR_RESET},
        {UV_ECONNABORTED, ERR_RESET},
        {UV_EHOSTUNREACH, ERR_UNREACHABLE},
        {UV_ENETUNREACH, ERR_UNREACHABLE},
        {UV_EADDRNOTAVAIL, ERR_UNREACHABLE},
        {UV_EAI_NONAME, ERR_NO_HOST},
        {UV_EAI_AGAIN, ERR_NO_HOST},
        {UV_EAI_NODATA, ERR_NO_HOST},
        {UV_EAI_FAIL, ERR_NO_HOST},
        {UV_ETIMEDOUT, ERR_TIMEOUT},
        {UV_EADDRINUSE, ERR_IN_USE},
        {UV_EACCES, ERR_ACCESS},
        {UV_EPERM, ERR_ACCESS},
        {UV_ENOENT, ERR_REFUSED},
        {UV_EINVAL, ERR_INVALID},
        {UV_EMFILE, ERR_LIMIT},
        {UV_ENFILE, ERR_LIMIT},
        {UV_ENOMEM, ERR_NO_MEMORY},
        {UV_EOF, ERR_CLOSED},
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        if (table[i].uv == uv_error) {
            return table[i].ours;
        }
    }
    return uv_error == 0 ? 0 : ERR_IO;
}
