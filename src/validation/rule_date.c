/* SPDX-License-Identifier: MIT */
/*
 * The rule "date". JSON has no dates: without "convert" nothing passes; with it the value becomes
 * the text that JSON shows of a date, or null of an invalid one.
 */
#include <math.h>
#include <time.h>

#include "base/mem.h"
#include "validation/rule.h"

#define MAX_DATE_MS 8.64e15

struct rule_date {
    struct rule rule;
    bool convert;
};

/* What is read of a text, and how much of it is left. */
struct date_text {
    struct bytes rest;
    long year;
    int month, day, hour, minute, second, ms; /* month from 1 */
    bool has_zone;
    int zone_minutes;
};

/* Days from 1970-01-01 in the proleptic Gregorian calendar, by eras of 400 years. */
static double days_of(long year, int month, int day)
{
    long y = year - (month <= 2);
    long era = (y >= 0 ? y : y - 399) / 400;
    long year_of_era = y - era * 400;
    long day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    long day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

    return (double)(era * 146097 + day_of_era - 719468);
}

static void date_of(long days, long *year, int *month, int *day)
{
    long z = days + 719468;
    long era = (z >= 0 ? z : z - 146096) / 146097;
    long doe = z - era * 146097;
    long yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    long doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    long mp = (5 * doy + 2) / 153;

    *day = (int)(doy - (153 * mp + 2) / 5 + 1);
    *month = (int)(mp < 10 ? mp + 3 : mp - 9);
    *year = yoe + era * 400 + (*month <= 2);
}

/* Date.prototype.toISOString */
static struct bytes iso_text(double ms, struct arena *arena)
{
    long days = (long)floor(ms / 86400000);
    long rest = (long)(ms - (double)days * 86400000);
    long year, shown;
    int month, day;
    const char *sign;

    date_of(days, &year, &month, &day);
    sign = year < 0 ? "-" : year > 9999 ? "+" : "";
    shown = year < 0 ? -year : year;
    return arena_format(arena, "%s%0*ld-%02d-%02dT%02ld:%02ld:%02ld.%03ldZ", sign, *sign ? 6 : 4,
                        shown, month, day, rest / 3600000, rest / 60000 % 60, rest / 1000 % 60,
                        rest % 1000);
}

/* A zone's difference to UTC when the text names none. */
static double local_offset_ms(const struct date_text *d)
{
    struct tm tm = {.tm_year = (int)(d->year - 1900),
                    .tm_mon = d->month - 1,
                    .tm_mday = d->day,
                    .tm_hour = d->hour,
                    .tm_min = d->minute,
                    .tm_sec = d->second,
                    .tm_isdst = -1};

    (void)mktime(&tm);
    return (double)tm.tm_gmtoff * 1000;
}

static double to_ms(const struct date_text *d)
{
    double ms = days_of(d->year, d->month, d->day) * 86400000 + d->hour * 3600000.0 +
                d->minute * 60000.0 + d->second * 1000.0 + d->ms;

    return ms - (d->has_zone ? d->zone_minutes * 60000.0 : local_offset_ms(d));
}

static bool take(struct date_text *d, char c)
{
    if (d->rest.n && d->rest.p[0] == c) {
        d->rest = bytes_from(d->rest, 1);
        return true;
    }
    return false;
}

/* Exactly n digits, between low and high. */
static bool take_number(struct date_text *d, size_t n, int low, int high, int *out)
{
    unsigned long long value;

    if (d->rest.n < n || !bytes_to_u64(bytes_of(d->rest.p, n), (unsigned)high, &value) ||
        (int)value < low) {
        return false;
    }
    *out = (int)value;
    d->rest = bytes_from(d->rest, n);
    return true;
}

static bool take_zone(struct date_text *d, bool colon)
{
    int sign = d->rest.n && d->rest.p[0] == '-' ? -1 : 1;
    int hours, minutes;

    if (!take(d, '+') && !take(d, '-')) {
        return false;
    }
    if (!take_number(d, 2, 0, 23, &hours) || (colon && !take(d, ':')) ||
        !take_number(d, 2, 0, 59, &minutes)) {
        return false;
    }
    d->has_zone = true;
    d->zone_minutes = sign * (hours * 60 + minutes);
    return true;
}

/* Behind "T". */
static bool take_iso_time(struct date_text *d)
{
    if (!take_number(d, 2, 0, 24, &d->hour) || !take(d, ':') ||
        !take_number(d, 2, 0, 59, &d->minute)) {
        return false;
    }
    if (take(d, ':') && !take_number(d, 2, 0, 59, &d->second)) {
        return false;
    }
    if (take(d, '.')) {
        int scale = 100;

        if (d->rest.n == 0 || d->rest.p[0] < '0' || d->rest.p[0] > '9') {
            return false;
        }
        for (int digit; take_number(d, 1, 0, 9, &digit); scale /= 10) {
            d->ms += digit * scale;
        }
    }
    if (d->hour == 24 && (d->minute || d->second || d->ms)) {
        return false;
    }
    d->has_zone = take(d, 'Z');
    return d->has_zone || d->rest.n == 0 || take_zone(d, true);
}

static bool take_iso_year(struct date_text *d)
{
    bool negative = d->rest.n && d->rest.p[0] == '-';
    bool extended = take(d, '+') || take(d, '-');
    int year;

    if (!take_number(d, extended ? 6 : 4, 0, 999999, &year) || (negative && year == 0)) {
        return false;
    }
    d->year = negative ? -year : year;
    return true;
}

/* YYYY, YYYY-MM, YYYY-MM-DD: UTC; with a time: local unless it names a zone. */
static bool parse_iso(struct bytes text, double *out)
{
    struct date_text d = {.rest = text, .month = 1, .day = 1, .has_zone = true};

    if (!take_iso_year(&d)) {
        return false;
    }
    if (take(&d, '-')) {
        if (!take_number(&d, 2, 1, 12, &d.month)) {
            return false;
        }
        if (take(&d, '-') && !take_number(&d, 2, 1, 31, &d.day)) {
            return false;
        }
    }
    if (take(&d, 'T') && !take_iso_time(&d)) {
        return false;
    }
    *out = to_ms(&d);
    return d.rest.n == 0;
}

static bool take_word(struct date_text *d, const char *words, int *out)
{
    for (const char *word = words; *word; word += 3) {
        if (bytes_starts_with(d->rest, bytes_of(word, 3))) {
            d->rest = bytes_from(d->rest, 3);
            *out = (int)(word - words) / 3;
            return true;
        }
    }
    return false;
}

static const char day_names[] = "SunMonTueWedThuFriSat";
static const char month_names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

static bool take_clock_and_zone(struct date_text *d)
{
    int year;

    if (!take(d, ' ') || !take_number(d, 4, 0, 9999, &year) || !take(d, ' ') ||
        !take_number(d, 2, 0, 23, &d->hour) || !take(d, ':') ||
        !take_number(d, 2, 0, 59, &d->minute) || !take(d, ':') ||
        !take_number(d, 2, 0, 59, &d->second) || !take(d, ' ') ||
        !bytes_starts_with(d->rest, BYTES("GMT"))) {
        return false;
    }
    d->year = year;
    d->rest = bytes_from(d->rest, 3);
    d->has_zone = true;
    if (d->rest.n && d->rest.p[0] != ' ' && !take_zone(d, false)) {
        return false;
    }
    /* "(Central European Time)" */
    return d->rest.n == 0 ||
           (bytes_starts_with(d->rest, BYTES(" (")) && d->rest.p[d->rest.n - 1] == ')');
}

/* "Wed, 01 Jan 2020 00:00:00 GMT" and "Wed Jan 01 2020 00:00:00 GMT+0100 (...)" */
static bool parse_named(struct bytes text, double *out)
{
    struct date_text d = {.rest = text};
    int weekday, month = 0;
    bool good;

    if (!take_word(&d, day_names, &weekday)) {
        return false;
    }
    if (take(&d, ',')) {
        good = take(&d, ' ') && take_number(&d, 2, 1, 31, &d.day) && take(&d, ' ') &&
               take_word(&d, month_names, &month);
    } else {
        good = take(&d, ' ') && take_word(&d, month_names, &month) && take(&d, ' ') &&
               take_number(&d, 2, 1, 31, &d.day);
    }
    d.month = month + 1;
    if (!good || !take_clock_and_zone(&d)) {
        return false;
    }
    *out = to_ms(&d);
    return true;
}

static double parse_text(struct bytes text)
{
    double ms;

    return parse_iso(text, &ms) || parse_named(text, &ms) ? ms : (double)NAN;
}

/* new Date(v), but numbers in texts and lists count as milliseconds. */
static double date_ms(struct value *v, struct arena *arena)
{
    bool has_length = (v->type == JSON_STRING && v->text.n) || (v->type == JSON_ARRAY && v->n);
    double number = value_convert_number(v);

    if (v->type == JSON_NUMBER || v->type == JSON_BOOL || (has_length && !isnan(number))) {
        return trunc(number);
    }
    return parse_text(value_convert_text(v, arena));
}

static struct value *check_date(struct rule_run *r, const struct rule *rule,
                                const struct rule_place *at, struct value *v)
{
    const struct rule_date *d = container_of_const(rule, struct rule_date, rule);
    double ms = d->convert ? date_ms(v, r->arena) : (double)NAN;

    if (fabs(ms) <= MAX_DATE_MS) {
        return value_string(iso_text(ms, r->arena), r->arena);
    }
    rule_fail(r, rule, at, (struct rule_fault){.type = "date", .actual = v});
    return d->convert ? value_null(r->arena) : v;
}

struct rule *rule_compile_date(struct rule_compiler *c, const struct value *schema)
{
    struct rule_date *d = arena_new(c->arena, struct rule_date);

    d->rule.check = check_date;
    d->convert = rule_is_true(schema, "convert");
    return &d->rule;
}
