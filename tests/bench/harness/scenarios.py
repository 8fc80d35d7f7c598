# SPDX-License-Identifier: MIT
"""The measurements themselves; each returns plain data for the results file."""

import contextlib
import json
import statistics
import sys
from dataclasses import dataclass

from . import policies
from .machine import BenchError, Process, ask, cpu_seconds, memory_mb, wait_until
from .systems import Nginx, NodeSidecar, PolicyNodeSidecar, PolicySidecar, Sidecar

REFERENCE = (16, 200)
"""In flight and bytes of the cell that the figures of the design are about."""

LATENCY_BYTES = 1000

WIRE_IN_FLIGHT = (1, 64)

WITH_POLICIES = tuple(case.path for case in policies.CASES)

MAX_WAITED = 0.06
"""A system that was kept from its processor for a larger share than this was disturbed."""

CROWD_NODES = 1000
CROWD_SERVICES = 20
IDLE_CONNECTIONS = 10000

STATE_IDLE = "idle"
STATE_LOADED = "after load"
STATE_CONNECTIONS = f"{IDLE_CONNECTIONS:,} connections"
STATE_CROWD = f"{CROWD_NODES:,} remote nodes × {CROWD_SERVICES} services"
MEMORY_STATES = (STATE_IDLE, STATE_LOADED, STATE_CONNECTIONS, STATE_CROWD)


@dataclass(frozen=True)
class Timing:
    warmup_ms: int
    duration_ms: int


@dataclass(frozen=True)
class Plan:
    """How much is measured: the full run or the quick one."""

    cells: tuple
    light_in_flight: tuple
    policy_cells: tuple
    rounds: int
    tries: int
    timing: Timing
    latency_timing: Timing
    latency_rounds: int
    start_runs: int
    scan_ms: int


SIZES = (200, 1000, 10000, 100000)
IN_FLIGHT = (1, 16, 64, 256)

FULL = Plan(
    cells=tuple((n, size) for n in IN_FLIGHT for size in SIZES),
    light_in_flight=IN_FLIGHT,
    policy_cells=(REFERENCE, (16, 10000)),
    rounds=5,
    tries=3,
    timing=Timing(400, 2000),
    latency_timing=Timing(500, 3000),
    latency_rounds=5,
    start_runs=15,
    scan_ms=1000,
)
QUICK = Plan(
    cells=((1, 200), (16, 200), (64, 200), (16, 10000)),
    light_in_flight=(16,),
    policy_cells=(REFERENCE,),
    rounds=2,
    tries=2,
    timing=Timing(200, 800),
    latency_timing=Timing(300, 1500),
    latency_rounds=1,
    start_runs=3,
    scan_ms=200,
)


def say(text):
    print(text, file=sys.stderr, flush=True)


class Bench:
    """Runs the parts that were asked for on the systems that are there."""

    def __init__(self, rig, plan, parts, kinds):
        self.rig = rig
        self.plan = plan
        self.parts = parts
        self.kinds = kinds

    def run(self):
        results = {}
        if self.parts & {"A", "B", "C", "list", "emit", "latency"}:
            results.update(self.run_load_parts())
        if self.parts & set(policies.PARTS):
            results["policies"] = self.run_policies()
        if "validation" in self.parts and Sidecar in self.kinds:
            results["rules"] = self.run_rules()
        if "memory" in self.parts:
            results["memory"] = results.get("memory", []) + self.run_memory()
        if "startup" in self.parts:
            results["startup"] = self.run_startup()
        if "json" in self.parts and Sidecar in self.kinds:
            results["json"] = self.run_json()
        if "wire" in self.parts and Sidecar in self.kinds:
            results["wire"] = self.run_wire()
        return results

    def run_load_parts(self):
        with contextlib.ExitStack() as stack:
            systems = [stack.enter_context(kind(self.rig)) for kind in self.kinds]
            peers = {}
            for system in systems:
                if "A" in system.paths:
                    peers[system.label] = stack.enter_context(self.rig.peer(system.name_space))
                system.prepare()
                if "A" in system.paths:
                    system.check_call("peer.echo")
            load = LoadParts(self, systems, peers, self.parts | {"hop"})
            load.warm_up()
            results = {"calls": load.run_calls()}
            if "latency" in self.parts:
                results["latency"] = load.run_latency()
            if "memory" in self.parts:
                results["memory"] = [
                    {"system": s.label, "state": STATE_LOADED, **memory_mb(s.pids())}
                    for s in systems
                ]
        return results

    def run_policies(self):
        """Calls of actions with and without policies, of systems that know no other node."""
        kinds = [POLICY_KINDS.get(kind, kind) for kind in self.kinds]
        with contextlib.ExitStack() as stack:
            systems = [stack.enter_context(kind(self.rig, transporter=False)) for kind in kinds]
            for system in systems:
                system.prepare()
            load = LoadParts(self, systems, {}, policies.wanted(self.parts) | {"hop"})
            load.warm_up()
            return load.run_policies()

    def run_memory(self):
        rows = []
        for kind in self.kinds:
            say(f"memory of {kind.label}")
            for state, measure in (
                (STATE_IDLE, self.memory_idle),
                (STATE_CONNECTIONS, self.memory_connections),
                (STATE_CROWD, self.memory_crowd),
            ):
                if kind is Nginx and measure == self.memory_crowd:
                    continue
                with kind(self.rig) as system:
                    system.prepare()
                    rows.append({"system": kind.label, "state": state, **measure(system)})
        return rows

    def memory_idle(self, system):
        return memory_mb(system.pids())

    def memory_connections(self, system):
        argv = [self.rig.tools / "bench_http", "--port", system.port, "--method", "GET"]
        argv += ["--path", "/health", "--hold", IDLE_CONNECTIONS]
        with Process("hold", argv, self.rig.work, self.rig.cores.load) as client:
            client.read_line(60)
            return memory_mb(system.pids())

    def memory_crowd(self, system):
        before = cpu_seconds(system.pids())
        options = ("--node", "crowd", "--nodes", CROWD_NODES, "--services", CROWD_SERVICES)
        with self.rig.peer(system.name_space, *options):
            wait_until(lambda: self.count_nodes(system) > CROWD_NODES, "all nodes known", 60, 0.2)
            learned = cpu_seconds(system.pids()) - before
            return {**memory_mb(system.pids()), "learn_cpu_ms": round(learned * 1e3, 1)}

    @staticmethod
    def count_nodes(system):
        status, body = ask(system.port, "GET", "/v1/registry/nodes")
        return len(json.loads(body)) if status == 200 else 0

    def run_startup(self):
        rows = []
        for kind in self.kinds:
            if kind is Nginx:
                continue
            for transporter in (False, True):
                say(f"start-up of {kind.label}, {'NATS' if transporter else 'no transporter'}")
                runs = [self.start_once(kind, transporter) for _ in range(self.plan.start_runs)]
                rows.append(
                    {
                        "system": kind.label,
                        "transporter": "NATS" if transporter else "none",
                        "health_ms": round(statistics.median(r[0] for r in runs), 2),
                        "ready_ms": round(statistics.median(r[1] for r in runs), 2),
                        "ready_max_ms": round(max(r[1] for r in runs), 2),
                    }
                )
        return rows

    def run_json(self):
        """The scanner alone, in the processor that the systems under test have."""
        say("JSON scanner")
        argv = [self.rig.tools / "bench_scan", "--duration", self.plan.scan_ms]
        with Process("bench_scan", argv, self.rig.work, self.rig.cores.target) as process:
            return [json.loads(line) for line in process.finish(60).splitlines()]

    def run_rules(self):
        """The rules of parameters alone, in the processor that the systems under test have."""
        say("parameter rules")
        argv = [self.rig.tools / "bench_rules", "--schema", json.dumps(policies.RULES)]
        argv += ["--duration", self.plan.scan_ms]
        with Process("bench_rules", argv, self.rig.work, self.rig.cores.target) as process:
            return [json.loads(line) for line in process.finish(60).splitlines()]

    def run_wire(self):
        """Our NATS client alone, to its own subject and back."""
        rows = []
        for in_flight in WIRE_IN_FLIGHT:
            say(f"NATS client, {in_flight} in flight")
            argv = [self.rig.tools / "bench_wire", "--port", self.rig.nats_port]
            argv += ["--in-flight", in_flight, "--duration", self.plan.timing.duration_ms]
            with Process("bench_wire", argv, self.rig.work, self.rig.cores.target) as process:
                rows.append(json.loads(process.finish(60)))
        return rows

    def start_once(self, kind, transporter):
        with kind(self.rig, transporter) as system:
            health = system.seconds_until("/health") * 1e3
            return health, system.seconds_until("/ready") * 1e3


class LoadParts:
    """Calls, listing, events and latency of systems that run side by side, one at work at a time."""

    def __init__(self, bench, systems, peers, paths):
        self.rig = bench.rig
        self.plan = bench.plan
        self.paths = paths
        self.systems = systems
        self.peers = peers

    def wanted(self, system, paths):
        return [p for p in system.paths if p in paths and p in self.paths]

    def warm_up(self):
        """Brings every path to its usual speed (a JIT compiler needs some seconds)."""
        for system in self.systems:
            say(f"warm-up of {system.label}")
            for path in self.wanted(system, system.paths):
                timing = Timing(0, 2500 if system.label == "node" else 300)
                self.measure(system, path, REFERENCE, timing)

    def measure(self, system, path, cell, timing):
        in_flight, payload = cell
        case = policies.find(path)
        before = self.rig.app_requests()
        result = self.rig.measure(
            system, path, payload, ["--in-flight", in_flight], timing, self.peers.get(system.label)
        )
        reached = self.rig.app_requests() - before
        # The first calls of a size find nothing in the cache.
        if case and not case.reaches_app and reached > in_flight:
            raise BenchError(f"{system.label}, {path}: {reached} calls reached the application")
        return result

    def measure_calm(self, system, path, cell):
        """Repeats a measurement that something else on the processor disturbed."""
        best = None
        for _ in range(self.plan.tries if system.single_threaded else 1):
            result = self.measure(system, path, cell, self.plan.timing)
            if best is None or result["cpu_waited"] < best["cpu_waited"]:
                best = result
            if best["cpu_waited"] <= MAX_WAITED:
                break
        best["disturbed"] = system.single_threaded and best["cpu_waited"] > MAX_WAITED
        return best

    def run_calls(self):
        rows = []
        for cell in self.plan.cells:
            rounds = self.plan.rounds if cell == REFERENCE else 1
            for n in range(rounds):
                say(f"{cell[0]} in flight, {cell[1]} bytes, round {n + 1} of {rounds}")
                rows += self.run_round(cell, n, ("hop", "A", "B", "C"))
        for in_flight in self.plan.light_in_flight:
            cell = (in_flight, REFERENCE[1])
            say(f"listing and events, {in_flight} in flight")
            rows += self.run_round(cell, 0, ("list", "emit"))
        return rows

    def run_policies(self):
        rows = []
        for cell in self.plan.policy_cells:
            rounds = min(self.plan.rounds, 3) if cell == REFERENCE else 1
            for n in range(rounds):
                say(f"policies, {cell[0]} in flight, {cell[1]} bytes, round {n + 1} of {rounds}")
                rows += self.run_round(cell, n, ("hop", *WITH_POLICIES))
        return rows

    def run_round(self, cell, number, paths):
        """All systems one after the other, so that a change of the machine's speed hits all."""
        rows = []
        for path in paths:
            for system in self.systems:
                if path not in self.wanted(system, paths):
                    continue
                row = {"system": system.label, "path": path, "in_flight": cell[0]}
                row |= {"bytes": cell[1], "round": number}
                rows.append(row | self.measure_calm(system, path, cell))
        return rows

    def run_latency(self):
        """At 1,000 requests a second and 1 kB, beside the same load without a system between."""
        rows = []
        for n in range(self.plan.latency_rounds):
            say(f"latency, round {n + 1} of {self.plan.latency_rounds}")
            rows += self.run_latency_round()
        return rows

    def run_latency_round(self):
        pace = ["--in-flight", 64, "--rate", 1000]
        timing = self.plan.latency_timing
        rows = []
        for path in ("http", "nats"):
            result = self.rig.measure_direct(path, LATENCY_BYTES, pace, timing)
            rows.append({"system": "none", "path": path, **result})
        for system in self.systems:
            for path in self.wanted(system, ("hop", "A", "B", "C")):
                peer = self.peers.get(system.label)
                result = self.rig.measure(system, path, LATENCY_BYTES, pace, timing, peer)
                rows.append({"system": system.label, "path": path, **result})
        return rows


ALL_KINDS = {"nginx": Nginx, "sidecar": Sidecar, "node": NodeSidecar}

POLICY_KINDS = {Sidecar: PolicySidecar, NodeSidecar: PolicyNodeSidecar}
