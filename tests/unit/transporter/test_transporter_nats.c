/* SPDX-License-Identifier: MIT */
/* The contract on a real nats-server; subjects, queue groups and options of NATS. */
#include "contract.h"
#include "support/nats_server.h"

/* One server for all tests of this file. */
struct world {
    struct contract contract;
    struct nats_server_child server;
    char url[64];
};

static void lose(struct contract *contract, struct transporter *t)
{
    nats_server_stop(&container_of(contract, struct world, contract)->server);
}

static void restore(struct contract *contract, struct transporter *t)
{
    nats_server_restart(&container_of(contract, struct world, contract)->server);
}

int main(void)
{
    struct world w = {.contract = {.ops = &transporter_nats_ops,
                                   .options = BYTES("{\"reconnectTimeWait\":20}"),
                                   .lose = lose,
                                   .restore = restore}};
    int failed;

    nats_server_start(&w.server, NULL);
    (void)snprintf(w.url, sizeof(w.url), "nats://127.0.0.1:%u", w.server.port);
    w.contract.url = bytes_cstr(w.url);
    failed = contract_run(&w.contract, NULL, 0);
    nats_server_stop(&w.server);
    return failed;
}
