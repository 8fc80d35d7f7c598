/* SPDX-License-Identifier: MIT */
/* What every transporter must do, as tests that each one's own test file runs. */
#pragma once

#include "loop/loop.h"
#include "support/check.h"
#include "transporter/transporter.h"

/* Filled by the transporter's test file; the functions may be NULL where noted. */
struct contract {
    const struct transporter_ops *ops;
    struct bytes url, options;
    /* Between the two, t has no connection. lose is called while it is up. */
    void (*lose)(struct contract *contract, struct transporter *t);
    void (*restore)(struct contract *contract, struct transporter *t);
};

/* Runs them and the transporter's own n tests as one cmocka group; returns how many failed. */
int contract_run(struct contract *contract, const struct CMUnitTest *own, size_t n);
