"""The closing line counts what really ran: results as CTest writes them, and whole runs with the builds left out."""

import contextlib
import io
import pathlib
import tempfile
import unittest
from unittest import mock

import suites

PASSED = '<testcase name="a" status="run"/>'
FAILED = '<testcase name="b" status="fail"><failure message=""/><system-out>why</system-out></testcase>'
SKIPPED = '<testcase name="c" status="notrun"><skipped message="SKIP_RETURN_CODE=77"/></testcase>'
NOT_STARTED = '<testcase name="d" status="notrun"><skipped message="Unable to find executable"/></testcase>'


class Junit(unittest.TestCase):
    def read(self, *cases):
        with tempfile.NamedTemporaryFile("w", suffix=".xml") as file:
            file.write(f"<testsuite>{''.join(cases)}</testsuite>")
            file.flush()
            return suites.read_junit(file.name)

    def test_each_result_is_counted_as_what_it_is(self):
        tally, failures = self.read(PASSED, PASSED, FAILED, SKIPPED)
        self.assertEqual(str(tally), "2 passed, 1 failed, 1 skipped")
        self.assertEqual(failures, [("b", "why")])

    def test_what_could_not_be_started_failed(self):
        tally, failures = self.read(PASSED, NOT_STARTED)
        self.assertEqual(str(tally), "1 passed, 1 failed")
        self.assertEqual(failures, [("d", "Unable to find executable")])


class Run(unittest.TestCase):
    """suites.main() in a tree of its own, where `ctest` writes what a test wants."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="podmirror-suites-")
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        for preset in ("dev", *suites.SANITIZED):
            (self.root / "build" / preset).mkdir(parents=True)
        self.cases = {label: [PASSED] for label in suites.JOBS}
        self.code, self.builds, self.kubernetes = 0, True, True
        for name, value in (("ROOT", self.root), ("run", self.ctest), ("build", lambda *_: self.builds),
                            ("build_kubernetes", lambda: self.kubernetes)):
            patch = mock.patch.object(suites, name, value)
            patch.start()
            self.addCleanup(patch.stop)

    def ctest(self, command, log, timeout=None):
        label = command[command.index("-L") + 1].strip("^$")
        pathlib.Path(log).write_text("")
        if self.cases[label] is not None:
            cases = "".join(self.cases[label])
            pathlib.Path(command[command.index("--output-junit") + 1]).write_text(f"<testsuite>{cases}</testsuite>")
        return self.code

    def closing_line(self, *labels):
        """Exit code and last line."""
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            code = suites.main(list(labels))
        return code, out.getvalue().splitlines()[-1]

    def test_all_suites_and_the_sanitized_ones_once_more_are_summed_up(self):
        total = len(suites.JOBS) + sum(map(len, suites.SANITIZED.values()))
        self.assertEqual(self.closing_line(), (0, f"{total} passed, 0 failed"))

    def test_one_failure_in_one_suite_ends_with_one(self):
        self.cases["golden"] = [PASSED, FAILED]
        self.assertEqual(self.closing_line("unit", "golden"), (1, "2 passed, 1 failed"))

    def test_a_suite_of_which_no_test_ran_failed(self):
        self.cases["unit"] = []
        self.assertEqual(self.closing_line("unit", "golden"), (1, "1 passed, 1 failed"))

    def test_a_suite_without_results_failed(self):
        self.cases["unit"] = None
        self.assertEqual(self.closing_line("unit"), (1, "0 passed, 1 failed"))

    def test_a_ctest_that_ends_badly_without_a_failure_failed(self):
        self.code = 8
        self.assertEqual(self.closing_line("unit"), (1, "1 passed, 1 failed"))

    def test_a_build_that_fails_is_a_failure(self):
        self.builds = False
        self.assertEqual(self.closing_line("unit"), (1, "0 passed, 1 failed"))

    def test_an_api_server_that_cannot_be_built_is_a_failure_of_the_suite_that_needs_it(self):
        self.kubernetes = False
        self.assertEqual(self.closing_line("controlplane"), (1, "1 passed, 1 failed"))
        self.assertEqual(self.closing_line("unit"), (0, "1 passed, 0 failed"))

    def test_an_unknown_suite_is_refused_with_those_that_there_are(self):
        code, line = self.closing_line("unti")
        self.assertEqual(code, 2)
        self.assertIn("unti", line)
        self.assertIn("unit", line)


if __name__ == "__main__":
    unittest.main()
