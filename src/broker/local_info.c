/* SPDX-License-Identifier: MIT */
/* Reads host name and interfaces once at start. */
#include "broker/local_info.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <unistd.h>

static unsigned add_interfaces(struct json_writer *w, const struct ifaddrs *all, bool internal)
{
    const char *last = "";
    unsigned n = 0;

    for (const struct ifaddrs *i = all; i; i = i->ifa_next) {
        char text[INET_ADDRSTRLEN];
        const struct sockaddr_in *address = (const void *)i->ifa_addr;

        if (!address || address->sin_family != AF_INET || !(i->ifa_flags & IFF_UP) ||
            !(i->ifa_flags & IFF_LOOPBACK) != !internal || strcmp(i->ifa_name, last) == 0) {
            continue;
        }
        if (inet_ntop(AF_INET, &address->sin_addr, text, sizeof(text))) {
            json_text(w, bytes_cstr(text));
            last = i->ifa_name;
            n++;
        }
    }
    return n;
}

void local_info_add_addresses(struct json_writer *w)
{
    struct ifaddrs *all = NULL;

    json_begin_array(w);
    if (getifaddrs(&all) == 0) {
        if (add_interfaces(w, all, false) == 0) {
            (void)add_interfaces(w, all, true);
        }
        freeifaddrs(all);
    }
    json_end_array(w);
}

void local_info_add_client(struct json_writer *w)
{
    json_begin_object(w);
    json_member_text(w, BYTES("type"), BYTES("c"));
    json_member_text(w, BYTES("version"), BYTES(SIDECAR_VERSION));
    json_member_text(w, BYTES("langVersion"), BYTES("C17"));
    json_end_object(w);
}

void local_info_set(struct registry *r, struct bytes instance_id, struct bytes metadata)
{
    char hostname[256] = "";
    struct buf ips, host, client;
    struct json_writer w = json_writer(&ips);

    buf_init(&ips, BUF_NO_LIMIT);
    buf_init(&host, BUF_NO_LIMIT);
    buf_init(&client, BUF_NO_LIMIT);
    (void)gethostname(hostname, sizeof(hostname) - 1);
    local_info_add_addresses(&w);
    json_add_string(&host, bytes_cstr(hostname));
    w = json_writer(&client);
    local_info_add_client(&w);
    registry_set_local_info(r, &(struct registry_local_info){
                                   .ip_list = buf_bytes(&ips),
                                   .hostname = buf_bytes(&host),
                                   .client = buf_bytes(&client),
                                   .config = BYTES("{}"),
                                   .metadata = metadata,
                                   .instance_id = instance_id,
                               });
    buf_fini(&ips);
    buf_fini(&host);
    buf_fini(&client);
}
