"""Runs a file of unittest cases inside one sandbox, so that they share one API server, and tells CTest of each of them.

A test file ends in suite.main(). Then it can be called so:
    x_test.py [pattern ...]           runs what matches (everything without one); for people
    x_test.py --list                  the tests' names, one a line
    x_test.py --run FILE              runs everything and writes a line of JSON for each test: CTest's fixture
    x_test.py --result FILE NAME      says what that line says: one CTest test

What setUpModule() starts in the sandbox needs no tearDown: the sandbox ends it (tests/support/sandbox.py).
"""

import fnmatch
import io
import json
import pathlib
import sys
import time
import traceback
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import sandbox


def _tests(suite):
    for one in suite:
        if isinstance(one, unittest.TestSuite):
            yield from _tests(one)
        else:
            yield one


def _name(test):
    return test.id().split(".", 1)[1]  # without the module


def _load():
    found = unittest.defaultTestLoader.loadTestsFromModule(sys.modules["__main__"])
    return list({_name(test): test for test in _tests(found)}.values())  # a class may have two names


class _Result(unittest.TestResult):
    """Each test's verdict as soon as it is known, so that it is there whatever happens later."""

    def __init__(self, told):
        super().__init__()
        self._told, self._faults = told, []

    def startTest(self, test):
        super().startTest(test)
        self._faults, self._start = [], time.monotonic()

    def _fault(self, test, error):
        self._faults.append("".join(traceback.format_exception(*error, limit=-6)))

    def addError(self, test, error):
        super().addError(test, error)
        if isinstance(test, unittest.TestCase):
            self._fault(test, error)
        else:  # setUpModule or setUpClass: nothing can run
            self._told(str(test), False, "".join(traceback.format_exception(*error)), 0)

    def addFailure(self, test, error):
        super().addFailure(test, error)
        self._fault(test, error)

    def addSubTest(self, test, subtest, error):
        super().addSubTest(test, subtest, error)
        if error is not None:
            self._faults.append(f"{subtest._subDescription()}\n" + "".join(traceback.format_exception(*error, limit=-6)))

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self._faults.append(f"skipped: {reason}")  # this suite has what it needs, or it fails

    def stopTest(self, test):
        super().stopTest(test)
        self._told(_name(test), not self._faults, "\n".join(self._faults), time.monotonic() - self._start)


def _run(patterns, told):
    tests = [t for t in _load() if not patterns or any(fnmatch.fnmatch(_name(t), f"*{p}*") for p in patterns)]
    if not tests:
        print("no test matches")
        return 2
    result = _Result(told)
    unittest.TestSuite(tests).run(result)
    return 0 if result.wasSuccessful() and not result.skipped else 1


def _run_for_people(patterns):
    def told(name, good, text, seconds):
        print(f"{'ok  ' if good else 'FAIL'} {name} ({seconds:.1f} s)" + ("" if good else "\n" + text), flush=True)
    return sandbox.run(lambda: _run(patterns, told))


def _run_for_ctest(path):
    """Succeeds where everything could be run, whatever the verdicts: those are other tests' business."""
    pathlib.Path(path).unlink(missing_ok=True)

    def inside():
        with open(path, "w", buffering=1) as out, io.StringIO() as broken:
            def told(name, good, text, seconds):
                out.write(json.dumps({"name": name, "good": good, "text": text, "seconds": seconds}) + "\n")
                print(f"{name}: {'ok' if good else 'failed'}, {seconds:.1f} s", flush=True)
                if name.startswith("setUp"):
                    broken.write(text)
            _run([], told)
            if broken.getvalue():
                print(broken.getvalue())
            return 1 if broken.getvalue() else 0
    return sandbox.run(inside)


def _tell(path, name):
    try:
        lines = pathlib.Path(path).read_text().splitlines()
    except OSError:
        lines = []
    for line in lines:
        verdict = json.loads(line)
        if verdict["name"] == name:
            print(f"{verdict['text']}({verdict['seconds']:.1f} s)")
            return 0 if verdict["good"] else 1
    print(f"{name} was not run: see the output of the fixture")
    return 1


def main():
    arguments = sys.argv[1:]
    if arguments[:1] == ["--list"]:
        print("\n".join(_name(test) for test in _load()))
    elif arguments[:1] == ["--run"]:
        sys.exit(_run_for_ctest(arguments[1]))
    elif arguments[:1] == ["--result"]:
        sys.exit(_tell(*arguments[1:]))
    else:
        sys.exit(_run_for_people(arguments))
