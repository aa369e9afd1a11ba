#!/usr/bin/env python3
"""The flags and exit codes of scgan_report on a made-up store: report_flags.py SCGAN_REPORT"""
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
DONE, DIFFERENT, BAD_INPUT = 0, 1, 2


class ReportFlags(unittest.TestCase):
    program = None

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.make_store("--seeds", "3")

    def make_store(self, *arguments):
        subprocess.run([sys.executable, ROOT / "tests/support/make_store.py", self.folder / "out", *arguments], check=True)

    def report(self, *arguments):
        return subprocess.run([self.program, self.folder / "out", *arguments], capture_output=True, text=True)

    def keep_json(self):
        file = self.folder / "old.json"
        file.write_text(self.report("--format", "json").stdout)
        return file

    def test_equal_numbers_end_with_0(self):
        ended = self.report("--check", self.keep_json())
        self.assertEqual(ended.returncode, DONE, ended)
        self.assertIn(" 0 changed, 0 missing, 0 new", ended.stdout)

    def test_new_runs_are_no_change(self):
        old = self.keep_json()
        self.make_store("--seeds", "4")
        ended = self.report("--check", old)
        self.assertEqual(ended.returncode, DONE, ended)
        self.assertIn(" 0 changed, 0 missing, 54 new", ended.stdout)  # 9 runs of 6 scores

    def test_lost_runs_end_with_1_and_are_named(self):
        old = self.keep_json()
        self.make_store("--seeds", "3", "--unfinished", "1")
        ended = self.report("--check", old)
        self.assertEqual(ended.returncode, DIFFERENT, ended)
        self.assertIn("missing: synthetic fid AtoB random_conv, scgan 100 %, run ", ended.stdout)

    def test_what_is_no_report_ends_with_2(self):
        file = self.folder / "old.json"
        for content in (None, "text", "{}"):
            if content is not None:
                file.write_text(content)
            ended = self.report("--check", file)
            self.assertEqual(ended.returncode, BAD_INPUT, ended)
            self.assertIn("old.json", ended.stderr)

    def test_the_report_says_what_verify_found(self):
        ended = self.report("--verify", "--format", "text")  # the store names files that do not exist
        self.assertEqual(ended.returncode, DIFFERENT, ended)
        self.assertIn("verified: 27 of 27 runs done", " ".join(ended.stdout.split()))

    def test_every_format_is_a_file(self):
        ended = self.report("--output", self.folder / "report")
        self.assertEqual(ended.returncode, DONE, ended)
        names = {pathlib.Path(line).name for line in ended.stdout.splitlines()}
        self.assertLessEqual({"report.txt", "report.md", "report.html", "report.tex", "report.json", "runs.csv",
                              "scores.csv", "summary.csv"}, names)


if __name__ == "__main__":
    ReportFlags.program = sys.argv[1]
    unittest.main(argv=sys.argv[:1])
