/* SPDX-License-Identifier: MIT */
/* Writes JSON in order, adding the commas. */
#include "json/json.h"

struct json_writer json_writer(struct buf *out)
{
    return (struct json_writer){out, false};
}

static void before_value(struct json_writer *w)
{
    if (w->needs_comma) {
        buf_add_char(w->out, ',');
    }
    w->needs_comma = true;
}

static void open_bracket(struct json_writer *w, char bracket)
{
    before_value(w);
    buf_add_char(w->out, bracket);
    w->needs_comma = false;
}

static void close_bracket(struct json_writer *w, char bracket)
{
    buf_add_char(w->out, bracket);
    w->needs_comma = true;
}

void json_begin_object(struct json_writer *w)
{
    open_bracket(w, '{');
}

void json_end_object(struct json_writer *w)
{
    close_bracket(w, '}');
}

void json_begin_array(struct json_writer *w)
{
    open_bracket(w, '[');
}

void json_end_array(struct json_writer *w)
{
    close_bracket(w, ']');
}

void json_key(struct json_writer *w, struct bytes name)
{
    before_value(w);
    json_add_string(w->out, name);
    buf_add_char(w->out, ':');
    w->needs_comma = false;
}

void json_raw(struct json_writer *w, struct bytes slice)
{
    before_value(w);
    buf_add(w->out, slice.n ? slice : BYTES("null"));
}

void json_text(struct json_writer *w, struct bytes text)
{
    before_value(w);
    json_add_string(w->out, text);
}

void json_bool(struct json_writer *w, bool value)
{
    json_raw(w, value ? BYTES("true") : BYTES("false"));
}

void json_int(struct json_writer *w, int64_t value)
{
    before_value(w);
    if (value < 0) {
        buf_add_char(w->out, '-');
    }
    buf_add_u64(w->out, value < 0 ? -(unsigned long long)value : (unsigned long long)value);
}

void json_number(struct json_writer *w, double value)
{
    before_value(w);
    json_add_double(w->out, value);
}

void json_member(struct json_writer *w, struct bytes name, struct bytes slice)
{
    if (slice.n) {
        json_key(w, name);
        json_raw(w, slice);
    }
}

void json_member_text(struct json_writer *w, struct bytes name, struct bytes text)
{
    if (bytes_is_set(text)) {
        json_key(w, name);
        json_text(w, text);
    }
}

void json_member_int(struct json_writer *w, struct bytes name, int64_t value)
{
    json_key(w, name);
    json_int(w, value);
}

void json_member_bool(struct json_writer *w, struct bytes name, bool value)
{
    json_key(w, name);
    json_bool(w, value);
}
