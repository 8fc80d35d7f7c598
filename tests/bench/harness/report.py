# SPDX-License-Identifier: MIT
"""Results as text: the same Markdown on the terminal and in docs/performance.md."""

from .policies import CASES
from .scenarios import MEMORY_STATES, REFERENCE, STATE_CROWD
from .summary import Summary, figures

PATH_TITLES = {
    "C": "C: app → own app over HTTP",
    "A": "A: app → remote action over NATS",
    "B": "B: remote node → app",
    "list": "GET /v1/registry/nodes",
    "emit": "emit to an own subscription",
}

METHOD = """\
`scripts/bench` starts our sidecar, a sidecar in Node.js on the npm packages moleculer {moleculer} and moleculer-web {web}
(`tests/bench/node-sidecar`), and nginx as a plain proxy hop with kept-alive connections on both sides and one worker. They run
side by side and are measured in turn within each round, so that what slows the machine down slows all of them; ratios are
taken within a round and the median of the rounds counts. {pinning}

- **hop**: HTTP client → nginx → application. **C**: HTTP client → sidecar → application (`POST /v1/call/...` of an action
  whose handler is a URL). **A**: HTTP client → sidecar → NATS → remote node. **B**: remote node → NATS → sidecar → application.
- Request and answer both carry a JSON value of the given size, and the load tools (`bench_http`, `bench_peer`, `bench_app`, in C)
  compare every byte of every answer; one wrong answer ends the run. They need 3 to 6 us a call, so they are not the limit
  unless marked: `~` says that the system under test was idle for more than a tenth of the time, so its rate could be higher.
- CPU per call is the time the kernel's scheduler accounts to all threads of the process within the measurement
  (`/proc/<pid>/task/*/schedstat`), divided by the calls answered in it.
- Policies are measured on sidecars of their own, without NATS, with `CACHER=Memory`; "over" is CPU time beyond that of the same call
  of an action without a policy, in the same round. The rules check every member of the params. A cache hit and a call that an open
  breaker rejects never reach the application, which is checked. Where one of two attempts fails, the application answers the first
  with a retryable 503, and both sidecars wait 1 ms.
- `!` says that something else held the processor of the system under test for more than 6 % of the time in every try.
- Latency at 1,000 calls a second counts from the time a call was due, so a stall cannot hide; "added" is over the same load
  without a system between (client → application over HTTP, or node → node over NATS).
"""


def number(value, digits=None):
    if value is None:
        return "–"
    if digits is None:
        digits = 0 if value >= 1000 else 1 if value >= 20 else 2
    return f"{value:,.{digits}f}"


def table(header, rows):
    """A Markdown table whose columns line up; the first is text, the others are numbers."""
    cells = [header, *[[str(cell) for cell in row] for row in rows]]
    widths = [max(len(row[i]) for row in cells) for i in range(len(header))]

    def line(row):
        first = row[0].ljust(widths[0])
        rest = [cell.rjust(width) for cell, width in zip(row[1:], widths[1:])]
        return "| " + " | ".join([first, *rest]) + " |"

    rule = ["-" * widths[0], *["-" * (width - 1) + ":" for width in widths[1:]]]
    return "\n".join([line(header), line(rule), *map(line, cells[1:])])


def size_name(n_bytes):
    return f"{n_bytes / 1000:g} kB"


def figures_table(summary):
    rows = []
    for figure in figures(summary):
        rows.append(
            [
                figure.what,
                number(figure.must, 0 if figure.must >= 8 else 2),
                number(figure.goal, 0 if figure.goal >= 4 else 2),
                number(figure.ours),
                figure.unit,
                figure.verdict,
                number(figure.node),
            ]
        )
    return table(["figure", "must", "goal", "measured", "unit", "reached", "Node.js"], rows)


def marks(summary, system, path, cell):
    """What a reader must know about a rate."""
    busy = summary.value(system, path, cell, "cpu_busy")
    limited = cell[0] >= 16 and busy is not None and busy < 0.9
    return ("~" if limited else "") + (
        "!" if summary.flag(system, path, cell, "disturbed") else ""
    )


def system_columns(summary, system, path, cell):
    rate = summary.value(system, path, cell, "per_second")
    return [
        number(rate, 0) + marks(summary, system, path, cell),
        number(summary.value(system, path, cell, "p50_us"), 0),
        number(summary.value(system, path, cell, "p99_us"), 0),
        number(summary.value(system, path, cell, "cpu_us")),
    ]


def path_table(summary, path):
    """One path over all sizes and numbers in flight, ours beside nginx and Node."""
    rows = []
    for cell in summary.cells(path):
        rows.append(
            [
                f"{size_name(cell[1])}, {cell[0]}",
                *system_columns(summary, "sidecar", path, cell),
                number(summary.value("nginx", "hop", cell, "cpu_us")),
                number(summary.cpu_ratio("sidecar", path, cell, "nginx", "hop")),
                *system_columns(summary, "node", path, cell),
                number(summary.cpu_ratio("node", path, cell, "sidecar", path)),
            ]
        )
    header = ["size, in flight", "calls/s", "p50 us", "p99 us", "CPU us", "nginx CPU", "× nginx"]
    header += ["Node calls/s", "p50 us", "p99 us", "CPU us", "Node / ours"]
    return table(header, rows)


def hop_table(summary):
    rows = [
        [f"{size_name(cell[1])}, {cell[0]}", *system_columns(summary, "nginx", "hop", cell)]
        for cell in summary.cells("hop")
    ]
    return table(["size, in flight", "calls/s", "p50 us", "p99 us", "CPU us"], rows)


def policy_columns(summary, system, case, cell):
    over = None if not case.part else summary.cpu_over_us(system, case.path, cell, "plain")
    return [*system_columns(summary, system, case.path, cell), number(over)]


def policy_table(summary):
    rows = []
    for case in CASES:
        for cell in summary.cells(case.path):
            rows.append(
                [
                    f"{case.title}, {size_name(cell[1])}, {cell[0]}",
                    *policy_columns(summary, "sidecar", case, cell),
                    number(summary.cpu_ratio("sidecar", case.path, cell, "nginx", "hop")),
                    *policy_columns(summary, "node", case, cell),
                    number(summary.cpu_ratio("node", case.path, cell, "sidecar", case.path)),
                ]
            )
    header = ["policy, size, in flight", "calls/s", "p50 us", "p99 us", "CPU us", "over", "× nginx"]
    header += ["Node calls/s", "p50 us", "p99 us", "CPU us", "over", "Node / ours"]
    return table(header, rows)


def rules_table(rows):
    body = [
        [size_name(row["bytes"]), number(row["per_second"], 0), number(row["mb_per_second"], 0)]
        for row in rows
    ]
    return table(["params that pass 10 rules", "checks/s", "MB/s"], body)


def latency_table(summary):
    names = {"hop": "nginx hop", "http": "client → application", "nats": "node → node"}
    members = ("p50_us", "p99_us", "p999_us")
    measured = dict.fromkeys((r["system"], r["path"]) for r in summary.results["latency"])
    rows = []
    for system, path in measured:
        own = "" if system in ("none", "nginx") else f"{system}, "
        rows.append(
            [
                own + names.get(path, f"path {path}"),
                *[number(summary.latency(system, path, m) / 1e3, 3) for m in members],
                *[number(summary.added_latency_ms(system, path, m), 3) for m in members[:2]],
            ]
        )
    return table(["1,000 a second, 1 kB", "p50 ms", "p99", "p99.9", "added p50", "added p99"], rows)


def memory_table(summary):
    rows = summary.results["memory"]
    systems = list(dict.fromkeys(row["system"] for row in rows))
    measured = {row["state"] for row in rows}
    body = [
        [state, *[number(summary.memory(system, state)) for system in systems]]
        for state in MEMORY_STATES
        if state in measured
    ]
    learned = [number(summary.memory(system, STATE_CROWD, "learn_cpu_ms")) for system in systems]
    body.append(["CPU ms to learn these nodes", *learned])
    return table(["resident MB", *systems], body)


def startup_table(summary):
    rows = [
        [
            f"{row['system']}, transporter {row['transporter']}",
            *[number(row[m]) for m in ("health_ms", "ready_ms", "ready_max_ms")],
        ]
        for row in summary.results["startup"]
    ]
    return table(["ms after exec, median", "/health 200", "/ready 200", "/ready, slowest"], rows)


def json_table(summary):
    rows = summary.results["json"]
    sizes = list(dict.fromkeys(row["bytes"] for row in rows))
    body = [
        [kind, *[number(summary.scan_rate(kind, size), 0) for size in sizes]]
        for kind in dict.fromkeys(row["kind"] for row in rows)
    ]
    return table(["MB/s, documents of", *map(size_name, sizes)], body)


def wire_table(summary):
    rows = [
        [
            f"{row['in_flight']} in flight",
            number(row["per_second"], 0),
            *[number(row[member]) for member in ("p50_us", "p99_us", "cpu_us")],
        ]
        for row in summary.results["wire"]
    ]
    return table(["200 bytes there and back", "messages/s", "p50 us", "p99 us", "CPU us"], rows)


def disturbance_note(summary):
    share = summary.disturbed_share()
    if share < 0.1:
        return ""
    return (
        f"**The machine was busy with other work in {share:.0%} of the measurements: rates are too low "
        "and slow answers too slow; CPU per call and its ratios hold.**\n\n"
    )


def sections(results):
    """Pairs of title and text, of what was measured."""
    summary = Summary(results)
    yield "Figures of the design", disturbance_note(summary) + figures_table(summary)
    if summary.cells("hop"):
        yield "nginx proxy hop", hop_table(summary)
    for path, title in PATH_TITLES.items():
        if summary.cells(path):
            yield title, path_table(summary, path)
    if "policies" in results:
        yield "Policies", policy_table(Summary({"calls": results["policies"]}))
    if "rules" in results:
        yield "Parameter rules alone", rules_table(results["rules"])
    if "latency" in results:
        yield "Latency", latency_table(summary)
    if "memory" in results:
        yield "Memory", memory_table(summary)
    if "startup" in results:
        yield "Start-up", startup_table(summary)
    if "json" in results:
        yield "JSON scanner", json_table(summary)
    if "wire" in results:
        yield "NATS client", wire_table(summary)


def markdown(results):
    return "\n\n".join(f"## {title}\n\n{text}" for title, text in sections(results)) + "\n"


def describe_run(results):
    machine = results["machine"]
    versions = results["versions"]
    return (
        f"Taken on {results['date']} with a {'full' if results['full'] else 'quick'} run: "
        f"{machine['processor']}, {machine['processors']} processors, {machine['memory_gb']} GB, "
        f"{machine['system']}, Linux {machine['kernel']}; {versions['nginx']}, Node.js "
        f"{versions['node']}, {versions['nats']}. Absolute times belong to this machine; "
        "ratios carry over.\n"
    )


def document(results):
    """The whole of docs/performance.md."""
    versions = results["versions"]
    pinning = (
        "The system under test has one processor, all load another."
        if results["machine"]["pinned"]
        else "System and load share the only processor."
    )
    method = METHOD.format(
        moleculer=versions["moleculer"], web=versions["moleculer-web"], pinning=pinning
    )
    reference = f"{REFERENCE[0]} in flight, {size_name(REFERENCE[1])}"
    return (
        "# Performance\n\n"
        "Written by `scripts/bench --docs`; do not edit.\n\n"
        f"{describe_run(results)}\n"
        "## How it is taken\n\n"
        f"{method}\n"
        f"Ratios and rates in the first table are those at {reference}. To repeat: `scripts/bench` "
        "(about 20 minutes), `scripts/bench --quick` (about 3).\n\n"
        f"{markdown(results)}"
    )
