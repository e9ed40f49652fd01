#!/usr/bin/env python3
"""npuscope vela-diff with two sets of options of one Vela, and its usage errors.

Environment: NPUSCOPE, the program. Exit 77 (skipped) where Vela is not installed.
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

import numpy

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts"))
from recording import sets  # noqa: E402

NPUSCOPE = os.environ["NPUSCOPE"]
DATA = pathlib.Path(os.environ["NPUSCOPE_TEST_DATA"])
CACHE = tempfile.TemporaryDirectory()
os.environ["NPUSCOPE_CACHE"] = CACHE.name


def run(*arguments):
    return subprocess.run([NPUSCOPE, *arguments], capture_output=True, text=True, timeout=300)


if run("suite", "--op", "exp", "--case", "rank1", "--target", "u55", "--stages", "npu").returncode == 3:
    print("Vela is not installed (scripts/install-vela)")
    sys.exit(77)


class VelaDiff(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.json = pathlib.Path(self.folder.name) / "diff.json"

    def diff(self, *arguments, code=0):
        result = run("vela-diff", "--json", str(self.json), "--flags-b", "--optimise Size", *arguments)
        self.assertEqual(result.returncode, code, result.stdout + result.stderr)
        return json.loads(self.json.read_text()), result

    def test_catalogue(self):
        document, result = self.diff("--op", "bmm", "--op", "gelu")
        self.assertEqual(document["schema"], "npuscope/vela-diff/1")
        self.assertEqual(document["a"]["flags"], "")
        self.assertEqual(document["b"]["flags"], "--optimise Size")
        # bmm on U55 is kept off.
        self.assertEqual(document["summary"]["kept_off"], 5)
        self.assertEqual(document["summary"]["compared"], 11)
        for side in "ab":
            self.assertEqual((document[side]["right"], document[side]["wrong"]), (11, 0))
        self.assertEqual(len(document["graphs"]), 11)
        self.assertTrue(all(graph["compared"] and graph["elements"] > 0 for graph in document["graphs"]))
        self.assertIn("11 comparisons of 8 graphs, ", result.stdout)

    def test_folder(self):
        for op, case in ("exp", "rank2"), ("bmm", "rectangular"):
            path = pathlib.Path(self.folder.name) / f"{op}.tosa"
            self.assertEqual(run("lower", op, case, "--target", "u85", "-o", str(path)).returncode, 0)
        document, _ = self.diff("--graphs", self.folder.name)
        graphs = {(graph["graph"], graph["accelerator"]): graph for graph in document["graphs"]}
        self.assertEqual(len(graphs), 4)
        # Vela refuses int16 MATMUL for U55.
        self.assertEqual(graphs["bmm.tosa", "ethos-u55-128"]["a"]["status"], "refused")
        self.assertIn("MatMul", graphs["bmm.tosa", "ethos-u55-128"]["a"]["reason"])
        self.assertEqual(graphs["exp.tosa", "ethos-u55-128"]["b"]["status"], "right")
        self.assertEqual(graphs["bmm.tosa", "ethos-u85-128"]["b"]["status"], "right")

    def test_sign(self):
        """Two tables in one chain: the second overwrites the first, which the stream shows without a reference."""
        path = pathlib.Path(self.folder.name) / "two_tables.tosa"
        path.write_bytes(sets.read(DATA / "defects.zip")["two_tables/ordinary.tosa"])
        document, result = self.diff("--graphs", str(path), "--target", "u85", "--flags-b=--disable-chaining")
        graph = document["graphs"][0]
        self.assertEqual([graph[side]["status"] for side in "ab"], ["wrong", "right"])
        self.assertTrue(graph["a"]["sign"].startswith("LOST_LOAD: "))
        self.assertIsNone(graph["b"]["sign"])
        self.assertIn("A on ethos-u85-128: sign LOST_LOAD: a table or weights are overwritten before any operation reads them (1 graph)\n",
                      result.stdout)

    def test_own_data(self):
        """Samples behind a leading axis are a set of inputs each."""
        path = pathlib.Path(self.folder.name) / "exp.tosa"
        self.assertEqual(run("lower", "exp", "rank2", "--target", "u85", "-o", str(path)).returncode, 0)
        numpy.save(path.with_suffix(".npy"), numpy.arange(128, dtype=numpy.int16).reshape(2, 8, 8))
        inputs = ("--graphs", str(path), "-i", str(path.with_suffix(".npy")), "--target", "u85")
        document, _ = self.diff(*inputs)
        self.assertEqual([(graph["input_sets"], graph["elements"], graph["a"]["status"]) for graph in document["graphs"]],
                         [(2, 64, "right")])
        numpy.save(path.with_suffix(".npy"), numpy.zeros((3, 3), numpy.int16))
        result = run("vela-diff", "--flags-b", "--optimise Size", *inputs)
        self.assertEqual(result.returncode, 2)
        self.assertIn("exp.npy", result.stderr)

    def test_options_that_vela_does_not_take(self):
        for flags, words in ("--no-such", "unrecognized arguments: --no-such"), ("--optimise Sized", "Sized"):
            result = run("vela-diff", "--flags-b", flags, "--op", "exp", "--case", "rank1")
            self.assertEqual(result.returncode, 2)
            self.assertIn("no graph ran with both", result.stderr)
            self.assertRegex(result.stdout, f"(?m)^  B: .{{8,}}{words}")
            self.assertEqual(" ".join(result.stdout.split()).count("(2 graphs, first exp rank1 "), 1, "each reason once")

    def test_refused_graph_shows_no_known_defect(self):
        # Ethos-U55 has no SELECT: Vela refuses this graph of row select_viewed, whose pattern select_broadcast has too.
        path = pathlib.Path(self.folder.name) / "select.tosa"
        path.write_bytes(sets.read(pathlib.Path(os.environ["NPUSCOPE_TEST_DATA"]) / "defects.zip")["select_viewed/minimal.tosa"])
        result = run("vela-diff", "--flags-b", "--optimise Size", "--graphs", str(path), "--target", "u55")
        self.assertIn("0 right, 0 wrong, 1 refused", result.stdout)
        self.assertNotIn("known defect", result.stdout)

    def test_usage(self):
        for arguments, message in (
            ([], "A and B are the same"),
            (["--flags-a", "x", "--flags-b", "x"], "A and B are the same: Vela"),
            (["--vela", "a", "--vela", "b", "--vela", "c", "--flags-b", "x"], "are for two releases or one"),
            (["--vela", "a"] * 17, "at most 16 are compared"),
            (["--flags-b", "x", "-i", "in0.npy"], "--input is for the file of --graphs"),
            (["--flags-b", "x", "--graphs", self.folder.name], "no .tosa file in it"),
            (["--flags-b", "x", "--graphs", "/nowhere"], "/nowhere"),
            (["--flags-b", "x", "--op", "bmm", "--target", "u55"], "keeps all 5 off"),
        ):
            result = run("vela-diff", *arguments)
            self.assertEqual(result.returncode, 2, arguments)
            self.assertIn(message, result.stderr)


if __name__ == "__main__":
    unittest.main()
