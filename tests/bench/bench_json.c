/* SPDX-License-Identifier: MIT */
/* Just enough JSON for a peer: finds the members of a packet without building anything. */
#include "bench_json.h"

#include <string.h>

#include "bench_payload.h"

static void skip_space(struct bench_text *text)
{
    while (text->len > 0 && (unsigned char)*text->at <= ' ') {
        text->at++;
        text->len--;
    }
}

static bool skip_char(struct bench_text *text, char wanted)
{
    skip_space(text);
    if (text->len == 0 || *text->at != wanted) {
        return false;
    }
    text->at++;
    text->len--;
    return true;
}

/* The length of the string at the front of `text`, quotes included. */
static size_t string_len(struct bench_text text)
{
    size_t i = 1;

    while (i < text.len && text.at[i] != '"') {
        i += text.at[i] == '\\' ? 2 : 1;
    }
    return i < text.len ? i + 1 : text.len;
}

/* The length of the object or array at the front of `text`. */
static size_t nested_len(struct bench_text text)
{
    size_t depth = 0;
    size_t i = 0;

    while (i < text.len) {
        char c = text.at[i];

        if (c == '"') {
            i += string_len((struct bench_text){text.at + i, text.len - i});
            continue;
        }
        i++;
        if (c == '{' || c == '[') {
            depth++;
        } else if ((c == '}' || c == ']') && --depth == 0) {
            break;
        }
    }
    return i;
}

/* The length of the number or word at the front of `text`. */
static size_t scalar_len(struct bench_text text)
{
    size_t i = 0;

    while (i < text.len && text.at[i] != ',' && text.at[i] != '}' && text.at[i] != ']' &&
           (unsigned char)text.at[i] > ' ') {
        i++;
    }
    return i;
}

static size_t value_len(const struct bench_json_walk *walk)
{
    struct bench_text text = walk->rest;
    size_t len = 0;

    if (text.len == 0) {
        return 0;
    }
    if (*text.at == '"') {
        return string_len(text);
    }
    if (*text.at != '{' && *text.at != '[') {
        return scalar_len(text);
    }
    if (walk->payloads != NULL) {
        len = bench_payloads_match(walk->payloads, text);
    }
    return len > 0 ? len : nested_len(text);
}

static struct bench_text take(struct bench_text *text, size_t len)
{
    struct bench_text taken = {text->at, len};

    text->at += len;
    text->len -= len;
    return taken;
}

void bench_json_walk_init(struct bench_json_walk *walk, struct bench_text text,
                          struct bench_payloads *payloads)
{
    *walk = (struct bench_json_walk){.rest = text, .payloads = payloads};
    if (!skip_char(&walk->rest, '{')) {
        walk->rest.len = 0;
    }
}

bool bench_json_walk_next(struct bench_json_walk *walk)
{
    struct bench_text *rest = &walk->rest;

    (void)skip_char(rest, ',');
    skip_space(rest);
    if (rest->len == 0 || *rest->at != '"') {
        return false;
    }
    walk->key = bench_json_string(take(rest, string_len(*rest)));
    if (!skip_char(rest, ':')) {
        return false;
    }
    skip_space(rest);
    walk->value = take(rest, value_len(walk));
    return walk->value.len > 0;
}

struct bench_text bench_json_string(struct bench_text value)
{
    if (value.len < 2 || *value.at != '"' || memchr(value.at, '\\', value.len) != NULL) {
        return (struct bench_text){0};
    }
    return (struct bench_text){value.at + 1, value.len - 2};
}
