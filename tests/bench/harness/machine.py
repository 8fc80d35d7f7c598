# SPDX-License-Identifier: MIT
"""Processes, processors and /proc: everything that is the operating system's."""

import contextlib
import http.client
import os
import platform
import re
import resource
import select
import socket
import subprocess
import time
from pathlib import Path


class BenchError(Exception):
    """Something that makes the results worthless; the message is for the user."""


class Cores:
    """Which processors the system under test has, and which the load side."""

    def __init__(self):
        allowed = sorted(os.sched_getaffinity(0))
        self.pinned = len(allowed) >= 2
        self.target = {allowed[0]}
        self.load = set(allowed[1:]) if self.pinned else {allowed[0]}


@contextlib.contextmanager
def running_on(cores):
    """What is started inside inherits these processors."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def raise_open_files():
    """10,000 connections need as many descriptors; children inherit the limit."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def wait_until(condition, what, timeout_s=20.0, step_s=0.02):
    """Polls; returns what the condition returned once it is true."""
    deadline = time.monotonic() + timeout_s
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > deadline:
            raise BenchError(f"waited {timeout_s:g} s in vain: {what}")
        time.sleep(step_s)


def ask(port, method, path, body=None):
    """One HTTP request; (status, body), or (0, reason) when nobody answers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    headers = {"Content-Type": "application/json"} if body is not None else {}
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    except OSError as error:
        return 0, str(error).encode()
    finally:
        connection.close()


class Process:
    """A child that ends with the block that started it. Its log goes to a file in `work`."""

    def __init__(self, name, argv, work, cores, env=None):
        self.name = name
        self.log = Path(work) / f"{name}.log"
        with open(self.log, "ab") as log, running_on(cores):
            self.started = time.monotonic()
            self.child = subprocess.Popen(
                [str(word) for word in argv],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE if env is None else log,
                stderr=log,
                env=env,
                cwd=work,
            )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    @property
    def pid(self):
        return self.child.pid

    def stop(self):
        if self.child.poll() is None:
            self.child.terminate()
            try:
                self.child.wait(10)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait()
        for pipe in (self.child.stdin, self.child.stdout):
            if pipe:
                pipe.close()

    def fail(self, what):
        tail = self.log.read_text(errors="replace")[-2000:]
        raise BenchError(f"{self.name}: {what}\n{tail}")

    def check_alive(self):
        if self.child.poll() is not None:
            self.fail(f"ended with status {self.child.returncode}")
        return True

    def read_line(self, timeout_s=20.0):
        """The next line of its standard output."""
        readable, _, _ = select.select([self.child.stdout], [], [], timeout_s)
        line = self.child.stdout.readline().decode() if readable else ""
        if not line:
            self.fail("did not say that it is ready")
        return line.strip()

    def finish(self, timeout_s):
        """Waits for a good end and returns the standard output."""
        try:
            output, _ = self.child.communicate(timeout=timeout_s)
        except subprocess.TimeoutExpired:
            self.stop()
            self.fail("took too long")
        if self.child.returncode != 0:
            self.fail(f"ended with status {self.child.returncode}")
        return output.decode()


def process_tree(pid):
    """The process and its descendants."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            found += process_tree(int(child))
    return found


def memory_mb(pids):
    """Resident memory now and at its peak, summed, in MB (1e6 bytes)."""
    now = peak = 0
    for pid in pids:
        status = Path(f"/proc/{pid}/status").read_text()
        now += int(re.search(r"VmRSS:\s+(\d+)", status)[1])
        peak += int(re.search(r"VmHWM:\s+(\d+)", status)[1])
    return {"rss_mb": round(now * 1024 / 1e6, 2), "peak_mb": round(peak * 1024 / 1e6, 2)}


def cpu_seconds(pids):
    """CPU time of all threads so far."""
    total = 0
    for pid in pids:
        for task in Path(f"/proc/{pid}/task").iterdir():
            total += int((task / "schedstat").read_text().split()[0])
    return total / 1e9


def first_line(argv):
    """What a program says about its version."""
    output = subprocess.run(argv, capture_output=True, text=True, check=False)
    text = (output.stdout + output.stderr).strip()
    return text.splitlines()[0] if text else "unknown"


def describe(cores):
    """The machine as a reader of the results needs to know it."""
    cpuinfo = Path("/proc/cpuinfo").read_text()
    model = re.search(r"model name\s*: (.*)", cpuinfo)
    meminfo = Path("/proc/meminfo").read_text()
    release = Path("/etc/os-release").read_text()
    return {
        "processor": model[1] if model else platform.machine(),
        "processors": os.cpu_count(),
        "pinned": cores.pinned,
        "memory_gb": round(int(re.search(r"MemTotal:\s+(\d+)", meminfo)[1]) / 1e6),
        "system": re.search(r'PRETTY_NAME="(.*)"', release)[1],
        "kernel": platform.release().split("-")[0],
    }
