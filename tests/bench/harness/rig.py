# SPDX-License-Identifier: MIT
"""The load side: NATS server, application, peers, and runs of the load tools."""

import contextlib
import json
import shutil
from pathlib import Path

from . import policies
from .machine import BenchError, Cores, Process, ask, free_port, raise_open_files

LIST_PATH = "/v1/registry/nodes"


def find_program(name):
    path = shutil.which(name, path=f"{shutil.os.environ['PATH']}:/usr/sbin:/sbin")
    if path is None:
        raise BenchError(f"{name} is missing: run scripts/install-deps bench")
    return path


class Rig:
    """Everything around the systems under test; a context manager that stops it all."""

    def __init__(self, build, work, sidecar):
        self.source = Path(__file__).resolve().parent.parent
        self.tools = Path(build).resolve() / "tests" / "bench"
        self.sidecar = sidecar
        self.work = Path(work)
        self.cores = Cores()
        self.open_files = raise_open_files()
        self.nginx = find_program("nginx")
        self.node = find_program("node")
        self.nats_server = find_program("nats-server")
        self.stack = contextlib.ExitStack()
        self.n_runs = 0

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            self.stack = stack
            self.nats_port = free_port()
            self.nats_url = f"nats://127.0.0.1:{self.nats_port}"
            self.nats = self.start(
                "nats-server", [self.nats_server, "-a", "127.0.0.1", "-p", self.nats_port]
            )
            self.app = self.start("app", [self.tools / "bench_app"])
            self.app_port = int(self.app.read_line().split()[1])
            self.stack = stack.pop_all()
        return self

    def __exit__(self, *_):
        self.stack.close()

    def start(self, name, argv):
        return self.stack.enter_context(Process(name, argv, self.work, self.cores.load))

    def app_requests(self):
        """How many requests the application has had."""
        return json.loads(ask(self.app_port, "POST", "/count", "{}")[1])["response"]

    @contextlib.contextmanager
    def peer(self, name_space, *options):
        """A bench_peer that is not a caller, for as long as the block lasts."""
        argv = [self.tools / "bench_peer", "--port", self.nats_port, "--namespace", name_space]
        with Process("peer", [*argv, *options], self.work, self.cores.load) as peer:
            peer.read_line()
            yield peer

    def run_load(self, tool, options, target, helpers, timing):
        """Runs a load tool to its end and returns its result."""
        self.n_runs += 1
        argv = [self.tools / tool, *options]
        for pid in target:
            argv += ["--pid", pid]
        for process in helpers:
            argv += ["--helper", process.pid]
        argv += ["--warmup", timing.warmup_ms, "--duration", timing.duration_ms]
        with Process(tool, argv, self.work, self.cores.load) as process:
            output = process.finish(6 * timing.duration_ms / 1e3 + timing.warmup_ms / 1e3 + 30)
        return json.loads(output)

    def http_options(self, path, port, payload):
        """The command line of bench_http for one of the paths."""
        options = ["--port", port]
        if path == "list":
            return [*options, "--method", "GET", "--path", LIST_PATH]
        options += ["--payload", payload]
        if path == "emit":
            return [*options, "--path", "/v1/emit/bench.event"]
        case = policies.find(path)
        if case is not None:
            return [*options, *case.answer, "--path", f"/v1/call/bench.{case.action}"]
        target = {"A": "/v1/call/peer.echo", "C": "/v1/call/bench.echo"}.get(path, "/echo")
        return [*options, "--echo", "--path", target]

    def peer_options(self, name_space, target, action, payload):
        """The command line of a bench_peer that calls."""
        return [
            "--port", self.nats_port, "--namespace", name_space, "--node", "bench-caller",
            "--target", target, "--action", action, "--payload", payload,
        ]  # fmt: skip

    def measure(self, system, path, payload, pace, timing, peer=None):
        """One measurement of one path of a system; `pace` are the options in-flight and rate."""
        helpers = [self.app, self.nats, *([peer] if peer else [])]
        if path == "B":
            tool = "bench_peer"
            options = self.peer_options(system.name_space, system.node_id, "bench.echo", payload)
        else:
            tool = "bench_http"
            options = self.http_options(path, system.port, payload)
        return self.run_load(tool, [*options, *pace], system.worker_pids(), helpers, timing)

    def measure_direct(self, kind, payload, pace, timing):
        """The same load without any system between: to the app, or from node to node over NATS."""
        if kind == "http":
            options = self.http_options("hop", self.app_port, payload)
            return self.run_load("bench_http", [*options, *pace], [], [self.app], timing)
        with self.peer("bench-direct") as peer:
            options = self.peer_options("bench-direct", "bench-peer", "peer.echo", payload)
            return self.run_load("bench_peer", [*options, *pace], [], [peer, self.nats], timing)
