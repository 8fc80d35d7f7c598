/* SPDX-License-Identifier: MIT */
/*
 * Walks validated JSON: types, members, items. Relying on the validation, it only looks for the
 * end of a value; it never leaves the slice even if the text were malformed.
 */
#include "json/json.h"
#include "json/json_internal.h"

enum json_type json_type(struct bytes slice)
{
    if (slice.n == 0) {
        return JSON_NONE;
    }
    switch (slice.p[0]) {
    case 'n':
        return JSON_NULL;
    case 't':
    case 'f':
        return JSON_BOOL;
    case '"':
        return JSON_STRING;
    case '[':
        return JSON_ARRAY;
    case '{':
        return JSON_OBJECT;
    default:
        return JSON_NUMBER;
    }
}

bool json_is_true(struct bytes slice)
{
    return slice.n && slice.p[0] == 't';
}

bool json_is_null_or_none(struct bytes slice)
{
    return slice.n == 0 || slice.p[0] == 'n';
}

bool json_is_truthy(struct bytes slice)
{
    double number;

    switch (json_type(slice)) {
    case JSON_NONE:
    case JSON_NULL:
        return false;
    case JSON_BOOL:
        return slice.p[0] == 't';
    case JSON_STRING:
        return slice.n > 2;
    case JSON_NUMBER:
        return json_double(slice, &number) && number != 0;
    case JSON_ARRAY:
    case JSON_OBJECT:
        break;
    }
    return true;
}

size_t json_string_length(struct bytes slice)
{
    const unsigned char *p = (const unsigned char *)slice.p;
    size_t at = slice.n ? (size_t)(json_plain(p + 1, p + slice.n) - p) : 0;

    if (at < slice.n && p[at] == '"') {
        return at + 1;
    }
    while (at < slice.n) {
        const char *quote = memchr(slice.p + at, '"', slice.n - at);
        const char *before = quote;

        if (!quote) {
            break;
        }
        while (before > slice.p + at && before[-1] == '\\') {
            before--;
        }
        at = (size_t)(quote - slice.p) + 1;
        if ((quote - before) % 2 == 0) {
            return at;
        }
    }
    return slice.n;
}

/* Where a walk through a container stands between two blocks of text. */
struct nesting {
    size_t depth;
    bool in_string;
    bool escape; /* the last byte was a backslash that escapes the next */
};

/* The end of the container, going on byte by byte from slice.p[at]; slice.n when there is none. */
static size_t walk_bytes(struct bytes slice, size_t at, struct nesting nesting)
{
    for (; at < slice.n && nesting.in_string; at++) {
        nesting.in_string = nesting.escape || slice.p[at] != '"';
        nesting.escape = !nesting.escape && slice.p[at] == '\\';
    }
    while (at < slice.n) {
        char c = slice.p[at];

        if (c == '"') {
            at += json_string_length(bytes_from(slice, at));
            continue;
        }
        at++;
        if (c == '{' || c == '[') {
            nesting.depth++;
        } else if ((c == '}' || c == ']') && --nesting.depth == 0) {
            return at;
        }
    }
    return slice.n;
}

#if defined(__SSE2__)
enum { BLOCK_BYTES = 64 };

/* A bit for each byte. */
struct block {
    uint64_t quotes, backslashes, opening, closing;
};

static uint64_t matches(__m128i chunk, char wanted, unsigned shift)
{
    __m128i equal = _mm_cmpeq_epi8(chunk, _mm_set1_epi8(wanted));

    return (uint64_t)(unsigned)_mm_movemask_epi8(equal) << shift;
}

static struct block read_block(const char *p)
{
    struct block block = {0, 0, 0, 0};

    for (unsigned i = 0; i < BLOCK_BYTES; i += sizeof(__m128i)) {
        __m128i chunk = _mm_loadu_si128((const __m128i *)(const void *)(p + i));
        /* With this bit set, a bracket looks like a brace. */
        __m128i folded = _mm_or_si128(chunk, _mm_set1_epi8(0x20));

        block.quotes |= matches(chunk, '"', i);
        block.backslashes |= matches(chunk, '\\', i);
        block.opening |= matches(folded, '{', i);
        block.closing |= matches(folded, '}', i);
    }
    return block;
}

/* The bytes behind a backslash that is not escaped itself. */
static uint64_t escaped_bytes(uint64_t backslashes, bool *escape)
{
    uint64_t escaped = *escape;

    backslashes &= ~escaped;
    *escape = false;
    while (backslashes) {
        uint64_t first = backslashes & -backslashes;

        *escape = first >> (BLOCK_BYTES - 1);
        escaped |= first << 1;
        backslashes &= ~(first | first << 1);
    }
    return escaped;
}

/* From each quote to the one before the next: 1, starting inside a string or not. */
static uint64_t string_bytes(uint64_t quotes, bool in_string)
{
    for (unsigned shift = 1; shift < BLOCK_BYTES; shift *= 2) {
        quotes ^= quotes << shift;
    }
    return in_string ? ~quotes : quotes;
}

/* Goes through the brackets of a block; returns behind the one that ends the container, or 0. */
static size_t walk_brackets(uint64_t opening, uint64_t closing, size_t *depth)
{
    for (uint64_t rest = opening | closing; rest; rest &= rest - 1) {
        if (opening & rest & -rest) {
            ++*depth;
        } else if (--*depth == 0) {
            return (size_t)__builtin_ctzll(rest) + 1;
        }
    }
    return 0;
}

/* Takes whole blocks from slice.p[*at] on; returns the container's length when it ends in one, or
 * 0. */
static size_t walk_blocks(struct bytes slice, size_t *at, struct nesting *nesting)
{
    for (; slice.n - *at >= BLOCK_BYTES; *at += BLOCK_BYTES) {
        struct block block = read_block(slice.p + *at);
        uint64_t outside;
        size_t end;

        if (block.backslashes || nesting->escape) {
            block.quotes &= ~escaped_bytes(block.backslashes, &nesting->escape);
        }
        outside = ~string_bytes(block.quotes, nesting->in_string);
        nesting->in_string = !(outside >> (BLOCK_BYTES - 1));
        end = walk_brackets(block.opening & outside, block.closing & outside, &nesting->depth);
        if (end) {
            return *at + end;
        }
    }
    return 0;
}
#else
static size_t walk_blocks(struct bytes slice, size_t *at, struct nesting *nesting)
{
    return 0;
}
#endif

static size_t container_length(struct bytes slice)
{
    struct nesting nesting = {1, false, false}; /* in the container that the first byte opens */
    size_t at = 1;
    size_t length = walk_blocks(slice, &at, &nesting);

    return length ? length : walk_bytes(slice, at, nesting);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

size_t json_value_length(struct bytes slice)
{
    size_t at = 0;

    if (slice.n == 0) {
        return 0;
    }
    if (slice.p[0] == '"') {
        return json_string_length(slice);
    }
    if (slice.p[0] == '{' || slice.p[0] == '[') {
        return container_length(slice);
    }
    while (at < slice.n && !is_blank(slice.p[at]) && slice.p[at] != ',' && slice.p[at] != ']' &&
           slice.p[at] != '}') {
        at++;
    }
    return at;
}

static void skip_blanks(struct bytes *rest)
{
    while (rest->n && is_blank(rest->p[0])) {
        *rest = bytes_from(*rest, 1);
    }
}

struct json_iter json_iter(struct bytes slice)
{
    struct json_iter it = {BYTES_NONE};

    if (slice.n >= 2 && (slice.p[0] == '{' || slice.p[0] == '[')) {
        it.rest = bytes_of(slice.p + 1, slice.n - 2);
        skip_blanks(&it.rest);
    }
    return it;
}

static void cut(struct bytes *rest, size_t n, struct bytes *out)
{
    *out = bytes_of(rest->p, n);
    *rest = bytes_from(*rest, n);
    skip_blanks(rest);
}

static bool skip_char(struct bytes *rest, char c)
{
    if (rest->n == 0 || rest->p[0] != c) {
        return false;
    }
    *rest = bytes_from(*rest, 1);
    skip_blanks(rest);
    return true;
}

bool json_next_item(struct json_iter *it, struct bytes *out_value)
{
    struct bytes value;

    if (it->rest.n == 0) {
        return false;
    }
    cut(&it->rest, json_value_length(it->rest), &value);
    if (value.n == 0 || (!skip_char(&it->rest, ',') && it->rest.n)) {
        it->rest = BYTES_NONE; /* the members of an object are no items */
        return false;
    }
    *out_value = value;
    return true;
}

bool json_next_member(struct json_iter *it, struct bytes *out_key, struct bytes *out_value)
{
    struct bytes key;

    if (it->rest.n == 0 || it->rest.p[0] != '"') {
        return false;
    }
    cut(&it->rest, json_string_length(it->rest), &key);
    if (!skip_char(&it->rest, ':') || !json_next_item(it, out_value)) {
        it->rest = BYTES_NONE; /* the items of an array are no members */
        return false;
    }
    *out_key = key;
    return true;
}

static bool is_bracket(char c)
{
    return c == '{' || c == '}' || c == '[' || c == ']';
}

bool json_next_token(struct json_iter *it, struct bytes *out_token)
{
    while (it->rest.n &&
           (it->rest.p[0] == ',' || it->rest.p[0] == ':' || is_blank(it->rest.p[0]))) {
        it->rest = bytes_from(it->rest, 1);
    }
    if (it->rest.n == 0) {
        return false;
    }
    cut(&it->rest, is_bracket(it->rest.p[0]) ? 1 : json_value_length(it->rest), out_token);
    return true;
}

size_t json_count(struct bytes slice)
{
    struct json_iter it = json_iter(slice);
    struct bytes key, value;
    size_t n = 0;

    if (json_is_object(slice)) {
        while (json_next_member(&it, &key, &value)) {
            n++;
        }
    } else {
        while (json_next_item(&it, &value)) {
            n++;
        }
    }
    return n;
}

bool json_is_list_of_strings(struct bytes slice)
{
    struct json_iter it = json_iter(slice);
    struct bytes item;

    if (json_type(slice) != JSON_ARRAY) {
        return false;
    }
    while (json_next_item(&it, &item)) {
        if (json_type(item) != JSON_STRING) {
            return false;
        }
    }
    return true;
}

struct bytes json_get(struct bytes slice, struct bytes name)
{
    struct json_field field = {name, BYTES_NONE};

    json_get_fields(slice, &field, 1);
    return field.value;
}

static bool is_field(const struct json_field *field, struct bytes key, bool escaped)
{
    struct bytes name = field->name;

    if (escaped || name.n == 0) {
        return json_string_eq(key, name);
    }
    return key.n == name.n + 2 && key.p[1] == name.p[0] && memcmp(key.p + 1, name.p, name.n) == 0;
}

/*
 * Most senders keep one order of members: the search goes on behind the last hit, and the first
 * look finds most fields.
 */
size_t json_match_field(struct json_field *fields, size_t n_fields, struct bytes key, size_t at)
{
    bool escaped = memchr(key.p, '\\', key.n) != NULL;

    for (size_t i = 0; i < n_fields; i++) {
        if (is_field(&fields[at], key, escaped)) {
            return at;
        }
        at = at + 1 < n_fields ? at + 1 : 0;
    }
    return n_fields;
}

void json_get_fields(struct bytes slice, struct json_field *fields, size_t n_fields)
{
    struct json_iter it = json_iter(json_is_object(slice) ? slice : BYTES_NONE);
    struct bytes key, value;
    size_t at = 0;

    for (size_t i = 0; i < n_fields; i++) {
        fields[i].value = BYTES_NONE;
    }
    while (json_next_member(&it, &key, &value)) {
        size_t found = json_match_field(fields, n_fields, key, at);

        if (found < n_fields) {
            fields[found].value = value;
            at = found + 1 < n_fields ? found + 1 : 0;
        }
    }
}
