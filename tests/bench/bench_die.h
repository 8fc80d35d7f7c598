/* SPDX-License-Identifier: MIT */
#pragma once

/* Prints "<program>: <text>" on stderr and exits with status 1. A measurement with a wrong answer
 * in it is worth nothing, so the tools stop at the first one. */
void bench_die(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));
