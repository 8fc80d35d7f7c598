/* SPDX-License-Identifier: MIT */
/* Texts of our own errors. */
#include "base/err.h"

const char *err_text(int err)
{
    static const char *const texts[] = {
#define ERR(name, text) [ERR_INDEX_##name] = (text),
#include "base/err.def"
#undef ERR
    };
    int index = -1 - err;

    if (err == 0) {
        return "success";
    }
    return index >= 0 && index < ERR_INDEX_COUNT ? texts[index] : "unknown error";
}
