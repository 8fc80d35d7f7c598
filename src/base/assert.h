/* SPDX-License-Identifier: MIT */
/* Checks for our own bugs, on in every build. Never for input, configuration or a peer. */
#pragma once

_Noreturn void assert_fail(const char *expr, const char *file, int line);

#define ASSERT(expr) ((expr) ? (void)0 : assert_fail(#expr, __FILE__, __LINE__))
