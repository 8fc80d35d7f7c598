/* SPDX-License-Identifier: MIT */
/*
 * Errors of this program: int results, 0 or one of the negative ERR_X of err.def. (What travels
 * between Moleculer nodes is struct mol_error, model/mol_error.h.)
 */
#pragma once

enum err_index {
#define ERR(name, text) ERR_INDEX_##name,
#include "base/err.def"
#undef ERR
    ERR_INDEX_COUNT
};

enum err {
    ERR_OK = 0,
#define ERR(name, text) ERR_##name = -1 - ERR_INDEX_##name,
#include "base/err.def"
#undef ERR
};

#define MUST_CHECK __attribute__((warn_unused_result))

/* A static text for 0 or any ERR_X. */
const char *err_text(int err);
