# SPDX-License-Identifier: MIT
"""The arithmetic between measurements and published figures."""

import unittest

from . import policies
from .report import disturbance_note, number, policy_table, table
from .scenarios import REFERENCE
from .summary import Figure, Summary, figures


def call(system, path, number_of_round, cpu_us, cell=REFERENCE):
    return {
        "system": system,
        "path": path,
        "in_flight": cell[0],
        "bytes": cell[1],
        "round": number_of_round,
        "cpu_us": cpu_us,
        "per_second": 1e6 / cpu_us,
    }


class SummaryTest(unittest.TestCase):
    def test_ratios_are_taken_within_a_round(self):
        # The machine is twice as slow in round 1: the ratio of medians would be 4, not 2.
        rows = [call("nginx", "hop", n, cpu) for n, cpu in enumerate((10, 20, 10))]
        rows += [call("sidecar", "C", n, cpu) for n, cpu in enumerate((20, 40, 40))]
        ratio = Summary({"calls": rows}).cpu_ratio("sidecar", "C", REFERENCE, "nginx", "hop")
        self.assertEqual(ratio, 2)

    def test_differences_are_taken_within_a_round(self):
        rows = [call("sidecar", "plain", n, cpu) for n, cpu in enumerate((10, 20, 40))]
        rows += [call("sidecar", "cache", n, cpu) for n, cpu in enumerate((13, 22, 44, 99))]
        summary = Summary({"calls": rows})
        self.assertEqual(summary.cpu_over_us("sidecar", "cache", REFERENCE, "plain"), 3)
        self.assertIsNone(summary.cpu_over_us("sidecar", "cache", REFERENCE, "retry"))

    def test_other_cells_do_not_count(self):
        rows = [call("sidecar", "C", 0, 10), call("sidecar", "C", 0, 90, (1, 200))]
        self.assertEqual(Summary({"calls": rows}).value("sidecar", "C", REFERENCE, "cpu_us"), 10)

    def test_what_was_not_measured_is_none(self):
        summary = Summary({})
        self.assertIsNone(summary.cpu_ratio("sidecar", "C", REFERENCE, "nginx", "hop"))
        self.assertIsNone(summary.added_latency_ms("sidecar", "C", "p50_us"))
        self.assertTrue(all(f.verdict == "not measured" for f in figures(summary)))

    def test_a_busy_machine_is_told(self):
        quiet = [call("nginx", "hop", 0, 10) | {"disturbed": False}] * 9
        busy = quiet[:1] + [quiet[0] | {"disturbed": True}]
        self.assertEqual(disturbance_note(Summary({"calls": quiet})), "")
        self.assertIn("50%", disturbance_note(Summary({"calls": busy})))

    def test_added_latency_is_over_the_load_of_the_same_kind(self):
        rows = [
            {"system": "none", "path": "http", "p50_us": 50},
            {"system": "none", "path": "nats", "p50_us": 100},
            {"system": "sidecar", "path": "C", "p50_us": 130},
            {"system": "sidecar", "path": "A", "p50_us": 130},
        ]
        summary = Summary({"latency": rows})
        self.assertAlmostEqual(summary.added_latency_ms("sidecar", "C", "p50_us"), 0.08)
        self.assertAlmostEqual(summary.added_latency_ms("sidecar", "A", "p50_us"), 0.03)


class FigureTest(unittest.TestCase):
    def verdict(self, ours, more_is_better=False, must=2.0, goal=1.0):
        return Figure("x", "", must, goal, ours, None, more_is_better).verdict

    def test_less_is_better(self):
        self.assertEqual([self.verdict(v) for v in (1.0, 1.5, 2.1)], ["goal", "must", "MISSED"])

    def test_more_is_better(self):
        verdicts = [self.verdict(v, True, 10, 20) for v in (20, 15, 9)]
        self.assertEqual(verdicts, ["goal", "must", "MISSED"])


class PoliciesTest(unittest.TestCase):
    def test_parts_bring_their_paths_and_the_call_without_policy(self):
        self.assertEqual(policies.wanted({"breaker", "A"}), {"plain", "breaker", "breaker open"})

    def test_each_path_has_its_row(self):
        cases = [call("sidecar", case.path, 0, 10) for case in policies.CASES]
        marked = [row | {"p50_us": 1, "p99_us": 2, "cpu_busy": 1, "disturbed": False} for row in cases]
        lines = policy_table(Summary({"calls": marked})).splitlines()[2:]
        self.assertEqual(len(lines), len(policies.CASES))
        self.assertTrue(all(case.title in line for case, line in zip(policies.CASES, lines)))


class TextTest(unittest.TestCase):
    def test_numbers_keep_three_digits(self):
        texts = [number(v) for v in (None, 1.234, 56.78, 1234.5)]
        self.assertEqual(texts, ["–", "1.23", "56.8", "1,234"])

    def test_tables_line_up(self):
        lines = table(["a", "b"], [["long", "1"], ["x", "1,000"]]).splitlines()
        self.assertEqual(len({len(line) for line in lines}), 1)


if __name__ == "__main__":
    unittest.main()
