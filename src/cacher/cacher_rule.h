/* SPDX-License-Identifier: MIT */
/*
 * The option "cache" of an action (docs/protocol.md, Caching): true, or {enabled, ttl, keys, lock}.
 * Where the original takes a function for enabled, this takes a condition: {"param": path of a
 * parameter, "#path" in meta or "@path" in headers; "equals": value}, without equals: is truthy.
 */
#pragma once

#include "cacher/cacher_key.h"

struct cacher_rule {
    bool is_on;
    bool is_locking;
    double stale_s; /* a result that ends sooner is fetched anew behind its use; 0: none is */
    bool has_ttl;   /* else the cacher's */
    double ttl_s;
    bool has_keys;
    struct bytes *keys; /* texts */
    size_t n_keys;
    struct bytes param;  /* text: path of the condition; none: there is none */
    struct bytes equals; /* slice or none */
};

/* cache: slice or none. Texts go to the arena or are borrowed from cache. */
void cacher_rule_read(struct cacher_rule *rule, struct bytes cache, struct arena *arena);
/* Whether the condition holds for the call. */
bool cacher_rule_applies(const struct cacher_rule *rule, const struct cacher_key_call *call);
/*
 * NULL, or what is wrong with it: a sentence part, static. out_member: the path below cache of what
 * it is about, "" for the whole.
 */
const char *cacher_rule_fault(struct bytes cache, const char **out_member);
/* The same for the option "cleanCache" of an event: true, a pattern of keys, or a list of them, as
 * many and as long as event_patterns.h says. */
const char *cacher_rule_clean_fault(struct bytes clean);
