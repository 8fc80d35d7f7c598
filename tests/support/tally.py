# SPDX-License-Identifier: MIT
"""Counts test cases: prints "PASSED FAILED", then the failures with what is known of them.

usage: tally.py meson TESTLOG.JSON
       tally.py tap LOG              (of node --test)
"""
import json
import re
import sys

RESULT = re.compile(r"^\s*(not )?ok \d+(?: -)? ?(.*)$")
SUM = re.compile(r"^# (\w+) (\d+)$")
TAIL_LINES = 40


def tail(text):
    return ["    " + line for line in text.splitlines()[-TAIL_LINES:]]


def meson(path):
    """One case a TAP line; a program that has none, or that ended badly after them, is a case."""
    passed, failures = 0, []
    with open(path, encoding="utf-8", errors="replace") as log:
        tests = [json.loads(line) for line in log]
    for test in tests:
        output = test.get("stdout") or ""
        cases = [found for found in map(RESULT.match, output.splitlines()) if found]
        bad = [f"{test['name']}: {found[2]}" for found in cases if found[1]]
        passed += len(cases) - len(bad)
        if test["result"] not in ("OK", "SKIP"):
            bad = bad or [f"{test['name']}: {test['result']}"]
            bad += tail(output + (test.get("stderr") or ""))
            failures.append(bad)
        elif not cases:
            passed += 1
    n_failed = sum(len([line for line in lines if not line.startswith("    ")]) for lines in failures)
    return passed, n_failed, [line for lines in failures for line in lines]


def tap(path):
    """The sums of node --test count its cases only, not the suites and files around them."""
    with open(path, encoding="utf-8", errors="replace") as log:
        lines = log.read().splitlines()
    sums = {found[1]: int(found[2]) for found in map(SUM.match, lines) if found}
    if "pass" not in sums:
        sys.exit(f"no sums in {path}")
    failures = []
    for at, line in enumerate(lines):
        found = RESULT.match(line)
        if found and found[1] and "# TODO" not in line:
            block = [text.strip() for text in lines[at + 1:at + TAIL_LINES]]
            if not set(block[:12]) & {"failureType: 'subtestsFailed'", "failureType: 'cancelledByParent'"}:
                end = block.index("...") if "..." in block else len(block)
                failures += [found[2], *("    " + text for text in block[1:end])]
    n_failed = sums["fail"] + sums.get("cancelled", 0)
    return sums["pass"], n_failed, failures


def main():
    kind, path = sys.argv[1:]
    passed, failed, failures = {"meson": meson, "tap": tap}[kind](path)
    print(passed, failed)
    print("\n".join(failures))


main()
