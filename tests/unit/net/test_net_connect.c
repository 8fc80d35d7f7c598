/* SPDX-License-Identifier: MIT */
/* Connecting: success over each kind of address, each way to fail, time limits, cancelling. */
#include "net/net_connect.h"

#include <malloc.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "net/net_listener.h"
#include "support/run_until.h"

struct caller {
    struct net_connect connect;
    struct loop *loop;
    struct net_stream *stream; /* NULL again after on_close */
    unsigned n_dones, n_closes;
    int err;
    char got[16];
    size_t n_got;
};

struct scene {
    struct loop *loop;
    struct net_listener *listener;
    unsigned n_open; /* accepted streams */
    struct caller caller;
};

static void on_echo_read(struct net_stream *stream, struct bytes bytes)
{
    net_stream_write(stream, bytes);
}

static void on_echo_close(struct net_stream *stream, int err)
{
    struct scene *scene = net_stream_owner(stream);

    scene->n_open--;
}

static const struct net_stream_events echo = {.on_read = on_echo_read, .on_close = on_echo_close};

static void on_accept(struct net_listener *listener, struct net_stream *stream)
{
    struct scene *scene = net_listener_owner(listener);

    scene->n_open++;
    net_stream_set_events(stream, &echo, scene);
    net_stream_resume(stream);
}

static void on_caller_read(struct net_stream *stream, struct bytes bytes)
{
    struct caller *caller = net_stream_owner(stream);

    assert_true(caller->n_got + bytes.n < sizeof(caller->got));
    memcpy(caller->got + caller->n_got, bytes.p, bytes.n);
    caller->n_got += bytes.n;
}

static void on_caller_close(struct net_stream *stream, int err)
{
    struct caller *caller = net_stream_owner(stream);

    caller->n_closes++;
    caller->stream = NULL;
}

static const struct net_stream_events caller_events = {.on_read = on_caller_read,
                                                       .on_close = on_caller_close};

static void on_done(struct net_connect *connect, int err, struct net_stream *stream)
{
    struct caller *caller = container_of(connect, struct caller, connect);

    caller->n_dones++;
    caller->err = err;
    caller->stream = stream;
    assert_true(stream ? err == 0 : err != 0);
    if (stream) {
        assert_string_equal(connect->error_text, "");
        net_stream_set_events(stream, &caller_events, caller);
    } else {
        assert_string_not_equal(connect->error_text, "");
    }
}

static int open_scene(void **state)
{
    struct scene *scene = mem_new(struct scene);

    scene->loop = loop_new_virtual(0);
    *state = scene;
    return 0;
}

static void hang_up(struct caller *caller)
{
    if (caller->stream) {
        net_stream_abort(caller->stream, false);
    }
}

static int close_scene(void **state)
{
    struct scene *scene = *state;

    hang_up(&scene->caller);
    run_until(scene->loop, !scene->caller.stream && scene->n_open == 0);
    net_listener_close(scene->listener);
    loop_free(scene->loop);
    mem_free(scene);
    return 0;
}

static unsigned listen_at(struct scene *scene, struct bytes host)
{
    struct net_listen listen = {.host = host, .accept = on_accept, .owner = scene};

    assert_int_equal(net_listener_open(scene->loop, &listen, &scene->listener), 0);
    return net_listener_port(scene->listener);
}

static void start(struct scene *scene, struct net_target target)
{
    net_connect_start(scene->loop, &scene->caller.connect, &target, on_done);
    assert_int_equal(scene->caller.n_dones, 0);
}

static void check_echo(struct scene *scene)
{
    struct caller *caller = &scene->caller;

    run_until(scene->loop, caller->n_dones);
    assert_int_equal(caller->err, 0);
    net_stream_resume(caller->stream);
    net_stream_write(caller->stream, BYTES("echo"));
    run_until(scene->loop, caller->n_got == 4);
    assert_memory_equal(caller->got, "echo", 4);
    assert_int_equal(caller->n_dones, 1);
}

static void check_failure(struct scene *scene, int err, const char *text)
{
    run_until(scene->loop, scene->caller.n_dones);
    assert_int_equal(scene->caller.err, err);
    assert_string_equal(scene->caller.connect.error_text, text);
    run_until_quiet(scene->loop);
    assert_int_equal(scene->caller.n_dones, 1);
}

static void test_ipv4(void **state)
{
    struct scene *scene = *state;
    unsigned port = listen_at(scene, BYTES("127.0.0.1"));
    char name[32];

    start(scene, (struct net_target){.host = BYTES("127.0.0.1"), .port = port});
    check_echo(scene);
    (void)snprintf(name, sizeof(name), "127.0.0.1:%u", port);
    assert_string_equal(net_stream_peer_name(scene->caller.stream), name);
}

static void test_ipv6(void **state)
{
    struct scene *scene = *state;
    struct net_listen listen = {.host = BYTES("::1"), .accept = on_accept, .owner = scene};
    unsigned port;
    char name[32];

    if (net_listener_open(scene->loop, &listen, &scene->listener) != 0) {
        print_message("# this machine has no IPv6: not tested\n");
        return;
    }
    port = net_listener_port(scene->listener);
    start(scene, (struct net_target){.host = BYTES("::1"), .port = port});
    check_echo(scene);
    (void)snprintf(name, sizeof(name), "[::1]:%u", port);
    assert_string_equal(net_stream_peer_name(scene->caller.stream), name);
}

/* The name may stand for ::1 first, where nobody listens. */
static void test_a_name(void **state)
{
    struct scene *scene = *state;
    unsigned port = listen_at(scene, BYTES("127.0.0.1"));

    start(scene, (struct net_target){.host = BYTES("localhost"), .port = port});
    check_echo(scene);
}

/* A thread resolves the name; a virtual clock waits for it instead of timing out. */
static void test_a_name_on_a_virtual_clock(void **state)
{
    struct scene *scene = *state;
    unsigned port = listen_at(scene, BYTES("127.0.0.1"));

    start(scene, (struct net_target){.host = BYTES("localhost"), .port = port, .timeout_ms = 10});
    loop_advance(scene->loop, 1000);
    assert_int_equal(scene->caller.n_dones, 1);
    assert_int_equal(scene->caller.err, 0);
}

static void test_a_socket_file(void **state)
{
    struct scene *scene = *state;
    char path[64];

    (void)snprintf(path, sizeof(path), "/tmp/test-connect-%d.sock", (int)getpid());
    (void)listen_at(scene, bytes_cstr(path));
    start(scene, (struct net_target){.host = bytes_cstr(path), .is_unix = true});
    check_echo(scene);
}

/* The texts are the caller's again when start has returned. */
static void test_the_target_is_copied(void **state)
{
    struct scene *scene = *state;
    unsigned port = listen_at(scene, BYTES("127.0.0.1"));
    char host[] = "localhost";

    start(scene, (struct net_target){.host = bytes_cstr(host), .port = port});
    memset(host, 'x', sizeof(host) - 1);
    check_echo(scene);
}

static void test_refused(void **state)
{
    struct scene *scene = *state;
    unsigned port = listen_at(scene, BYTES("127.0.0.1"));
    char text[64];

    net_listener_close(scene->listener);
    scene->listener = NULL;
    start(scene, (struct net_target){.host = BYTES("127.0.0.1"), .port = port});
    (void)snprintf(text, sizeof(text), "connect ECONNREFUSED 127.0.0.1:%u", port);
    check_failure(scene, ERR_REFUSED, text);
}

static void test_refused_by_every_address(void **state)
{
    struct scene *scene = *state;
    unsigned port = listen_at(scene, BYTES("127.0.0.1"));

    net_listener_close(scene->listener);
    scene->listener = NULL;
    start(scene, (struct net_target){.host = BYTES("localhost"), .port = port});
    run_until(scene->loop, scene->caller.n_dones);
    assert_int_equal(scene->caller.err, ERR_REFUSED);
    assert_memory_equal(scene->caller.connect.error_text, "connect ECONNREFUSED ", 21);
}

static void test_no_socket_file(void **state)
{
    struct scene *scene = *state;

    start(scene, (struct net_target){.host = BYTES("/tmp/no/such.sock"), .is_unix = true});
    check_failure(scene, ERR_REFUSED, "connect ENOENT /tmp/no/such.sock");
}

/* Without a name server the resolver says EAI_AGAIN. */
static void test_an_unknown_name(void **state)
{
    struct scene *scene = *state;
    const char *text = scene->caller.connect.error_text;

    start(scene, (struct net_target){.host = BYTES("nobody.invalid"), .port = 80});
    run_until(scene->loop, scene->caller.n_dones);
    assert_int_equal(scene->caller.err, ERR_NO_HOST);
    assert_true(strcmp(text, "getaddrinfo ENOTFOUND nobody.invalid") == 0 ||
                strcmp(text, "getaddrinfo EAI_AGAIN nobody.invalid") == 0);
}

static void test_targets_that_cannot_be(void **state)
{
    struct scene *scene = *state;
    char longest[300] = {0};
    const struct net_target targets[] = {
        {.host = BYTES(""), .port = 80},
        {.host = BYTES_NONE, .port = 80},
        {.host = BYTES("127.0.0.1"), .port = 65536},
        {.host = BYTES("127.0.0.1\0evil"), .port = 80},
        {.host = bytes_of(longest, 256), .port = 80},
        {.host = bytes_of(longest, 108), .is_unix = true},
    };

    memset(longest, 'a', sizeof(longest));
    for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
        start(scene, targets[i]);
        check_failure(scene, ERR_INVALID, "invalid address");
        scene->caller.n_dones = 0;
    }
}

/* A port whose backlog is full: the system leaves the connection unanswered. */
struct deaf {
    int fd, fillers[3];
    unsigned port;
};

static void deaf_open(struct deaf *deaf, struct sockaddr *address, socklen_t n)
{
    deaf->fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(deaf->fd, address, n), 0);
    assert_int_equal(listen(deaf->fd, 0), 0);
    assert_int_equal(getsockname(deaf->fd, address, &n), 0);
    for (size_t i = 0; i < 3; i++) {
        deaf->fillers[i] =
            socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        (void)connect(deaf->fillers[i], address, n);
    }
}

static void deaf_open_ipv4(struct deaf *deaf)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

    deaf_open(deaf, (struct sockaddr *)&address, sizeof(address));
    deaf->port = ntohs(address.sin_port);
}

static void deaf_close(struct deaf *deaf)
{
    for (size_t i = 0; i < 3; i++) {
        (void)close(deaf->fillers[i]);
    }
    (void)close(deaf->fd);
}

static void test_timeout(void **state)
{
    struct scene *scene = *state;
    struct deaf deaf;
    char text[64];

    deaf_open_ipv4(&deaf);
    start(scene,
          (struct net_target){.host = BYTES("127.0.0.1"), .port = deaf.port, .timeout_ms = 1000});
    loop_advance(scene->loop, 999);
    assert_int_equal(scene->caller.n_dones, 0);
    loop_advance(scene->loop, 1);
    assert_int_equal(scene->caller.n_dones, 1);
    (void)snprintf(text, sizeof(text), "connect ETIMEDOUT 127.0.0.1:%u", deaf.port);
    check_failure(scene, ERR_TIMEOUT, text);
    deaf_close(&deaf);
}

/* ::1 and 127.0.0.1, the first of them deaf: the second gets its turn within the time. */
static void test_an_address_that_does_not_answer(void **state)
{
    struct scene *scene = *state;
    struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    unsigned port = listen_at(scene, BYTES("127.0.0.1"));
    struct deaf deaf;
    bool has_both;

    assert_int_equal(getaddrinfo("localhost", NULL, &hints, &found), 0);
    has_both = found->ai_family == AF_INET6 && found->ai_next;
    freeaddrinfo(found);
    if (!has_both) {
        print_message("# localhost is not ::1, then 127.0.0.1 here: not tested\n");
        return;
    }
    address.sin6_port = htons((uint16_t)port);
    deaf_open(&deaf, (struct sockaddr *)&address, sizeof(address));
    start(scene, (struct net_target){.host = BYTES("localhost"), .port = port, .timeout_ms = 1000});
    loop_advance(scene->loop, 499);
    assert_int_equal(scene->caller.n_dones, 0);
    loop_advance(scene->loop, 1);
    check_echo(scene);
    deaf_close(&deaf);
}

static void test_the_standard_timeout(void **state)
{
    struct scene *scene = *state;
    struct deaf deaf;

    deaf_open_ipv4(&deaf);
    start(scene, (struct net_target){.host = BYTES("127.0.0.1"), .port = deaf.port});
    loop_advance(scene->loop, 9999);
    assert_int_equal(scene->caller.n_dones, 0);
    loop_advance(scene->loop, 1);
    assert_int_equal(scene->caller.err, ERR_TIMEOUT);
    deaf_close(&deaf);
}

static void cancel(struct scene *scene)
{
    net_connect_cancel(&scene->caller.connect);
    net_connect_cancel(&scene->caller.connect);
    assert_int_equal(scene->caller.n_dones, 0);
    run_until(scene->loop, scene->caller.n_dones);
    assert_int_equal(scene->caller.err, ERR_CANCELED);
    run_until_quiet(scene->loop);
    assert_int_equal(scene->caller.n_dones, 1);
}

static void test_cancel_while_connecting(void **state)
{
    struct scene *scene = *state;
    struct deaf deaf;

    deaf_open_ipv4(&deaf);
    start(scene, (struct net_target){.host = BYTES("127.0.0.1"), .port = deaf.port});
    run_until_quiet(scene->loop);
    cancel(scene);
    deaf_close(&deaf);
}

static void test_cancel_at_once(void **state)
{
    struct scene *scene = *state;
    unsigned port = listen_at(scene, BYTES("127.0.0.1"));

    start(scene, (struct net_target){.host = BYTES("127.0.0.1"), .port = port});
    cancel(scene);
}

static void test_cancel_while_resolving(void **state)
{
    struct scene *scene = *state;

    start(scene, (struct net_target){.host = BYTES("localhost"), .port = 1});
    cancel(scene);
}

/* The caller's memory may go while the thread still resolves. */
static void test_cancel_and_leave(void **state)
{
    struct scene *scene = *state;

    for (int i = 0; i < 20; i++) {
        struct caller *caller = mem_new(struct caller);
        struct net_target target = {.host = BYTES("nobody.invalid"), .port = 1};

        net_connect_start(scene->loop, &caller->connect, &target, on_done);
        net_connect_cancel(&caller->connect);
        run_until(scene->loop, caller->n_dones);
        mem_free(caller);
    }
}

static void test_cancel_a_failure_that_is_not_told_yet(void **state)
{
    struct scene *scene = *state;

    start(scene, (struct net_target){.host = BYTES(""), .port = 80});
    cancel(scene);
}

/* A stream nobody took care of, and one that is dropped at once. */
static void test_a_stream_without_events(void **state)
{
    struct scene *scene = *state;
    unsigned port = listen_at(scene, BYTES("127.0.0.1"));

    start(scene, (struct net_target){.host = BYTES("127.0.0.1"), .port = port});
    run_until(scene->loop, scene->caller.n_dones && scene->n_open == 1);
    net_stream_set_events(scene->caller.stream, NULL, NULL);
    net_stream_write(scene->caller.stream, BYTES("x"));
    net_stream_resume(scene->caller.stream);
    run_until_quiet(scene->loop);
    net_stream_close(scene->caller.stream);
    scene->caller.stream = NULL;
    run_until(scene->loop, scene->n_open == 0);
}

enum { MANY = 1000, BYTES_PER_IDLE_PAIR = 2 * 3 * 1024 };

static void check_many(struct scene *scene, struct caller *callers)
{
    for (size_t i = 0; i < MANY; i++) {
        run_until(scene->loop, callers[i].n_dones == 1 && scene->n_open > i);
        assert_int_equal(callers[i].err, 0);
        net_stream_resume(callers[i].stream);
    }
    for (unsigned round = 0; round < 3; round++) {
        for (size_t i = 0; i < MANY; i++) {
            net_stream_write(callers[i].stream, BYTES("ping"));
        }
        for (size_t i = 0; i < MANY; i++) {
            run_until(scene->loop, callers[i].n_got == 4);
            assert_memory_equal(callers[i].got, "ping", 4);
            callers[i].n_got = 0;
        }
    }
}

static void test_a_thousand(void **state)
{
    struct scene *scene = *state;
    struct caller *callers = mem_alloc(sizeof(struct caller) * MANY);
    struct net_target target = {.host = BYTES("127.0.0.1"),
                                .port = listen_at(scene, BYTES("127.0.0.1"))};
    struct rlimit limit;
    size_t before;

    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = limit.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    before = mallinfo2().uordblks;
    for (size_t i = 0; i < MANY; i++) {
        net_connect_start(scene->loop, &callers[i].connect, &target, on_done);
    }
    check_many(scene, callers);
    /* Both ends of an idle connection, with spare chunks; the sanitizers' heap says 0. */
    assert_true(mallinfo2().uordblks - before < (size_t)MANY * BYTES_PER_IDLE_PAIR);
    for (size_t i = 0; i < MANY; i++) {
        hang_up(&callers[i]);
    }
    for (size_t i = 0; i < MANY; i++) {
        run_until(scene->loop, callers[i].n_closes == 1);
    }
    run_until(scene->loop, scene->n_open == 0);
    mem_free(callers);
}

#define SCENE(test) cmocka_unit_test_setup_teardown(test, open_scene, close_scene)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE(test_ipv4),
        SCENE(test_ipv6),
        SCENE(test_a_name),
        SCENE(test_a_name_on_a_virtual_clock),
        SCENE(test_a_socket_file),
        SCENE(test_the_target_is_copied),
        SCENE(test_refused),
        SCENE(test_refused_by_every_address),
        SCENE(test_no_socket_file),
        SCENE(test_an_unknown_name),
        SCENE(test_targets_that_cannot_be),
        SCENE(test_timeout),
        SCENE(test_an_address_that_does_not_answer),
        SCENE(test_the_standard_timeout),
        SCENE(test_cancel_while_connecting),
        SCENE(test_cancel_at_once),
        SCENE(test_cancel_while_resolving),
        SCENE(test_cancel_and_leave),
        SCENE(test_cancel_a_failure_that_is_not_told_yet),
        SCENE(test_a_stream_without_events),
        SCENE(test_a_thousand),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
