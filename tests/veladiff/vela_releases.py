#!/usr/bin/env python3
"""npuscope vela-diff between Vela 5.0.0 and 5.1.0: int16 REDUCE_SUM gives zeros on Ethos-U85 in the older one, and a
SCATTER with one index goes to row 0.

Environment: NPUSCOPE, the program; NPUSCOPE_VELA and NPUSCOPE_VELA_5_0_0, the two releases (scripts/install-oracles).
Exit 77 (skipped) where one of them is not there.
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

try:
    import jsonschema
except ImportError:
    print("jsonschema is not installed (Debian: python3-jsonschema)")
    sys.exit(77)

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts" / "recording"))
import sets

SCHEMA = json.loads((ROOT / "docs/vela-diff.schema.json").read_text())
VALIDATOR = jsonschema.validators.validator_for(SCHEMA)(SCHEMA)
CACHE = tempfile.TemporaryDirectory()
os.environ["NPUSCOPE_CACHE"] = CACHE.name
OLD = os.environ.get("NPUSCOPE_VELA_5_0_0", str(ROOT / "build/venv-5.0.0"))
NEW = os.environ.get("NPUSCOPE_VELA", str(ROOT / "build/venv"))
if not os.path.isdir(OLD) or not os.path.exists(NEW):
    print("Vela 5.0.0 or 5.1.0 is not installed (scripts/install-oracles)")
    sys.exit(77)
RULE = "REDUCE_SUM_48: REDUCE_SUM with ACC_FORMAT I48 and an IFM in NHWC gives zeros"
OPEN = "REDUCE_SUM_48_BRICK: "
ZEROS = {"mean.dim rank1", "mean.dim rank1_keepdim", "mean.dim dim_minus1"}


class Releases(unittest.TestCase):
    def graphs(self, name):
        """A folder with the graphs of that name of tests/data/graphs.zip."""
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        sets.extract(sets.DATA / "graphs.zip", folder.name)
        return f"{folder.name}/{name}"

    def diff(self, *arguments, code=0, velas=(OLD, NEW)):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "diff.json"
            result = subprocess.run([os.environ["NPUSCOPE"], "vela-diff", "--json", str(path), *arguments,
                                     *[word for vela in velas for word in ("--vela", vela)]], capture_output=True, text=True, timeout=300)
            self.assertEqual(result.returncode, code, result.stdout + result.stderr)
            document = json.loads(path.read_text())
        VALIDATOR.validate(document)
        self.assertEqual((document["a"]["version"], document["b"]["version"]), ("5.0.0", "5.1.0"))  # however given
        return document, result.stdout

    def test_reductions(self):
        document, text = self.diff("--op", "mean.dim", "--op", "var")
        self.assertEqual(document["summary"]["compared"], 30)
        self.assertEqual((document["a"]["right"], document["a"]["wrong"]), (27, 3))
        self.assertEqual((document["b"]["right"], document["b"]["wrong"]), (30, 0))
        for graph in document["graphs"]:
            is_u85 = graph["accelerator"] == "ethos-u85-128"
            zeros = is_u85 and graph["graph"] in ZEROS  # those whose REDUCE_SUM reads NHWC
            self.assertEqual(graph["a"]["status"], "wrong" if zeros else "right", graph["graph"])
            self.assertEqual(graph["a"]["all_zero"], zeros, graph["graph"])
            self.assertEqual((graph["a"]["chip_rule"] or "").startswith(RULE if zeros else OPEN), is_u85, graph["graph"])
            self.assertEqual(graph["changed"], graph["elements"] if zeros else 0, graph["graph"])
            self.assertIsNone(graph["b"]["chip_rule"])
            self.assertEqual([change[:2] for change in graph["changes"]], [[0, i] for i in range(graph["changed"])])
            self.assertTrue(all(a == 0 and b == right for _, _, a, b, right in graph["changes"]))
        self.assertIn(f"A on ethos-u85-128: chip rule {RULE} (3 graphs)\n", text)

    def test_the_newer_is_worse(self):
        """A ReLU of several rows behind a convolution: 5.1.0 is wrong in it, and 5.0.0 is not."""
        folder = pathlib.Path(self.graphs(""))
        for name, data in sets.read(sets.DATA / "defects.zip").items():
            if name == "fused_activation/ordinary.tosa":
                (folder / "fused.tosa").write_bytes(data)
        document, text = self.diff("--graphs", str(folder / "fused.tosa"), "--target", "u55", code=1, velas=(NEW, OLD))
        one = document["graphs"][0]
        self.assertEqual((one["a"]["status"], one["b"]["status"], one["b"]["worse"]), ("right", "wrong", True))
        self.assertEqual((document["b"]["worse"], one["sides"]), (1, [one["a"], one["b"]]))
        self.assertIn("B: Vela 5.1.0: 0 right, 1 wrong; worse than A in 1\n", text)

    def test_wrong_in_both(self):
        """What is as wrong as before is no reason to fail."""
        folder = pathlib.Path(self.graphs(""))
        for name, data in sets.read(sets.DATA / "defects.zip").items():
            if name == "reduce_min_reshape/ordinary.tosa":
                (folder / "amin.tosa").write_bytes(data)
        document, text = self.diff("--graphs", str(folder / "amin.tosa"))
        self.assertEqual([(graph["accelerator"], graph["a"]["status"], graph["b"]["status"]) for graph in document["graphs"]],
                         [("ethos-u55-128", "wrong", "wrong"), ("ethos-u85-128", "right", "right")])
        self.assertIn("A, B: known defect reduce_min_reshape", text)

    def test_softmax(self):
        document, text = self.diff("--graphs", self.graphs("softmax"))
        self.assertEqual(document["summary"]["compared"], 8)
        # Its sums read NHCWB16, for which two readings of the chip are open; the milder is taken.
        self.assertEqual((document["a"]["right"], document["b"]["right"]), (8, 8))
        self.assertEqual(document["summary"]["changed"], 0)
        open_graphs = {graph["accelerator"] for graph in document["graphs"] if (graph["a"]["chip_rule"] or "").startswith(OPEN)}
        self.assertEqual(open_graphs, {"ethos-u85-128"})

    def test_scatter(self):
        """Indices are drawn within the rows, also where each is a sum of multiples of three inputs."""
        document, text = self.diff("--graphs", self.graphs("scatter"), "--target", "u85", "--seed", "1")
        one, two = document["graphs"]
        self.assertEqual((one["graph"], one["a"]["status"], one["b"]["status"]), ("one_index.tosa", "wrong", "right"))
        # Four rows: the one that was written, and the two that were not, of all sets.
        self.assertEqual((one["elements"], one["changed"]), (20, 15))
        self.assertEqual((two["graph"], two["a"]["status"], two["b"]["status"]), ("two_indices.tosa", "right", "right"))
        self.assertEqual(two["changed"], 0)
        self.assertIn("chip rule DMA_INDEX_SIZE", text)


if __name__ == "__main__":
    unittest.main()
