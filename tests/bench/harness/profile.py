# SPDX-License-Identifier: MIT
"""Where our sidecar spends its time under load, by sampling with perf."""

import shutil
import subprocess
import threading
import time

from .machine import BenchError
from .scenarios import REFERENCE, Timing
from .systems import Sidecar

WARMUP_S = 1
SAMPLED_S = 5


def perf(*words):
    result = subprocess.run(["perf", *map(str, words)], capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise BenchError(f"perf {words[0]}: {result.stderr.strip()[-500:]}")
    return result.stdout


def report(data, *options):
    """The lines of a perf report that carry figures."""
    text = perf("report", "-i", data, "--stdio", "--percent-limit", "0.4", *options)
    return "\n".join(line for line in text.splitlines() if line and not line.startswith("#"))


def under_load(rig, system, path, peer):
    """Keeps the path busy in a thread of its own while the samples are taken."""
    timing = Timing(0, (WARMUP_S + SAMPLED_S + 1) * 1000)
    pace = ["--in-flight", REFERENCE[0]]
    results = []
    thread = threading.Thread(
        target=lambda: results.append(
            rig.measure(system, path, REFERENCE[1], pace, timing, peer)
        )
    )
    thread.start()
    return thread, results


def profile(rig, path, data):
    """Samples one path; returns two tables as text and leaves the samples in the file `data`."""
    if shutil.which("perf") is None:
        raise BenchError("perf is missing: apt-get install linux-perf")
    with Sidecar(rig) as system, rig.peer(system.name_space) as peer:
        system.prepare()
        system.check_call("peer.echo")
        thread, results = under_load(rig, system, path, peer)
        time.sleep(WARMUP_S)
        perf("record", "-o", data, "-F", 2000, "-g", "-p", system.process.pid, "sleep", SAMPLED_S)
        thread.join()
    if not results:
        raise BenchError("the load failed while samples were taken")
    own = report(data, "--no-children", "-g", "none", "--sort", "symbol")
    children = report(data, "--children", "-g", "none", "--sort", "symbol")
    return (
        f"path {path}: {results[0]['cpu_us']:.2f} us a call\n\nself\n{own}\n\n"
        f"with callees\n{children}\n\nsamples: {data}"
    )
