"""Every check finds what it is there for: each gets a small tree with one mistake, and the same tree without."""

import pathlib
import shutil
import tempfile
import unittest

import docs
import format as format_check
import layering
import mutations
import patches
import text
import tree


class Checks(unittest.TestCase):
    def setUp(self):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="podmirror-check-"))
        self.addCleanup(shutil.rmtree, self.root)
        shutil.copy(tree.ROOT / ".clang-format", self.root)
        for room in layering.ROOMS:
            self.write(f"{room}/room.h", "#pragma once\n")
        self.write("node-agent/bpf/room.h", f"/* {text.SPDX} */\n")
        for licence in text.LICENCES:
            self.write(licence, "licence\n")

    def write(self, name, content):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)

    def assert_finds(self, check, name, content, word):
        self.assertEqual(check.problems(self.root), [])
        self.write(name, content)
        found = check.problems(self.root)
        self.assertEqual(len(found), 1, found)
        self.assertIn(name, found[0])
        self.assertIn(word, found[0])

    def test_a_room_that_includes_a_forbidden_room_is_found(self):
        self.assert_finds(layering, "operator/compile/a.cc", '#include "node-agent/plan/plan.h"\n', "must not include")

    def test_a_room_that_includes_a_forbidden_library_is_found(self):
        self.assert_finds(layering, "node-agent/plan/a.cc", "#include <bpf/libbpf.h>\n", "must not include")

    def test_a_library_is_allowed_only_in_its_file(self):
        self.write("operator/decode/yaml.cc", "#include <yaml-cpp/yaml.h>\n")
        self.assert_finds(layering, "operator/decode/decode.cc", "#include <yaml-cpp/yaml.h>\n", "must not include")

    def test_a_clock_in_a_pure_room_is_found(self):
        self.assert_finds(layering, "operator/compile/a.cc", "auto t = system_clock::now();\n", "pure")

    def test_a_folder_that_is_no_room_is_found(self):
        self.assert_finds(layering, "operator/other/a.cc", "\n", "no room")

    def test_a_row_without_a_file_is_found(self):
        (self.root / "cli/room.h").unlink()
        self.assertEqual(len(layering.problems(self.root)), 1)

    def test_a_badly_formatted_file_is_found(self):
        self.assert_finds(format_check, "cli/a.cc", "int  main(){return 0;}\n", "make fmt")

    def test_a_tree_without_files_is_found(self):
        shutil.rmtree(self.root)
        self.root.mkdir()
        self.assertTrue(format_check.problems(self.root))
        self.assertTrue(layering.problems(self.root))
        self.assertTrue(text.problems(self.root))

    def test_a_file_that_is_too_long_is_found(self):
        self.assert_finds(text, "cli/a.cc", "\n" * (text.MAX_LINES + 1), "lines")

    def test_work_left_undone_is_found(self):
        self.assert_finds(text, "cli/a.cc", "// TO" "DO: later\n", "undone")

    def test_a_path_of_one_machine_is_found(self):
        self.assert_finds(text, "README.md", "see /ho" "me/me/x\n", "machine")

    def test_kernel_code_without_its_licence_line_is_found(self):
        self.assert_finds(text, "node-agent/bpf/a.h", "#pragma once\n", "SPDX")

    def test_a_missing_licence_is_found(self):
        (self.root / "LICENSE").unlink()
        self.assertEqual(text.problems(self.root), ["LICENSE: missing"])


class Documents(unittest.TestCase):
    """docs.py on a small tree that is right, with one mistake each."""

    def setUp(self):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="podmirror-check-"))
        self.addCleanup(shutil.rmtree, self.root)
        self.rows = [f"| {room} | `{room}` | `tests/unit/a` |" for room in layering.ROOMS]
        for room in layering.ROOMS:
            self.write(f"{room}/room.h", "#pragma once\n")
        self.write("Makefile", "test: ## every suite\n")
        self.write("README.md", "Needed before: root, git and make.\n[more](ARCHITECTURE.md), `make test`\n")
        self.write("tests/unit/a/a_test.cc", "TEST(Suite, Holds) {}\n")
        self.write("tests/unit/a/CMakeLists.txt", "podmirror_test(a LABEL unit SOURCES a_test.cc)\n")
        self.write("docs/aws.md", "- a difference: `Suite.Holds`\n")
        self.write_table()

    def write(self, name, content):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)

    def write_table(self, *more):
        self.write("ARCHITECTURE.md", "\n".join([docs.TABLE_HEAD, "|---|---|---|", *self.rows, *more]) + "\n")

    def assert_one_mistake(self, word):
        found = docs.problems(self.root)
        self.assertEqual(len(found), 1, found)
        self.assertIn(word, found[0])

    def test_true_documents_are_accepted(self):
        self.assertEqual(docs.problems(self.root), [])

    def test_a_link_that_leads_nowhere_is_found(self):
        self.write("CONTRIBUTING.md", "[there](docs/nothing.md)\n")
        self.assert_one_mistake("leads nowhere")

    def test_a_path_that_does_not_exist_is_found(self):
        self.write("CONTRIBUTING.md", "see `operator/nothing`\n")
        self.assert_one_mistake("operator/nothing")

    def test_a_make_target_that_does_not_exist_is_found(self):
        self.write("CONTRIBUTING.md", "run `make tset`\n")
        self.assert_one_mistake("make tset")

    def test_a_test_that_does_not_exist_is_found(self):
        self.write("docs/aws.md", "- a difference: `Suite.Holds`, `Suite.HoldsNot`\n")
        self.assert_one_mistake("HoldsNot")

    def test_a_difference_without_a_test_is_found(self):
        self.write("docs/aws.md", "- a difference: `Suite.Holds`\n- another\n")
        self.assert_one_mistake("another")

    def test_a_room_without_a_row_is_found(self):
        del self.rows[0]
        self.write_table()
        self.assert_one_mistake("no row names the room")

    def test_a_row_without_a_test_is_found(self):
        self.write("tests/unit/b/CMakeLists.txt", "\n")
        self.write_table("| more | `cli` | `tests/unit/b` |")
        self.assert_one_mistake("holds no test")

    def test_tests_without_a_row_are_found(self):
        self.write("tests/unit/b/CMakeLists.txt", "podmirror_test(b LABEL unit SOURCES b_test.cc)\n")
        self.assert_one_mistake("tests/unit/b")

    def test_a_missing_table_is_found(self):
        self.write("ARCHITECTURE.md", "nothing\n")
        self.assertIn(docs.TABLE_HEAD, docs.problems(self.root)[0])

    def test_a_readme_that_does_not_begin_with_what_is_needed_is_found(self):
        self.write("README.md", "# Podmirror\n")
        self.assert_one_mistake("first line")


class Mutations(unittest.TestCase):
    """mutations.py on a product of one line with a patch for every area, with one mistake each."""

    def setUp(self):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="podmirror-check-"))
        self.addCleanup(shutil.rmtree, self.root)
        self.write("product", "right\n")
        self.write("tests/a_test.cc", "TEST(Suite, Holds) {}\n")
        for number, area in enumerate(patches.AREAS):
            self.patch(f"{number:02}-mistake", area=area)

    def write(self, name, content):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)

    def patch(self, name, area="law", test="Holds", source="tests/a_test.cc", old="right"):
        self.write(f"tests/mutations/{name}.patch",
                   f"Breaks: it.\nArea: {area}\nBuild: -\nTest: ^a\\.Suite\\.{test}$\nSource: {source}\n"
                   f"diff --git a/product b/product\n--- a/product\n+++ b/product\n@@ -1 +1 @@\n-{old}\n+wrong\n")

    def assert_one_mistake(self, word):
        found = mutations.problems(self.root)
        self.assertEqual(len(found), 1, found)
        self.assertIn(word, found[0])

    def test_patches_that_apply_and_name_tests_are_accepted(self):
        self.assertEqual(mutations.problems(self.root), [])

    def test_a_patch_that_no_longer_applies_is_found(self):
        self.patch("50-stale", old="gone")
        self.assert_one_mistake("50-stale.patch: does not apply")

    def test_a_test_that_is_not_there_is_found(self):
        self.patch("50-lost", test="Stands")
        self.assert_one_mistake("Stands stands in none of")

    def test_a_source_that_is_not_there_is_found(self):
        self.patch("50-lost", source="tests/b_test.cc")
        self.assert_one_mistake("tests/b_test.cc is not there")

    def test_a_field_that_is_missing_or_unknown_is_found(self):
        path = self.root / "tests/mutations/03-mistake.patch"
        path.write_text(path.read_text().replace("Build: -\n", ""))
        self.assertIn("needs one line `Build:`", mutations.problems(self.root)[0])
        path.write_text("Speed: slow\n" + path.read_text())
        self.assertIn("Speed: slow", mutations.problems(self.root)[0])

    def test_an_area_without_a_patch_is_found(self):
        (self.root / "tests/mutations/07-mistake.patch").unlink()
        self.assert_one_mistake("no patch for law")

    def test_a_number_that_is_given_twice_is_found(self):
        self.patch("03-another")
        self.assert_one_mistake("another one has its number")

    def test_a_name_without_a_number_is_found(self):
        self.patch("mistake")
        self.assert_one_mistake("is not called NN-name.patch")


if __name__ == "__main__":
    unittest.main()
