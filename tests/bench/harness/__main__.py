# SPDX-License-Identifier: MIT
"""Command line of the measurements; scripts/bench prepares everything and then runs this."""

import argparse
import contextlib
import datetime
import json
import signal
import sys
import tempfile
from pathlib import Path

from . import policies, report
from .machine import BenchError, describe, first_line
from .profile import profile
from .rig import Rig
from .scenarios import ALL_KINDS, FULL, QUICK, Bench
from .systems import Sidecar

PARTS = (
    "A", "B", "C", "list", "emit", "latency", *policies.PARTS, "memory", "startup", "json", "wire"
)  # fmt: skip


def parse_args():
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="about three minutes, fewer cells")
    parser.add_argument("--only", metavar="PARTS", help=f"comma-separated, of {','.join(PARTS)}")
    parser.add_argument("--sidecar", metavar="FILE", help="the binary to measure")
    parser.add_argument("--without-sidecar", action="store_true", help="measure the others only")
    parser.add_argument("--without-node", action="store_true", help="leave the Node.js sidecar out")
    parser.add_argument("--output", metavar="FILE", help="where the results go, as JSON")
    parser.add_argument("--docs", action="store_true", help="write docs/performance.md")
    parser.add_argument("--render", metavar="FILE", help="show an earlier run's results instead")
    parser.add_argument("--profile", metavar="PATH", help="sample one path of our sidecar with perf")
    parser.add_argument("--build", required=True, help=argparse.SUPPRESS)
    return parser.parse_args()


def choose_parts(text):
    parts = set(text.split(",")) if text else set(PARTS)
    if parts - set(PARTS):
        raise BenchError(f"--only: unknown {', '.join(sorted(parts - set(PARTS)))}")
    return parts


def choose_kinds(args):
    """The systems to measure. A missing binary is an error unless it was left out on request."""
    kinds = dict(ALL_KINDS)
    if args.without_node:
        del kinds["node"]
    if args.without_sidecar:
        print("bench: without our sidecar, as asked", file=sys.stderr)
        del kinds["sidecar"]
    elif not Path(args.sidecar).is_file():
        raise BenchError(f"{args.sidecar} is missing (--without-sidecar measures the others)")
    return list(kinds.values())


def package_version(source, name):
    package = source / "node-sidecar" / "node_modules" / name / "package.json"
    return json.loads(package.read_text())["version"] if package.exists() else "unknown"


def describe_run(rig, args):
    return {
        "date": datetime.date.today().isoformat(),
        "full": not args.quick,
        "machine": describe(rig.cores),
        "versions": {
            "nginx": first_line([rig.nginx, "-v"]).replace("nginx version: ", ""),
            "node": first_line([rig.node, "--version"]),
            "nats": first_line([rig.nats_server, "--version"]),
            **{n: package_version(rig.source, n) for n in ("moleculer", "moleculer-web")},
        },
    }


@contextlib.contextmanager
def open_rig(args):
    sidecar = Path(args.sidecar).resolve()
    with tempfile.TemporaryDirectory(prefix="bench-") as work, Rig(args.build, work, sidecar) as rig:
        yield rig


def measure(args):
    parts = choose_parts(args.only)
    kinds = choose_kinds(args)
    with open_rig(args) as rig:
        bench = Bench(rig, QUICK if args.quick else FULL, parts, kinds)
        return {**describe_run(rig, args), **bench.run()}


def show_profile(args):
    if args.profile not in Sidecar.paths:
        raise BenchError(f"--profile: one of {', '.join(Sidecar.paths)}")
    choose_kinds(args)
    with open_rig(args) as rig:
        print(profile(rig, args.profile, str(Path(args.build).resolve() / "perf.data")))


def on_signal(number, _):
    sys.exit(128 + number)


def main():
    signal.signal(signal.SIGTERM, on_signal)
    args = parse_args()
    if args.sidecar is None:
        args.sidecar = str(Path(args.build) / "moleculer-sidecar")
    if args.output is None:
        args.output = str(Path(args.build) / "bench.json")
    if args.profile:
        show_profile(args)
        return
    if args.render:
        results = json.loads(Path(args.render).read_text())
    else:
        results = measure(args)
        Path(args.output).write_text(json.dumps(results, indent=1) + "\n")
        print(f"bench: results are in {args.output}", file=sys.stderr)
    print(report.markdown(results))
    if args.docs:
        Path("docs").mkdir(exist_ok=True)
        Path("docs/performance.md").write_text(report.document(results))


if __name__ == "__main__":
    try:
        main()
    except BenchError as error:
        sys.exit(f"bench: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
