"""The runner tells caught from survived and from patches that prove nothing, and cleans up. On a repository of its own,
whose product is a file and whose tests are `grep`."""

import pathlib
import shutil
import signal
import subprocess
import tempfile
import unittest

import patches

CMAKE = """cmake_minimum_required(VERSION 3.25)
project(toy LANGUAGES NONE)
enable_testing()
add_custom_target(toy COMMAND grep -q builds ${CMAKE_SOURCE_DIR}/product)
add_test(NAME toy.right COMMAND grep -q right ${CMAKE_SOURCE_DIR}/product)
add_test(NAME toy.blind COMMAND true)
add_test(NAME toy.failing COMMAND false)
add_test(NAME toy.refused COMMAND sh -c "grep right ${CMAKE_SOURCE_DIR}/product || { echo BPF programs cannot be loaded; false; }")
add_test(NAME toy.slow COMMAND sleep 60)
"""
PRESETS = """{"version": 6, "configurePresets": [
  {"name": "dev", "generator": "Ninja", "binaryDir": "${sourceDir}/build/dev"}]}"""
PRODUCT = "builds\nright\n"
IDENTITY = ["-c", "user.name=toy", "-c", "user.email=toy@example.org", "-c", "commit.gpgsign=false"]


class Run(unittest.TestCase):
    def setUp(self):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="podmirror-mutations-")).resolve()
        self.addCleanup(shutil.rmtree, self.root)
        self.folder = self.root / "tests/mutations"
        self.folder.mkdir(parents=True)
        for name in ("run", "patches.py"):
            shutil.copy(patches.FOLDER / name, self.folder)
        for name, text in (("CMakeLists.txt", CMAKE), ("CMakePresets.json", PRESETS), ("product", PRODUCT),
                           (".gitignore", "/build/\n")):
            (self.root / name).write_text(text)
        self.git("init", "--quiet")
        self.git("add", ".")
        self.git("commit", "--quiet", "-m", "toy")

    def git(self, *arguments):
        return subprocess.run(["git", *IDENTITY, *arguments], cwd=self.root, check=True, capture_output=True, text=True,
                              stdin=subprocess.DEVNULL).stdout

    def patch(self, name, old, new, test="^toy\\.right$", area="law"):
        """A patch that replaces a line of the product."""
        (self.folder / f"{name}.patch").write_text(
            f"Breaks: the product.\nArea: {area}\nBuild: toy\nTest: {test}\nSource: product\n"
            "\ndiff --git a/product b/product\n--- a/product\n+++ b/product\n"
            + (f"@@ -1,2 +1,2 @@\n-{old}\n+{new}\n right\n" if old == "builds" else f"@@ -2 +2 @@\n-{old}\n+{new}\n"))

    def start(self, *names):
        return subprocess.Popen([self.folder / "run", *names], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                text=True)

    def run_all(self, *names):
        process = self.start(*names)
        lines = process.communicate(timeout=120)[0].splitlines()
        self.assert_clean()
        return process.returncode, lines

    def assert_clean(self):
        self.assertFalse((self.root / "build/mutations/tree").exists())
        self.assertEqual(len(self.git("worktree", "list").splitlines()), 1)
        self.assertEqual((self.root / "product").read_text(), PRODUCT)

    def assert_broken(self, word):
        code, lines = self.run_all()
        self.assertEqual((code, lines[-1]), (1, "0 caught, 0 survived, 1 broken"))
        self.assertIn(word, "\n".join(lines))

    def test_caught_and_survived_are_counted(self):
        self.patch("01-noticed", "right", "wrong")
        self.patch("02-unnoticed", "right", "wrong", "^toy\\.blind$")
        code, lines = self.run_all()
        self.assertEqual((code, lines[-1]), (1, "1 caught, 1 survived"))
        self.assertTrue(lines[-3].startswith("caught    01-noticed"), lines)
        self.assertTrue(lines[-2].startswith("survived  02-unnoticed"), lines)

    def test_all_caught_ends_well(self):
        self.patch("01-noticed", "right", "wrong")
        self.patch("02-noticed-too", "right", "false")
        self.assertEqual(self.run_all()[1][-1], "2 caught, 0 survived")
        code, lines = self.run_all("02")
        self.assertEqual((code, lines[-1]), (0, "1 caught, 0 survived"))

    def test_every_test_that_is_found_must_fail(self):
        self.patch("01-half", "right", "wrong", "^toy\\.(right|blind)$")
        self.assertEqual(self.run_all()[1][-1], "0 caught, 1 survived")

    def test_changes_that_are_not_committed_count(self):
        self.patch("01-later", "good", "wrong", "^toy\\.right$")
        (self.root / "product").write_text("builds\ngood\n")
        cmake = (self.root / "CMakeLists.txt").read_text().replace("grep -q right", "grep -q good")
        (self.root / "CMakeLists.txt").write_text(cmake)
        process = self.start()
        self.assertEqual(process.communicate(timeout=120)[0].splitlines()[-1], "1 caught, 0 survived")

    def test_a_patch_that_does_not_apply_is_broken(self):
        self.patch("01-stale", "gone", "wrong")
        self.assert_broken("does not apply")

    def test_a_patch_that_does_not_build_is_broken(self):
        self.patch("01-typo", "builds", "no")
        self.assert_broken("does not build")

    def test_a_test_that_is_not_there_proves_nothing(self):
        self.patch("01-lost", "right", "wrong", "^toy\\.lost$")
        self.assert_broken("no test that passes without it")

    def test_a_test_that_fails_anyway_proves_nothing(self):
        self.patch("01-anyway", "right", "wrong", "^toy\\.failing$")
        self.assert_broken("toy.failing fails without any patch")

    def test_programs_that_the_kernel_refuses_prove_nothing(self):
        self.patch("01-verifier", "right", "wrong", "^toy\\.refused$")
        self.assert_broken("the kernel refuses")

    def test_a_patch_that_says_too_little_is_broken(self):
        self.patch("01-silent", "right", "wrong", area="none")
        self.assert_broken("Area")

    def test_nothing_caught_is_no_success(self):
        code, lines = self.run_all()
        self.assertEqual((code, lines[-1]), (1, "0 caught, 0 survived"))
        code, lines = self.run_all("07")
        self.assertEqual((code, lines[-1]), (1, "0 caught, 0 survived, 1 broken"))

    def test_interrupted_it_leaves_nothing(self):
        self.patch("01-slow", "right", "wrong", "^toy\\.slow$")
        process = self.start()
        self.assertTrue(process.stdout.readline().startswith("=="))
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
        self.assertEqual(process.returncode, 130)
        self.assert_clean()

    def test_what_a_killed_run_left_is_no_hindrance(self):
        self.patch("01-noticed", "right", "wrong")
        self.git("worktree", "add", "--detach", "build/mutations/tree")
        self.assertEqual(self.run_all()[0], 0)
        shutil.rmtree(self.root / "build")
        self.assertEqual(self.run_all()[0], 0)


if __name__ == "__main__":
    unittest.main()
