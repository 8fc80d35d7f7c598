/* SPDX-License-Identifier: MIT */
/* Health of the machine and of this process, in the shape the original gives it. */
#include "broker/node_health.h"

#include <malloc.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "broker/local_info.h"
#include "loop/loop.h"

static const double percent = 100;

static void add_cpu(struct json_writer *w)
{
    double load[3] = {0};
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    double utilization;

    cores = cores > 0 ? cores : 1;
    if (getloadavg(load, 3) != 3) {
        memset(load, 0, sizeof(load));
    }
    utilization = load[0] * percent / (double)cores;
    json_key(w, BYTES("cpu"));
    json_begin_object(w);
    json_key(w, BYTES("load1"));
    json_number(w, load[0]);
    json_key(w, BYTES("load5"));
    json_number(w, load[1]);
    json_key(w, BYTES("load15"));
    json_number(w, load[2]);
    json_member_int(w, BYTES("cores"), cores);
    json_member_int(w, BYTES("utilization"),
                    (int64_t)(utilization < percent ? utilization : percent));
    json_end_object(w);
}

static void add_mem(struct json_writer *w, const struct sysinfo *info)
{
    double free_bytes = (double)info->freeram * info->mem_unit;
    double total_bytes = (double)info->totalram * info->mem_unit;

    json_key(w, BYTES("mem"));
    json_begin_object(w);
    json_member_int(w, BYTES("free"), (int64_t)free_bytes);
    json_member_int(w, BYTES("total"), (int64_t)total_bytes);
    json_key(w, BYTES("percent"));
    json_number(w, total_bytes > 0 ? free_bytes * percent / total_bytes : 0);
    json_end_object(w);
}

/* Machine names as Node.js spells them. */
static struct bytes arch_name(const char *machine)
{
    static const struct {
        const char *machine, *arch;
    } names[] = {{"x86_64", "x64"}, {"aarch64", "arm64"}, {"armv7l", "arm"},
                 {"i686", "ia32"},  {"ppc64le", "ppc64"}, {"s390x", "s390x"}};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(machine, names[i].machine) == 0) {
            return bytes_cstr(names[i].arch);
        }
    }
    return bytes_cstr(machine);
}

static void add_user(struct json_writer *w)
{
    const struct passwd *user = getpwuid(getuid());

    json_key(w, BYTES("user"));
    json_begin_object(w);
    json_member_int(w, BYTES("uid"), getuid());
    json_member_int(w, BYTES("gid"), getgid());
    json_member_text(w, BYTES("username"), bytes_cstr(user ? user->pw_name : ""));
    json_member_text(w, BYTES("homedir"), bytes_cstr(user ? user->pw_dir : ""));
    json_member_text(w, BYTES("shell"), bytes_cstr(user ? user->pw_shell : ""));
    json_end_object(w);
}

static void add_os(struct json_writer *w, const struct sysinfo *info)
{
    struct utsname name = {0};

    (void)uname(&name);
    json_key(w, BYTES("os"));
    json_begin_object(w);
    json_member_int(w, BYTES("uptime"), info->uptime);
    json_member_text(w, BYTES("type"), bytes_cstr(name.sysname));
    json_member_text(w, BYTES("release"), bytes_cstr(name.release));
    json_member_text(w, BYTES("hostname"), bytes_cstr(name.nodename));
    json_member_text(w, BYTES("arch"), arch_name(name.machine));
    json_member_text(w, BYTES("platform"), BYTES("linux"));
    add_user(w);
    json_end_object(w);
}

static int64_t resident_bytes(void)
{
    long pages = 0;
    char text[128] = "";
    FILE *file = fopen("/proc/self/statm", "re");

    if (file) {
        if (fgets(text, sizeof(text), file)) {
            const char *second = strchr(text, ' ');

            pages = second ? strtol(second, NULL, 10) : 0;
        }
        (void)fclose(file);
    }
    return (int64_t)pages * sysconf(_SC_PAGESIZE);
}

static void add_argv(struct json_writer *w)
{
    char text[4096];
    FILE *file = fopen("/proc/self/cmdline", "re");
    size_t n = file ? fread(text, 1, sizeof(text), file) : 0;

    json_begin_array(w);
    for (struct bytes rest = bytes_of(text, n); rest.n;) {
        size_t end = bytes_find(rest, '\0');

        json_text(w, bytes_of(rest.p, end));
        rest = bytes_from(rest, end < rest.n ? end + 1 : end);
    }
    json_end_array(w);
    if (file) {
        (void)fclose(file);
    }
}

/* Since the process started, as the kernel counts it. */
static double process_uptime_s(void)
{
    struct timespec now;
    char text[1024] = "";
    FILE *file = fopen("/proc/self/stat", "re");
    const char *at = file && fgets(text, sizeof(text), file) ? strrchr(text, ')') : NULL;
    unsigned long long ticks = 0;

    if (file) {
        (void)fclose(file);
    }
    /* starttime is the 20th field after the name, in clock ticks since boot */
    for (int field = 0; at && field < 20; field++) {
        at = strchr(at + 1, ' ');
    }
    ticks = at ? strtoull(at, NULL, 10) : 0;
    (void)clock_gettime(CLOCK_BOOTTIME, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9 -
           (double)ticks / (double)sysconf(_SC_CLK_TCK);
}

static void add_process(struct json_writer *w)
{
    struct mallinfo2 heap = mallinfo2();

    json_key(w, BYTES("process"));
    json_begin_object(w);
    json_member_int(w, BYTES("pid"), getpid());
    json_key(w, BYTES("memory"));
    json_begin_object(w);
    json_member_int(w, BYTES("rss"), resident_bytes());
    json_member_int(w, BYTES("heapTotal"), (int64_t)heap.arena);
    json_member_int(w, BYTES("heapUsed"), (int64_t)heap.uordblks);
    json_member_int(w, BYTES("external"), 0);
    json_member_int(w, BYTES("arrayBuffers"), 0);
    json_end_object(w);
    json_key(w, BYTES("uptime"));
    json_number(w, process_uptime_s());
    json_key(w, BYTES("argv"));
    add_argv(w);
    json_end_object(w);
}

static void add_time(struct json_writer *w, const struct loop *loop)
{
    int64_t now_ms = loop_unix_ms(loop);
    time_t now = (time_t)(now_ms / 1000);
    struct tm utc;
    char date[64], text[80];

    (void)gmtime_r(&now, &utc);
    json_key(w, BYTES("time"));
    json_begin_object(w);
    json_member_int(w, BYTES("now"), now_ms);
    (void)strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &utc);
    (void)snprintf(text, sizeof(text), "%s.%03dZ", date, (int)(now_ms % 1000));
    json_member_text(w, BYTES("iso"), bytes_cstr(text));
    (void)strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", &utc);
    json_member_text(w, BYTES("utc"), bytes_cstr(date));
    json_end_object(w);
}

void node_health_json(const struct loop *loop, struct buf *out)
{
    struct json_writer w = json_writer(out);
    struct sysinfo info = {0};

    (void)sysinfo(&info);
    json_begin_object(&w);
    add_cpu(&w);
    add_mem(&w, &info);
    add_os(&w, &info);
    add_process(&w);
    json_key(&w, BYTES("client"));
    local_info_add_client(&w);
    json_key(&w, BYTES("net"));
    json_begin_object(&w);
    json_key(&w, BYTES("ip"));
    local_info_add_addresses(&w);
    json_end_object(&w);
    add_time(&w, loop);
    json_end_object(&w);
}
