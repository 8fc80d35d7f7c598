# SPDX-License-Identifier: MIT
"""From single measurements to figures: medians, ratios within a round, and the design's targets."""

import statistics
from dataclasses import dataclass

from .scenarios import REFERENCE, STATE_CONNECTIONS, STATE_CROWD, STATE_IDLE


def median(values):
    values = list(values)
    return statistics.median(values) if values else None


class Summary:
    """Looks up results; None stands for what was not measured."""

    def __init__(self, results):
        self.results = results
        self.calls = results.get("calls", [])

    def rows(self, system, path, cell):
        return [
            row
            for row in self.calls
            if (row["system"], row["path"]) == (system, path)
            and (row["in_flight"], row["bytes"]) == tuple(cell)
        ]

    def value(self, system, path, cell, member):
        return median(row[member] for row in self.rows(system, path, cell))

    def flag(self, system, path, cell, member):
        return any(row[member] for row in self.rows(system, path, cell))

    def cpu_ratio(self, system, path, cell, other, other_path):
        """CPU per call over that of another system, the median of the ratios of each round."""
        others = {row["round"]: row["cpu_us"] for row in self.rows(other, other_path, cell)}
        return median(
            row["cpu_us"] / others[row["round"]]
            for row in self.rows(system, path, cell)
            if row["round"] in others
        )

    def cpu_over_us(self, system, path, cell, base):
        """CPU per call beyond that of another path, the median of the differences of each round."""
        bases = {row["round"]: row["cpu_us"] for row in self.rows(system, base, cell)}
        return median(
            row["cpu_us"] - bases[row["round"]]
            for row in self.rows(system, path, cell)
            if row["round"] in bases
        )

    def disturbed_share(self):
        """Share of the measurements that something else on the processor disturbed."""
        marks = [row["disturbed"] for row in self.calls]
        return sum(marks) / len(marks) if marks else 0

    def cells(self, path):
        found = {(r["in_flight"], r["bytes"]) for r in self.calls if r["path"] == path}
        return sorted(found, key=lambda cell: (cell[1], cell[0]))

    def latency(self, system, path, member):
        return median(
            row[member]
            for row in self.results.get("latency", [])
            if (row["system"], row["path"]) == (system, path)
        )

    def added_latency_ms(self, system, path, member):
        """Latency over that of the same load without a system between."""
        if system == "none":
            return None
        own = self.latency(system, path, member)
        direct = self.latency("none", "http" if path in ("C", "hop") else "nats", member)
        return None if own is None or direct is None else (own - direct) / 1e3

    def memory(self, system, state, member="rss_mb"):
        for row in self.results.get("memory", []):
            if (row["system"], row["state"]) == (system, state):
                return row.get(member)
        return None

    def startup(self, system, transporter, member="ready_ms"):
        for row in self.results.get("startup", []):
            if (row["system"], row["transporter"]) == (system, transporter):
                return row[member]
        return None


    def scan_rate(self, kind, n_bytes):
        for row in self.results.get("json", []):
            if (row["kind"], row["bytes"]) == (kind, n_bytes):
                return row["mb_per_second"]
        return None


    def wire(self, in_flight, member):
        for row in self.results.get("wire", []):
            if row["in_flight"] == in_flight:
                return row[member]
        return None


@dataclass(frozen=True)
class Figure:
    """One row of the design's table: what must be reached, what is wanted, what was measured."""

    what: str
    unit: str
    must: float
    goal: float
    ours: float | None
    node: float | None
    more_is_better: bool = False

    def reaches(self, bound):
        return self.ours >= bound if self.more_is_better else self.ours <= bound

    @property
    def verdict(self):
        if self.ours is None:
            return "not measured"
        if self.reaches(self.goal):
            return "goal"
        return "must" if self.reaches(self.must) else "MISSED"


def figures(summary):
    """Section 5 of the design, filled in."""

    def both(lookup):
        return lookup("sidecar"), lookup("node")

    def ratio(path):
        return both(lambda s: summary.cpu_ratio(s, path, REFERENCE, "nginx", "hop"))

    def added(path, member):
        return both(lambda s: summary.added_latency_ms(s, path, member))

    def memory(state):
        return both(lambda s: summary.memory(s, state))

    return [
        Figure("CPU per call, app → own app over HTTP (C)", "× nginx", 2.0, 1.1, *ratio("C")),
        Figure("CPU per call, app → remote action (A)", "× nginx", 1.5, 0.8, *ratio("A")),
        Figure("CPU per call, remote node → app (B)", "× nginx", 1.5, 0.8, *ratio("B")),
        Figure(
            "calls a second on one core, app → own app",
            "/s",
            25000,
            45000,
            *both(lambda s: summary.value(s, "C", REFERENCE, "per_second")),
            more_is_better=True,
        ),
        *(
            Figure(f"added latency at 1,000/s, 1 kB, path {path}, {name}", "ms", must, goal, *values)
            for path in ("C", "A", "B")
            for name, must, goal, values in (
                ("p50", 0.20, 0.08, added(path, "p50_us")),
                ("p99", 1.0, 0.4, added(path, "p99_us")),
            )
        ),
        Figure("resident memory, idle", "MB", 8, 4, *memory(STATE_IDLE)),
        Figure(
            "resident memory, 1,000 remote nodes × 20 services",
            "MB",
            64,
            24,
            *memory(STATE_CROWD),
        ),
        Figure("resident memory, 10,000 connections", "MB", 120, 40, *memory(STATE_CONNECTIONS)),
        Figure(
            "ready after exec", "ms", 100, 20, *both(lambda s: summary.startup(s, "none"))
        ),
        Figure(
            "ready after exec, with NATS", "ms", 100, 20, *both(lambda s: summary.startup(s, "NATS"))
        ),
        Figure(
            "JSON validated and sliced, records of 1 kB",
            "MB/s",
            1000,
            1500,
            summary.scan_rate("records", 1000),
            None,
            more_is_better=True,
        ),
        Figure("NATS there and back, one in flight", "us", 80, 70, summary.wire(1, "p50_us"), None),
        Figure("NATS, CPU a message at 64 in flight", "us", 1.5, 0.9, summary.wire(64, "cpu_us"), None),
    ]
