/* SPDX-License-Identifier: MIT */
/* Runs nats-server for tests. */
#include "support/nats_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "support/check.h"

enum {
    ARGS_MAX = 32,
    TRIES = 5,
    WAIT_MS = 10000,
    STEP_MS = 5,
    STEP_NS = STEP_MS * 1000000,
};

static const char *find_program(void)
{
    static const char *const places[] = {"/usr/sbin/nats-server", "/usr/bin/nats-server",
                                         "/usr/local/bin/nats-server"};

    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        if (access(places[i], X_OK) == 0) {
            return places[i];
        }
    }
    fail_msg("nats-server is not installed: run scripts/install-deps test");
    return NULL;
}

static struct sockaddr_in address_of(unsigned port)
{
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)port),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static unsigned free_port(void)
{
    struct sockaddr_in address = address_of(0);
    socklen_t n = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, n), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &n), 0);
    assert_int_equal(close(fd), 0);
    return ntohs(address.sin_port);
}

static _Noreturn void exec_server(const char *program, const struct nats_server_child *child)
{
    const char *argv[ARGS_MAX] = {program, "-a", "127.0.0.1", "-p"};
    size_t n = 4;
    char port[8];
    int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);

    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)snprintf(port, sizeof(port), "%u", child->port);
    argv[n++] = port;
    for (const char *const *arg = child->args; arg && *arg && n < ARGS_MAX - 1; arg++) {
        argv[n++] = *arg;
    }
    if (nowhere >= 0) {
        (void)dup2(nowhere, STDOUT_FILENO);
        (void)dup2(nowhere, STDERR_FILENO);
    }
    /* execv takes pointers to non-const only for history's sake. */
    (void)execv(program, (char *const *)(uintptr_t)argv);
    _exit(EXIT_FAILURE);
}

static int can_connect(unsigned port)
{
    struct sockaddr_in address = address_of(port);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int result = connect(fd, (struct sockaddr *)&address, sizeof(address));

    (void)close(fd);
    return result == 0;
}

static int has_ended(struct nats_server_child *child)
{
    if (waitpid(child->pid, NULL, WNOHANG) != child->pid) {
        return 0;
    }
    child->pid = 0;
    return 1;
}

/* 0 when it serves; the child has ended otherwise (its port was taken, or its arguments are bad).
 */
static int launch(struct nats_server_child *child)
{
    const char *program = find_program();
    const struct timespec step = {.tv_nsec = STEP_NS};

    child->pid = fork();
    assert_true(child->pid >= 0);
    if (child->pid == 0) {
        exec_server(program, child);
    }
    for (int waited_ms = 0; waited_ms < WAIT_MS; waited_ms += STEP_MS) {
        if (has_ended(child)) {
            return -1;
        }
        if (can_connect(child->port)) {
            return 0;
        }
        (void)nanosleep(&step, NULL);
    }
    nats_server_stop(child);
    return -1;
}

void nats_server_start(struct nats_server_child *child, const char *const *args)
{
    child->args = args;
    for (int i = 0; i < TRIES; i++) {
        child->port = free_port();
        if (launch(child) == 0) {
            return;
        }
    }
    fail_msg("nats-server does not start");
}

void nats_server_restart(struct nats_server_child *child)
{
    nats_server_stop(child);
    if (launch(child) != 0) {
        fail_msg("nats-server does not start again on port %u", child->port);
    }
}

void nats_server_stop(struct nats_server_child *child)
{
    if (child->pid > 0) {
        (void)kill(child->pid, SIGKILL);
        while (waitpid(child->pid, NULL, 0) < 0 && errno == EINTR) {
        }
        child->pid = 0;
    }
}
