#!/usr/bin/env python3
"""suite --history and npuscope history: runs are kept, compared and pruned; two writers at once; an older schema is brought up to
date, a newer one and what is no database are refused.

Environment: NPUSCOPE, the program. Without Vela."""
import json
import os
import pathlib
import shutil
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
        self.assertEqual(self.history("prune", self.db, "--keep", 1), "2 runs removed; the last 1 stay (--keep N)\n")
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

    def test_what_a_stranger_declares_is_not_run(self):
        """A view in place of the runs that never ends, a trigger that adds rows, a computed column."""
        self.keep()
        endless = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT x"
        for number, statements in enumerate((
                ("ALTER TABLE runs RENAME TO kept", f"CREATE VIEW runs AS {endless} AS id, '' AS time, '' AS version, '' AS vela, '' AS catalogue, "
                                                    "1 AS seed, '' AS label, '' AS source FROM c"),
                (f"CREATE TRIGGER t BEFORE DELETE ON runs BEGIN SELECT count(*) FROM ({endless} FROM c); END",),
                ("ALTER TABLE items ADD COLUMN twice TEXT GENERATED ALWAYS AS (json || json)",))):
            other = self.folder / f"{number}.db"
            shutil.copy(self.db, other)
            with sqlite3.connect(other) as database:
                for statement in statements:
                    database.execute(statement)
            for command in (("list", other), ("compare", other), ("prune", other, "--keep", 1), ("merge", self.folder / "new.db", other)):
                self.assertIn("of something else", self.history(*command, code=2))

    def test_many_rows_of_one_name(self):
        """100,000, with --baseline and merge: a sort, not each against each."""
        row = {"op": "exp", "case": "rank1", "target": "u55", "verdict": "pass", "stages": []}
        large = self.folder / "large.json"
        large.write_text(json.dumps({"schema": "npuscope/suite/1", "version": "1", "seed": 0, "cases": [row] * 100_000}))
        done = npuscope("suite", *ROW, "--baseline", large)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("99999 gone, 0 new, 0 worse, 0 better, 1 same", done.stdout)
        self.assertIn("100000 rows and 100000 items, of 1 new run", self.history("merge", self.db, large))

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
