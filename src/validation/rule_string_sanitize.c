/* SPDX-License-Identifier: MIT */
/* What the rule "string" does to a text before it is checked: trimming, padding, case. */
#include "base/text_case.h"
#include "base/utf8.h"
#include "validation/rule_string.h"

enum { PADDING_MAX = 1 << 20 };

void rule_string_add_char(struct buf *out, uint32_t character)
{
    char text[UTF8_MAX_BYTES];

    buf_add(out, bytes_of(text, utf8_write(character, text)));
}

static bool read_padding(struct rule_compiler *c, const struct value *schema, const char *name,
                         struct rule_string_padding *out)
{
    const struct value *filler = value_get(schema, BYTES("padChar"));
    struct rule_limit length;

    if (!rule_is_on(schema, name)) {
        return true;
    }
    if (!rule_read_limit(c, schema, name, &length)) {
        return false;
    }
    if (length.number > PADDING_MAX) {
        (void)rule_refuse(c, "Invalid 'string' schema. The '%s' field is too large.", name);
        return false;
    }
    out->units = length.number >= 1 ? (size_t)length.number : 0;
    out->text = value_is_nullish(filler) ? BYTES(" ") : value_convert_text(filler, c->arena);
    return true;
}

bool rule_string_read_sanitizers(struct rule_compiler *c, const struct value *schema,
                                 struct rule_string *s)
{
    s->trim = rule_is_on(schema, "trim");
    s->trim_left = rule_is_on(schema, "trimLeft");
    s->trim_right = rule_is_on(schema, "trimRight");
    s->lower = rule_is_on(schema, "lowercase");
    s->upper = rule_is_on(schema, "uppercase");
    s->lower_again = rule_is_on(schema, "localeLowercase");
    s->upper_again = rule_is_on(schema, "localeUppercase");
    return read_padding(c, schema, "padStart", &s->pad_start) &&
           read_padding(c, schema, "padEnd", &s->pad_end);
}

/* The filler again and again, as many UTF-16 units; half a pair becomes U+FFFD. */
static void add_padding(struct buf *out, struct bytes filler, size_t units)
{
    struct bytes rest = filler;

    while (units) {
        uint32_t c;

        rest = rest.n ? rest : filler;
        rest = bytes_from(rest, utf8_read(rest, &c));
        if (c > 0xffff && units == 1) {
            c = 0xfffd;
        }
        rule_string_add_char(out, c);
        units -= c > 0xffff ? 2 : 1;
    }
}

static struct bytes take_text(struct buf *out, struct arena *arena)
{
    struct bytes text = arena_copy(arena, buf_bytes(out));

    buf_fini(out);
    return text;
}

static struct bytes pad(struct bytes text, const struct rule_string_padding *padding, bool at_start,
                        struct arena *arena)
{
    size_t units;
    struct buf out;

    if (padding->units == 0 || padding->text.n == 0) {
        return text;
    }
    units = value_convert_units(text);
    if (padding->units <= units) {
        return text;
    }
    buf_init(&out, BUF_NO_LIMIT);
    buf_add(&out, at_start ? BYTES_NONE : text);
    add_padding(&out, padding->text, padding->units - units);
    buf_add(&out, at_start ? text : BYTES_NONE);
    return take_text(&out, arena);
}

struct bytes rule_string_lower(struct bytes text, struct arena *arena)
{
    struct buf out;

    buf_init(&out, BUF_NO_LIMIT);
    text_case_add_lower(&out, text);
    return take_text(&out, arena);
}

static struct bytes to_upper(struct bytes text, struct arena *arena)
{
    struct buf out;

    buf_init(&out, BUF_NO_LIMIT);
    text_case_add_upper(&out, text);
    return take_text(&out, arena);
}

struct bytes rule_string_sanitize(const struct rule_string *s, struct bytes text,
                                  struct arena *arena)
{
    if (s->trim || s->trim_left) {
        text = value_convert_trim_start(text);
    }
    if (s->trim || s->trim_right) {
        text = value_convert_trim_end(text);
    }
    text = pad(text, &s->pad_start, true, arena);
    text = pad(text, &s->pad_end, false, arena);
    text = s->lower ? rule_string_lower(text, arena) : text;
    text = s->upper ? to_upper(text, arena) : text;
    text = s->lower_again ? rule_string_lower(text, arena) : text;
    return s->upper_again ? to_upper(text, arena) : text;
}
