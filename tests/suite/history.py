#!/usr/bin/env python3
"""suite --history and npuscope history: runs are kept, compared and pruned; two writers at once; an older schema is brought up to
date, a newer one and what is no database are refused.

Environment: NPUSCOPE, the program. Without Vela."""
import os
import pathlib
import sqlite3
import subprocess
import tempfile
import unittest

ROW = ("--op", "exp", "--case", "rank1", "--target", "u55", "--stages", "eval")


def npuscope(*arguments):
    return subprocess.run([os.environ["NPUSCOPE"], *map(str, arguments)], capture_output=True, text=True, timeout=120)


class History(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.db = self.folder / "runs.db"

    def keep(self, *arguments):
        done = npuscope("suite", *ROW, *arguments, "--history", self.db)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def history(self, *arguments, code=0):
        done = npuscope("history", *arguments)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout if code < 2 else done.stderr

    def test_list_compare_prune(self):
        self.assertIn(f"run 1 of {self.db}", self.keep("--label", "first"))
        self.keep("--epsilon", "0.001")
        self.keep()
        listed = self.history("list", self.db).splitlines()
        self.assertEqual(len(listed), 3)
        self.assertTrue(listed[0].endswith("seed 0: 1 passed  first"))
        # A coarser scale is worse; back again is better; the first and the last are the same.
        self.assertIn("worse exp rank1 on u55; SQNR", self.history("compare", self.db, 1, 2, code=1))
        self.assertIn("better exp rank1 on u55; SQNR", self.history("compare", self.db))
        self.assertIn("run 3 against run 1: 0 gone, 0 new, 0 worse, 0 better, 1 same", self.history("compare", self.db, 1))
        self.assertEqual(self.history("prune", self.db, "--keep", 1), "2 runs removed\n")
        self.assertEqual(len(self.history("list", self.db).splitlines()), 1)
        with sqlite3.connect(self.db) as database:
            self.assertEqual(database.execute("SELECT DISTINCT run FROM rows").fetchall(), [(3,)])
        self.keep()
        self.assertTrue(self.history("list", self.db).splitlines()[-1].strip().startswith("4 "))  # numbers are not used again

    def test_two_writers(self):
        command = [os.environ["NPUSCOPE"], "suite", *ROW, "--history", str(self.db)]
        writers = [subprocess.Popen(command, stdout=subprocess.DEVNULL) for _ in range(8)]
        self.assertEqual([writer.wait(timeout=120) for writer in writers], [0] * 8)
        self.assertEqual(len(self.history("list", self.db).splitlines()), 8)

    def test_an_older_schema(self):
        self.keep()
        with sqlite3.connect(self.db) as database:  # as version 1 had it: no labels, no items
            database.execute("ALTER TABLE runs DROP COLUMN label")
            database.execute("ALTER TABLE runs DROP COLUMN source")
            database.execute("DROP TABLE items")
            database.execute("PRAGMA user_version = 1")
        self.keep("--label", "new")
        listed = self.history("list", self.db).splitlines()
        self.assertTrue(listed[0].endswith("1 passed") and listed[1].endswith("1 passed  new"))

    def test_what_is_refused(self):
        self.keep()
        with sqlite3.connect(self.db) as database:
            database.execute("PRAGMA user_version = 99")
        self.assertIn("use a newer one", self.history("list", self.db, code=2))
        other = self.folder / "other.db"
        with sqlite3.connect(other) as database:
            database.execute("CREATE TABLE x (y)")
        self.assertIn("of something else", self.history("list", other, code=2))
        text = self.folder / "text.db"
        text.write_text("no database at all, and longer than a header of SQLite's " * 10)
        self.assertIn("not a database", self.history("list", text, code=2))
        self.assertIn("unable to open", self.history("list", self.folder / "none.db", code=2))
        self.assertIn("is none of list, compare, merge and prune", self.history("show", other, code=2))
        done = npuscope("suite", *ROW, "--history", self.folder / "no" / "such.db")
        self.assertEqual((done.returncode, done.stdout), (2, ""))  # said before the work
        fresh = self.folder / "fresh.db"
        npuscope("suite", *ROW, "--history", fresh)
        self.assertIn("not two runs", self.history("compare", fresh, code=2))
        self.assertIn("has no run 7", self.history("compare", fresh, 7, 1, code=2))


if __name__ == "__main__":
    unittest.main()
