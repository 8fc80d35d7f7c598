# SPDX-License-Identifier: MIT
"""What actions may say about their calls, and the cases in which its cost is measured."""

from dataclasses import dataclass

RULES = {
    "$$strict": True,
    "size": {"type": "number", "integer": True, "positive": True},
    "items": {
        "type": "array",
        "min": 1,
        "items": {
            "type": "object",
            "strict": True,
            "props": {
                "id": {"type": "number", "integer": True, "positive": True},
                "name": {"type": "string", "min": 3, "max": 64, "pattern": "^item \\d+$"},
                "price": {"type": "number", "min": 0, "max": 1000},
                "tags": {"type": "array", "items": {"type": "enum", "values": ["new", "small", "used"]}},
                "stock": "boolean",
            },
        },
    },
    "pad": "string|max:200",
}
"""Ten rules that the payloads of the load tools pass (bench_payload.c)."""

QUICK_RETRY = {"enabled": True, "delay": 1, "factor": 1}
STUBBORN_BREAKER = {"enabled": True, "minRequestCount": 1, "halfOpenTime": 3_600_000}


@dataclass(frozen=True)
class Case:
    path: str
    """Its name in the results."""
    part: str
    """Of --only; empty: always measured, for comparison."""
    title: str
    action: str
    definition: object
    answer: tuple = ("--echo",)
    """What bench_http expects."""
    reaches_app: bool = True


CASES = (
    Case("plain", "", "no policy", "echo", "/echo"),
    Case(
        "validation", "validation", "10 rules, passed", "checked", {"handler": "/echo", "params": RULES}
    ),
    Case(
        "cache",
        "cache",
        "cache hit",
        "cached",
        {"handler": "/echo", "cache": {"keys": ["size"]}},
        reaches_app=False,
    ),
    Case(
        "breaker",
        "breaker",
        "breaker, closed",
        "guarded",
        {"handler": "/echo", "circuitBreaker": {"enabled": True}},
    ),
    Case(
        "breaker open",
        "breaker",
        "breaker, open: 404",
        "broken",
        {"handler": "/fail", "circuitBreaker": STUBBORN_BREAKER},
        answer=("--status", 404),
        reaches_app=False,
    ),
    Case(
        "retry",
        "retry",
        "retry, no failure",
        "steady",
        {"handler": "/echo", "retryPolicy": QUICK_RETRY},
    ),
    Case(
        "retry once",
        "retry",
        "retry, 1 of 2 fails",
        "flaky",
        {"handler": "/flaky", "retryPolicy": QUICK_RETRY},
        answer=("--echo", "--slots"),
    ),
)

PARTS = tuple(dict.fromkeys(case.part for case in CASES if case.part))


def find(path):
    return next((case for case in CASES if case.path == path), None)


def wanted(parts):
    """The paths to measure for these parts of --only."""
    return {case.path for case in CASES if not case.part or case.part in parts}
