#!/usr/bin/env python3
"""Names are data: whatever the tensors of a file are called, no file appears outside the folder that is named, no control character
reaches a terminal, JSON and JUnit are whole and have the name with its bytes escaped.

The names are written into a recorded graph, a stream's model and a case's folder. Environment: NPUSCOPE, the program.
"""
import json
import os
import pathlib
import struct
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts" / "recording"))
import sets

NPUSCOPE = os.environ["NPUSCOPE"]
CASE = "test_exp_a16w8_u55_INT[rank1_rand]"
CAPTURED = {name.partition("/")[2]: data for name, data in sets.read(sets.DATA / "captured.zip").items() if name.startswith(CASE + "/")}

# What a file may call a tensor, and how that is shown.
NAMES = {
    b"../../../escaped": "../../../escaped",
    b"/tmp/npuscope-escaped": "/tmp/npuscope-escaped",
    b"..": "..",
    b".": ".",
    b"a\\b:c*?\"<>|": "a\\b:c*?\"<>|",
    b"CON": "CON",
    b"\x1b[2J\x1b]0;title\x07": "\\x1b[2J\\x1b]0;title\\x07",
    b"line\nfeed\r\ttab": None,
    b"not \xff UTF-8 \xc3\x28": "not \\xff UTF-8 \\xc3(",
    "\u202eright to left".encode(): None,
    b"%s%n%x": "%s%n%x",
    b"<script>&amp;]]>": "<script>&amp;]]>",
    b"x" * 5000: "x" * 5000,
}


def rename(data, old, new):
    """Of a FlatBuffer: every reference to the string `old` leads to `new`, which is appended."""
    places = [at for at in range(0, len(data) - len(old) - 4) if data[at : at + 4 + len(old) + 1] == struct.pack("<I", len(old)) + old + b"\0"]
    assert places, old
    changed = bytearray(data + bytes(-len(data) % 4))
    end = len(changed)
    for at in range(0, len(data) - 4, 4):
        if at + struct.unpack_from("<I", data, at)[0] in places:
            struct.pack_into("<I", changed, at, end - at)
    return bytes(changed + struct.pack("<I", len(new)) + new + bytes(4))


def files_below(folder):
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


class Names(unittest.TestCase):
    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory()
        self.top = pathlib.Path(self.temporary.name)
        self.work = self.top / "a" / "b" / "c" / "work"
        self.work.mkdir(parents=True)
        self.addCleanup(self.temporary.cleanup)

    def run_command(self, *arguments, codes=(0,)):
        """Standard output; both streams have nothing that a terminal obeys."""
        result = subprocess.run([NPUSCOPE, *arguments], cwd=self.work, capture_output=True, timeout=60)
        self.assertIn(result.returncode, codes, result.stderr)
        for stream in result.stdout, result.stderr:
            text = stream.decode()  # UTF-8, whatever the file has
            self.assertFalse([c for c in text if (c < " " and c not in "\n\t") or "\x7f" <= c <= "\x9f" or c in "\u202e\u2028"], text)
        return result.stdout.decode()

    def check_nothing_outside(self, before):
        made = {name for name in files_below(self.top) - before if not name.startswith("a/b/c/work/")}
        self.assertEqual(made, set())
        self.assertFalse(pathlib.Path("/tmp/npuscope-escaped").exists())

    def write_graph(self, name):
        graph = CAPTURED["delegate0.tosa"]
        listing = json.loads(self.inspect(graph))
        for i, old in enumerate(sorted({tensor["name"] for tensor in listing["regions"][0]["blocks"][0]["tensors"]})):
            graph = rename(graph, old.encode(), name + b"#%d" % i if i else name)
        (self.work / "g.tosa").write_bytes(graph)
        (self.work / "in0.npy").write_bytes(CAPTURED["delegate0_in0.npy"])

    def inspect(self, graph):
        (self.work / "plain.tosa").write_bytes(graph)
        return self.run_command("inspect", "plain.tosa", "--json")

    def test_graphs(self):
        for name, shown in NAMES.items():
            with self.subTest(name=name[:40]):
                self.write_graph(name)
                before = files_below(self.top)
                self.run_command("inspect", "g.tosa")
                document = self.run_command("inspect", "g.tosa", "--json")
                names = [tensor["name"] for tensor in json.loads(document)["regions"][0]["blocks"][0]["tensors"]]
                if shown:
                    self.assertTrue(any(one.startswith(shown) for one in names), names)
                self.run_command("run", "g.tosa", "-i", "in0.npy", "-o", "out", "--tap", "taps")
                self.assertEqual({path.name for path in (self.work / "out").iterdir()}, {"out0.npy", "outputs.json"})
                for file in "out/outputs.json", "taps/tap.json":
                    json.loads((self.work / file).read_text())
                self.assertFalse([path for path in (self.work / "taps").rglob("*") if path.is_dir()])
                self.run_command("lint", "g.tosa", "--json", "lint.json", codes=(0, 1))
                self.run_command("diagnose", "g.tosa", "-i", "in0.npy", "--no-compile", "--json", "d.json", "--html", "d.html", "--junit", "d.xml", codes=(0, 1))
                json.loads((self.work / "d.json").read_text())
                xml.etree.ElementTree.parse(self.work / "d.xml")
                (self.work / "d.html").read_text(encoding="utf-8")
                self.check_nothing_outside(before)

    def test_two_names_that_are_shown_alike(self):
        """A control character and its escape: two tensors, two files."""
        graph = CAPTURED["delegate0.tosa"]
        names = sorted({tensor["name"] for tensor in json.loads(self.inspect(graph))["regions"][0]["blocks"][0]["tensors"]})[:2]
        for old, new in zip(names, (b"a\x01", b"a\\x01")):
            graph = rename(graph, old.encode(), new)
        (self.work / "g.tosa").write_bytes(graph)
        (self.work / "in0.npy").write_bytes(CAPTURED["delegate0_in0.npy"])
        before = files_below(self.top)
        self.run_command("run", "g.tosa", "-i", "in0.npy", "--tap", "taps")
        taps = json.loads((self.work / "taps/tap.json").read_text())["operators"]
        self.assertEqual(len({tap["file"] for tap in taps}), len(taps))
        self.assertEqual({path.name for path in (self.work / "taps").glob("*.npy")}, {tap["file"] for tap in taps})
        self.check_nothing_outside(before)

    def test_a_nul_inside(self):
        graph = CAPTURED["delegate0.tosa"]
        old = json.loads(self.inspect(graph))["regions"][0]["blocks"][0]["tensors"][0]["name"]
        (self.work / "g.tosa").write_bytes(rename(graph, old.encode(), b"a\0b"))
        self.run_command("inspect", "g.tosa", codes=(2,))

    def test_models_of_tflite(self):
        files = {name.partition("/")[2]: data for name, data in sets.read(sets.DATA / "tflm.zip").items() if name.startswith("add_int8/")}
        inputs = []
        for name in sorted(files):
            (self.work / name).write_bytes(files[name])
            inputs += ["-i", name] if name.startswith("in") else []
        old = json.loads((self.outputs("model.tflite", inputs)).read_text())["outputs"][0]["name"]
        for name, shown in NAMES.items():
            with self.subTest(name=name[:40]):
                (self.work / "m.tflite").write_bytes(rename(files["model.tflite"], old.encode(), name))
                before = files_below(self.top)
                self.run_command("inspect", "m.tflite")
                json.loads(self.run_command("inspect", "m.tflite", "--json"))
                got = json.loads(self.outputs("m.tflite", inputs).read_text())["outputs"][0]["name"]
                if shown and "\\x1b" not in shown:
                    self.assertEqual(got, shown)
                self.check_nothing_outside(before)

    def outputs(self, model, inputs):
        self.run_command("run", model, *inputs, "--reference", "-o", "out")
        return self.work / "out" / "outputs.json"

    def test_cases(self):
        """A case's folder is called what it likes, and its case.json may not lead out of it."""
        before = None
        for folder in (b"\x1b[2J", b"not \xff UTF-8", b"<a>&\"'", "\u202ecase".encode()):
            case = os.path.join(os.fsencode(self.work), b"cases", folder)
            os.makedirs(case)
            for file in ("delegate0.tosa", "delegate0_in0.npy", "delegate0_out0.npy"):
                pathlib.Path(os.fsdecode(case), file).write_bytes(CAPTURED[file])
        before = files_below(self.top)
        self.run_command("suite", "--cases", "cases", "--catalogue", "none", "--stages", "eval", "--json", "s.json", "--junit", "s.xml", "--html", "s.html", "--csv", "s.csv", codes=(0, 1))
        document = json.loads((self.work / "s.json").read_text())
        self.assertEqual(len(document["cases"]), 4 * len({row["target"] for row in document["cases"]}))
        self.assertIn("not \\xff UTF-8", {row["case"] for row in document["cases"]})
        xml.etree.ElementTree.parse(self.work / "s.xml")
        self.check_nothing_outside(before)
        (self.top / "a" / "secret.npy").write_bytes(CAPTURED["delegate0_in0.npy"])
        case = self.work / "leading_out"
        case.mkdir()
        (case / "delegate0.tosa").write_bytes(CAPTURED["delegate0.tosa"])
        for file in "../../../../secret.npy", str(self.top / "a" / "secret.npy"), "..", "":
            (case / "case.json").write_text(json.dumps({"schema": "npuscope/case/1", "model": "delegate0.tosa", "inputs": [file]}))
            self.run_command("suite", "--cases", "leading_out", "--catalogue", "none", "--stages", "eval", "--json", "s.json", codes=(1, 2))


unittest.main()
