#!/usr/bin/env python3
"""Cases of one's own in the suite: folders, folders of zip files and single zip files of recorded cases give rows whose
integers are the recorded ones; what departs fails; what cannot be read is one row and exit code 2.

argv: lowered.zip and captured.zip, sets of recorded cases, and defects.zip (scripts/recording/sets.py). Environment: NPUSCOPE, the program."""
import csv
import html
import io
import json
import os
import pathlib
import re
import shlex
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree
import zipfile

import numpy

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts" / "recording"))
import sets

SET = sets.read(sys.argv.pop(1))
CAPTURED = sets.read(sys.argv.pop(1))
DEFECTS = sets.read(sys.argv.pop(1))
STAGES = ("--stages", "quantised,eval")  # Vela is not needed


def run(*arguments):
    """Without the catalogue's rows, unless it is named."""
    alone = () if "--catalogue" in arguments else ("--catalogue", "none")
    return subprocess.run([os.environ["NPUSCOPE"], "suite", *map(str, arguments), *alone], capture_output=True, text=True, timeout=300)


class Cases(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.json = self.folder / "out.json"
        self.all = self.zip("all.zip", SET)

    def need_vela(self):
        row = ("suite", "--op", "exp", "--case", "rank1", "--target", "u55", "--stages", "npu")
        if subprocess.run([os.environ["NPUSCOPE"], *row], capture_output=True, timeout=300).returncode == 3:
            self.skipTest("Vela is not installed")

    def rows(self, *arguments, code=0):
        done = run(*STAGES, *arguments, "--json", self.json)
        self.assertEqual(done.returncode, code, done.stderr + done.stdout)
        return json.loads(self.json.read_text())["cases"]

    def zip(self, name, files):
        with zipfile.ZipFile(self.folder / name, "w", zipfile.ZIP_DEFLATED) as archive:
            for file, data in files.items():
                archive.writestr(file, data)
        return self.folder / name

    def unpack(self, pattern):
        """The first case of that pattern as a folder of its own."""
        name = next(n for n in sorted(SET) if pattern in n).partition("/")[0]
        case = self.folder / "unpacked" / name
        case.mkdir(parents=True)
        for file, data in SET.items():
            if file.startswith(name + "/"):
                (case / file.rpartition("/")[2]).write_bytes(data)
        return case

    def test_every_form_gives_the_same_rows(self):
        case = self.unpack("test_tanh")
        files = {file.name: file.read_bytes() for file in case.iterdir()}
        inside = self.zip("inside.zip", {f"some/{case.name}/{name}": data for name, data in files.items()})
        alone = self.zip(f"{case.name}.zip", files)
        nested = self.zip("nested.zip", {alone.name: alone.read_bytes()})
        expected = self.rows("--cases", self.all, "--op", "tanh", "--case", case.name)
        keys = ("op", "case", "target", "settings", "output", "verdict")
        for form in (case, case.parent, inside, alone, nested):
            rows = self.rows("--cases", form)
            self.assertEqual([{k: r[k] for k in keys} for r in rows], [{k: r[k] for k in keys} for r in expected])
            self.assertTrue(all(r["where"].startswith(str(form)) for r in rows))

    def test_the_recorded_integers(self):
        rows = self.rows("--cases", self.all, "--op", "sig*", "--op", "cat", "--op", "linear", "--op", "add")
        for row in rows:
            stage = {s["name"]: s for s in row["stages"]}["eval"]
            self.assertGreater(stage["recorded"]["elements"], 0)
            self.assertEqual(stage["recorded"]["departing"], 0)
        self.assertGreater(len(rows), 3)

    def test_integers_that_depart_fail(self):
        case = self.unpack("test_tanh")
        path = case / "delegate0_out0.npy"
        data = bytearray(path.read_bytes())
        last = int.from_bytes(data[-2:], "little", signed=True)  # int16
        data[-2:] = (last + (3 if last < 0 else -3)).to_bytes(2, "little", signed=True)
        path.write_bytes(data)
        row, = self.rows("--cases", case, code=1)
        self.assertEqual((row["verdict"], row["at_fault"]), ("fail", "lower"))
        recorded = row["stages"][-1]["recorded"]
        self.assertEqual((recorded["departing"], recorded["most_steps"]), (1, 3))
        # With other scales the integers are others, and those that were recorded say nothing.
        row, = self.rows("--cases", case, "--epsilon", 2**-15)
        self.assertNotIn("recorded", row["stages"][-1])

    def test_parts(self):
        """Ethos-U55 takes no int16 mm: ExecuTorch makes delegates of what is around it (tests/lower/parts.c)."""
        case = self.unpack("test_addmm_16a8w_u55")
        row, = self.rows("--cases", case)
        self.assertEqual((row["verdict"], row["parts"], row["target"]), ("pass", 1, "u55"))
        self.assertEqual(row["kept_off"], ["mm: ExecuTorch keeps mm off Ethos-U55 and Ethos-U65: Input x2 has unsupported dtype torch.int16 (Supports int8)."])
        recorded = row["stages"][-1]["recorded"]
        self.assertGreater(recorded["elements"], 0)
        self.assertEqual(recorded["departing"], 0)
        out = case / "delegate0_out0.npy"
        out.write_bytes(out.read_bytes()[:-2] + b"\x34\x12")
        row, = self.rows("--cases", case, code=1)
        self.assertEqual((row["verdict"], row["stages"][-1]["recorded"]["departing"]), ("fail", 1))
        two, = self.rows("--cases", self.all, "--op", "matmul", "--target", "u55")
        self.assertEqual((two["verdict"], two["parts"]), ("pass", 2))
        info = case / "info.json"
        info.write_text(json.dumps({**json.loads(info.read_text()), "delegates": 2}))
        row, = self.rows("--cases", case, code=1)
        self.assertIn("1 part for the target, recorded are 2", row["reason"])

    def test_parts_on_the_npu(self):
        self.need_vela()
        rows = self.rows("--cases", self.all, "--op", "matmul", "--op", "addmm", "--target", "u55", "--stages", "eval,npu")
        self.assertEqual([(r["parts"], r["stages"][-1]["name"], r["verdict"]) for r in rows], [(1, "npu", "pass"), (2, "npu", "pass")])

    def test_targets(self):
        case = self.unpack("u85")
        self.assertEqual([r["target"] for r in self.rows("--cases", case)], ["u85"])
        done = run(*STAGES, "--cases", case, "--target", "u55")
        self.assertEqual(done.returncode, 2)
        self.assertIn("the selection is empty", done.stderr)

    def test_beside_the_catalogue(self):
        self.assertEqual(run("--list", "--cases", self.all, "--catalogue", "seed").stdout, subprocess.run(
            [os.environ["NPUSCOPE"], "suite", "--list", "--cases", self.all], capture_output=True, text=True).stdout)
        rows = self.rows("--cases", self.all, "--catalogue", "seed", "--op", "exp", "--op", "tanh", "--case", "rank1", "--case", "*tanh*")
        self.assertEqual(rows[0]["op"], "exp")
        self.assertNotIn("where", rows[0])
        self.assertIn("tanh", rows[-1]["case"])

    def test_what_cannot_be_read_is_a_row(self):
        good = self.unpack("test_tanh")
        bad = good.parent / "bad"
        bad.mkdir()
        (bad / "info.json").write_text("{")
        (bad / "float.json").write_text("[]")
        (good.parent / "damaged.zip").write_bytes(b"PK\x03\x04 and no more")
        short = good.parent / "short"
        short.mkdir()
        for file in good.iterdir():
            (short / file.name).write_bytes(file.read_bytes())
        (short / "i0.bin").write_bytes(b"abc")
        # Found by fuzzing: an input without a file; a zero point without an absolute value.
        model = CAPTURED["test_exp_a16w8_u55_INT[rank1_rand]/delegate0.tosa"]
        for name, given in (("nameless", {"float": "x.npy"}), ("least", {"file": "x.npy", "zero_point": -(1 << 63)})):
            (good.parent / name).mkdir()
            (good.parent / name / "m.tosa").write_bytes(model)
            (good.parent / name / "case.json").write_text(json.dumps({"schema": "npuscope/case/1", "model": "m.tosa", "inputs": [given]}))
        files = {name: self.folder / name for name in ("junit", "csv", "markdown", "html")}
        rows = self.rows("--cases", good.parent, *(a for k, f in files.items() for a in (f"--{k}", f)), code=2)
        verdicts = {r["case"]: (r["verdict"], r["reason"]) for r in rows}
        self.assertEqual(verdicts[good.name][0], "pass")
        for name, words in (("bad", "info.json:1"), ("damaged", "not a zip file of cases"), ("short", "has 3 bytes"),
                            ("nameless", "'inputs' is no list whose members each have a 'file'"),
                            ("least", "'zero_point' is no whole number of 32 bits")):
            self.assertEqual(verdicts[name][0], "invalid")
            self.assertIn(words, verdicts[name][1])
        errors = xml.etree.ElementTree.parse(files["junit"]).findall(".//testcase/error[@type='invalid']")
        self.assertEqual(len(errors), 5)
        self.assertIn("Cannot be read", files["markdown"].read_text())
        self.assertIn("bad case", files["html"].read_text())
        self.assertTrue(any(r["case"] == good.name for r in csv.DictReader(files["csv"].read_text().splitlines())))

    def test_programs_with_delegates_of_others(self):
        """A delegate that is none of an NPU, alone and as the first of two."""
        programs = sets.read(sets.DATA / "program.zip")
        for name in ("xnnpack", "two_delegates"):
            folder = self.folder / "programs" / name
            folder.mkdir(parents=True)
            (folder / "program.pte").write_bytes(programs[f"{name}/program.pte"])
        rows = self.rows("--cases", self.folder / "programs", code=2)
        self.assertEqual({(r["case"], r["verdict"]) for r in rows}, {("xnnpack", "invalid"), ("two_delegates", "invalid")})
        self.assertTrue(all("0 inputs are given, program.pte has 1" in r["reason"] for r in rows))

    def test_links_lead_nowhere_twice(self):
        """Four deep, and 100 links to the folder itself in each: each is looked at once."""
        case = self.unpack("test_tanh")
        for i in range(100):
            (case.parent / f"link{i}").symlink_to(".")
        self.assertEqual([r["case"] for r in self.rows("--cases", case.parent)], [case.name])
        done = run(*STAGES, "--cases", case.parent, "--max-work", "64M")
        self.assertEqual(done.returncode, 2)
        self.assertIn("--max-work", done.stderr)

    def test_many_members(self):
        """100,000 names in a chain of folders and beside a case: linear in their number."""
        case = self.unpack("test_tanh")
        files = {f"some/{file.name}": file.read_bytes() for file in case.iterdir()}
        files.update({f"some/{n}": b"" for n in range(50_000)})
        files.update({"/".join(["x"] * (n % 400 + 1)) + f"/{n}": b"" for n in range(2_000)})
        rows = self.rows("--cases", self.zip("many.zip", files), "--time-limit", "60")
        self.assertEqual([r["verdict"] for r in rows], ["pass"])

    def model(self, name, files, case=None):
        """A folder of a model with files of one captured case: {name here: name there}."""
        folder = self.folder / "models" / name
        folder.mkdir(parents=True)
        for here, there in files.items():
            (folder / here).write_bytes(CAPTURED[f"test_exp_a16w8_u55_INT[rank1_rand]/{there}"])
        if case:
            (folder / "case.json").write_text(json.dumps({"schema": "npuscope/case/1", **case}))
        return folder

    def record(self, *arguments, code=0):
        done = subprocess.run([os.environ["NPUSCOPE"], "record", *map(str, arguments)], capture_output=True, text=True)
        self.assertEqual(done.returncode, code, done.stderr)
        return done.stdout + done.stderr

    def test_record(self):
        """What `record` writes is a case that passes, until the model is another one."""
        given, case = self.folder / "given", self.folder / "recorded"
        given.mkdir()
        for name in ("delegate0.tosa", "delegate0_in0.npy", "delegate0_out0.npy", "delegate0_vela.npz"):
            (given / name).write_bytes(CAPTURED[f"test_exp_a16w8_u55_INT[rank1_rand]/{name}"])
        integers = numpy.load(given / "delegate0_in0.npy")
        numpy.save(given / "floats.npy", (integers * 0.25).astype(numpy.float32))
        for model, file, scale in (("delegate0.tosa", "delegate0_in0.npy", ()), ("delegate0.tosa", "floats.npy", ("0.25",)),
                                   ("delegate0_vela.npz", "delegate0_in0.npy", ())):
            self.record(given / model, "-i", given / file, "-o", case, "--op", "mine", "--output-scale", "0.5:3",
                        *(("--input-scale", *scale) if scale else ()))
            # The reference model's integers, whatever the inputs were given as.
            self.assertEqual(numpy.load(case / "out0.npy").ravel().tolist(), numpy.load(given / "delegate0_out0.npy").ravel().tolist())
            self.assertEqual(json.loads((case / "case.json").read_text())["outputs"], [{"scale": 0.5, "zero_point": 3, "expected": "out0.npy"}])
            row, = self.rows("--cases", case, "--target", "u55", "--stages", "eval" if model.endswith("tosa") else "npu")
            self.assertEqual((row["op"], row["case"], row["verdict"]), ("mine", "recorded", "pass"))
            shutil.rmtree(case)
        said = self.record(given / "delegate0.tosa", "-i", given / "delegate0_in0.npy", "-o", case)
        self.assertNotIn("replaced", said)
        for expected, words in ((None, "is as before"), (1, "is another now")):
            if expected:
                numpy.save(case / "out0.npy", numpy.load(case / "out0.npy") + expected)
            said = self.record(given / "delegate0.tosa", "-i", given / "delegate0_in0.npy", "-o", case)
            self.assertIn(f"{case}: the case that was there is replaced; what it expects exactly {words}", said)
        page = self.folder / "page.html"
        shown = run("--cases", case, "--target", "u55", "--stages", "eval", "--html", page)
        self.assertEqual(shown.returncode, 0, shown.stderr)
        text = page.read_text()
        self.assertIn("<p>own cases, ", text)
        command = re.search("<code>npuscope (suite .*?)</code>", text)[1]
        command = shlex.split(html.unescape(re.sub("</?span>", "", command)))
        self.assertEqual(command[:5], ["suite", "--cases", str(case), "--catalogue", "none"])
        again = subprocess.run([os.environ["NPUSCOPE"], *command, "--stages", "eval"], capture_output=True, text=True)
        self.assertEqual(again.returncode, 0, again.stderr)
        self.assertIn("1 case: 1 passed", again.stdout)
        numpy.save(case / "out0.npy", numpy.load(case / "out0.npy") + 1)
        row, = self.rows("--cases", case, "--target", "u55", "--stages", "eval", code=1)
        self.assertEqual(row["verdict"], "fail")

    def test_record_ends_int16_as_run(self):
        """ExecuTorch's quantiser ends int16 at -32767; a mean shows it."""
        case, model = self.folder / "recorded", self.folder / "mean.tosa"
        model.write_bytes(CAPTURED["test_mean_dim_a16w8_u55_INT[rank_1]/delegate0.tosa"])
        shape = numpy.load(io.BytesIO(CAPTURED["test_mean_dim_a16w8_u55_INT[rank_1]/delegate0_in0.npy"])).shape
        for value, scale in ((numpy.float32(-1e9), ("--input-scale", "0.25")), (numpy.int16(-32767), ()), (numpy.int16(-32768), ())):
            numpy.save(self.folder / "in.npy", numpy.full(shape, value))
            self.record(model, "-i", self.folder / "in.npy", "-o", case, *scale)
            self.assertEqual(numpy.load(case / "out0.npy").ravel().tolist(), [-32760 if value == -32768 else -32759])

    def test_record_refuses(self):
        model = self.model("graph", {"model.tosa": "delegate0.tosa", "in0.npy": "delegate0_in0.npy", "raw": "i0.bin"})
        numpy.save(model / "floats.npy", numpy.zeros(10, numpy.float32))
        inputs = ("-i", model / "in0.npy")
        for arguments, words in (
            ((), "-o DIR is missing"),
            (("-o", self.folder / "new"), "is not given"),
            (("-o", self.folder / "new", "-i", model / "raw"), "is no .npy file"),
            (("-o", self.folder / "new", "-i", model / "floats.npy"), "no scale is given"),
            (("-o", self.folder / "new", *inputs, *inputs), "takes 1 input"),
            (("-o", self.folder / "new", *inputs, "--input-scale", "-1"), "takes a scale above 0"),
            (("-o", self.folder / "new", *inputs, "--target", "u99"), "u99"),
            (("-o", self.folder / "new", *inputs, "--qtol", "-1"), "negative"),
            (("-o", self.folder / "new", *inputs, "--expected", "x", "--no-expected"), "exclude each other"),
            (("-o", self.folder / "new", *inputs, "--reference", "nosuch.npy"), "nosuch.npy"),
            (("-o", self.folder / "new", *inputs, "--reference", model / "floats.npy"), "give its scale, --output-scale SCALE[:ZERO]"),
            (("-o", self.folder / "new", *inputs, "--quantised", model / "floats.npy"), "--quantised is of floats"),
        ):
            self.assertIn(words, self.record(model / "model.tosa", *arguments, code=2), arguments)
            self.assertFalse((self.folder / "new").exists())

    def test_models(self):
        inside = {"in0.npy": "delegate0_in0.npy", "out0.npy": "delegate0_out0.npy"}
        self.model("graph", {"model.tosa": "delegate0.tosa", **inside})
        self.model("stream", {"model.npz": "delegate0_vela.npz", **inside})
        self.model("program", {"program.pte": "program.pte", "i0.bin": "i0.bin", "program_out0.npy": "program_out0.npy"})
        self.need_vela()
        rows = self.rows("--cases", self.folder / "models", "--stages", "eval,npu")
        found = {(r["case"], r["target"]): [(s["name"], s["verdict"], s["reference"], s["recorded"]["departing"]) for s in r["stages"]]
                 for r in rows}
        self.assertEqual(found[("stream", "ethos-u55-128")], [("npu", "pass", "expected", 0)])
        self.assertEqual(found[("program", "ethos-u55-128")], [("npu", "pass", "expected", 0)])
        self.assertEqual(found[("graph", "u55")][0], ("eval", "pass", "expected", 0))
        self.assertEqual({r["op"] for r in rows}, {"model"})

    def test_a_program_beside_a_reference(self):
        """SQNR needs no scale, steps do: what is not known is null, and --output-scale makes it known."""
        given, case = self.folder / "given", self.folder / "program"
        given.mkdir()
        for name in ("program.pte", "i0.bin", "program_out0.npy", "float_out0.npy"):
            (given / name).write_bytes(CAPTURED[f"test_exp_a16w8_u55_INT[rank1_rand]/{name}"])
        wanted, got = (numpy.load(given / name).astype(float).ravel() for name in ("float_out0.npy", "program_out0.npy"))
        numpy.save(given / "in0.npy", numpy.fromfile(given / "i0.bin", numpy.float32))
        sqnr, worst = 10 * numpy.log10((wanted ** 2).sum() / ((wanted - got) ** 2).sum()), abs(wanted - got).max()
        for scale in (None, 2.0 ** -15):
            self.record(given / "program.pte", "-i", given / "in0.npy", "--reference", given / "float_out0.npy", "-o", case,
                        *(("--output-scale", scale) if scale else ()))
            done = run("--cases", case, "--json", self.json)
            self.assertEqual(done.returncode, 0, done.stderr)
            row, = json.loads(self.json.read_text())["cases"]
            npu = row["stages"][-1]
            self.assertEqual((npu["name"], row["output"]["scale"]), ("npu", scale))
            self.assertAlmostEqual(npu["sqnr_db"], sqnr, 6)
            self.assertEqual(npu["mean_steps"] is None, scale is None)
            self.assertIs(npu["max_steps"], None) if scale is None else self.assertAlmostEqual(npu["max_steps"], worst / scale, 6)
            shown = f"{worst / scale:6.2f}" if scale else "     -"
            self.assertRegex(done.stdout, rf"(?m)^model .*{shown} .* {sqnr:.1f}   exact      -      -  pass$")

    def test_known_defects_are_named(self):
        self.need_vela()
        for name in ("minimal", "healthy"):
            folder = self.folder / "defects" / name
            folder.mkdir(parents=True)
            (folder / "model.tosa").write_bytes(DEFECTS[f"slice_reduce/{name}.tosa"])
            (folder / "in0.npy").write_bytes(DEFECTS[f"slice_reduce/{name}_in0.npy"])
        done = run("--cases", self.folder / "defects", "--target", "u85", "--json", self.json)
        document = json.loads(self.json.read_text())
        met = {r["case"]: [d["known_defect"] for d in r.get("known_defects", [])] for r in document["cases"]}
        self.assertEqual(met["healthy"], [])
        if document["vela"] == "5.1.0":  # other releases have other defects (docs/errata.md)
            self.assertEqual(met["minimal"], ["slice_reduce"])
            self.assertIn("known defect of Vela 5.1.0: slice_reduce (wrong)", done.stdout)
            self.assertIn("avoided by: ", done.stdout)

    def test_floats_with_scales(self):
        scale = 0.000244140625
        files = {"m.tosa": "delegate0.tosa", "x.npy": "program_out0.npy", "float.npy": "float_out0.npy", "q.npy": "quantised_out0.npy"}
        outputs = [{"float": "float.npy", "quantised": "q.npy", "scale": scale}]
        case = {"op": "mine", "target": "u85", "model": "m.tosa", "inputs": [{"file": "x.npy", "scale": scale}], "outputs": outputs,
                "tolerance": {"qtol": 100000}}
        row, = self.rows("--cases", self.model("floats", files, case))
        self.assertEqual((row["op"], row["target"], row["settings"]["qtol"]), ("mine", "u85", 100000))
        self.assertEqual([s["name"] for s in row["stages"]], ["quantised", "eval"])
        self.assertEqual(row["stages"][1]["reference"], "quantised")
        for name, change, words in (
                ("noscale", {"inputs": ["x.npy"]}, "no scale is given"),
                ("output", {"outputs": [{"float": "float.npy"}]}, "has no scale"),
                ("typo", {"tolerances": {}}, "member 'tolerances' is not known"),
                ("place", {"model": "../m.tosa"}, "lies in its folder"),
                ("target", {"target": "u99"}, "unknown target 'u99'"),
                ("many", {"inputs": ["x.npy", "x.npy"]}, "2 inputs are given"),
                ("kind", {"model": "x.npy"}, "is no TOSA graph")):
            row, *_ = self.rows("--cases", self.model(name, files, {**case, **change}), code=2)
            self.assertEqual(row["verdict"], "invalid")
            self.assertIn(words, row["reason"])
        for file, words in ("x.npy", "x.npy: element"), ("float.npy", "nothing can be compared with it"), ("q.npy", "nothing can be compared"):
            folder = self.model("nan_" + file[0], files, case)
            data = (folder / file).read_bytes()
            (folder / file).write_bytes(data[:-4] + struct.pack("<f", float("nan")))
            row, *_ = self.rows("--cases", folder, code=2)
            self.assertIn("is no number", row["reason"])
            self.assertIn(words, row["reason"])

    def test_a_model_without_references_is_not_judged_before_the_npu(self):
        folder = self.model("bare", {"model.tosa": "delegate0.tosa", "in0.npy": "delegate0_in0.npy"}, {"target": "u55"})
        done = run("--stages", "eval", "--cases", folder, "--json", self.json)
        row, = json.loads(self.json.read_text())["cases"]
        self.assertEqual((done.returncode, row["verdict"], row["stages"][0]["sqnr_db"]), (2, "skipped", None))
        self.assertIn("nothing to compare with", row["reason"])

    def test_no_case(self):
        (self.folder / "empty").mkdir()
        for path, words in ((self.folder / "empty", "holds no case"), (self.folder / "nosuch", "No such file")):
            done = run("--cases", path)
            self.assertEqual(done.returncode, 2)
            self.assertIn(words, done.stderr)

    def test_the_budget_applies(self):
        done = run(*STAGES, "--cases", self.unpack("test_tanh"), "--max-memory", "20K")
        self.assertEqual(done.returncode, 2)
        self.assertIn("--max-memory", done.stderr + done.stdout)


if __name__ == "__main__":
    unittest.main()
