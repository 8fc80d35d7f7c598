/* SPDX-License-Identifier: MIT */
/* Absolute URLs of requests: http://, https:// and unix:/socket/path:/request/path. */
#pragma once

#include "base/arena.h"
#include "base/err.h"

struct http_url {
    bool is_tls, is_unix;
    bool has_userinfo;
    unsigned port;
    struct bytes host;          /* name or address without brackets; unix: the socket's path */
    struct bytes host_header;   /* as the Host line has it: port left out where it is the usual */
    struct bytes target;        /* path and query, percent-encoded; begins with '/' */
    struct bytes authorization; /* "Basic ...", from user:password; or none */
    struct bytes origin;        /* key of what can share a connection */
};

/*
 * Reads a URL as a browser would where HTTP allows: scheme and host without regard to case, the
 * fragment cut, bytes over 0x7F and blanks percent-encoded. ERR_INVALID for anything that is no
 * such URL, control characters included. Texts are in the arena.
 */
int http_url_parse(struct bytes text, struct arena *arena, struct http_url *out) MUST_CHECK;

/* The absolute form of a Location relative to base (RFC 3986 5.2). ERR_INVALID as above. */
int http_url_resolve(const struct http_url *base, struct bytes location, struct arena *arena,
                     struct bytes *out) MUST_CHECK;

/*
 * Percent-decodes, into the arena where something is encoded. False for a '%' without two
 * hexadecimal digits. The result may hold any byte.
 */
bool http_url_decode(struct bytes text, bool plus_is_space, struct arena *arena, struct bytes *out);
