#!/usr/bin/env python3
"""Runs `npuscope suite` for real and checks what it writes.

The JSON document against docs/suite.schema.json, its counts against its cases, the same bytes for a
second run and for another number of threads, the JUnit file as a reader sees it, and the exit codes.
Environment: NPUSCOPE, the program. Exit 77 (skipped) where Python has no jsonschema.
"""
import bisect
import copy
import json
import math
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree

try:
    import jsonschema
except ImportError:
    print("jsonschema is not installed (Debian: python3-jsonschema)")
    sys.exit(77)

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCHEMA = json.loads((ROOT / "docs/suite.schema.json").read_text())
VALIDATOR = jsonschema.validators.validator_for(SCHEMA)
NPUSCOPE = os.environ["NPUSCOPE"]
# Of a stage's histogram, in steps (docs/suite.schema.json).
BOUNDS = [0.5, 1, 2, 4, 8, 16, 32, 64, 128, 1024]
# One cache for this run of the tests: what is compiled once is not compiled again.
CACHE = tempfile.TemporaryDirectory()
os.environ["NPUSCOPE_CACHE"] = CACHE.name
# The operators whose rows are counted; others may come.
SEVEN = [word for name in ("bmm", "exp", "reciprocal", "mean.dim", "var", "conv1d", "gelu") for word in ("--op", name)]


def run(*arguments):
    return subprocess.run([NPUSCOPE, "suite", *arguments], capture_output=True, text=True, timeout=300)


HAS_VELA = run("--op", "exp", "--case", "rank1", "--target", "u55", "--stages", "npu").returncode == 0
if not HAS_VELA:  # every row ends as "not compiled", and the exit codes below are others
    print("Vela is not installed")
    sys.exit(77)


def without_times(value):
    if isinstance(value, dict):
        return {key: without_times(item) for key, item in value.items() if key != "seconds"}
    if isinstance(value, list):
        return [without_times(item) for item in value]
    return value


class Document(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.json = pathlib.Path(self.folder.name) / "suite.json"
        self.junit = pathlib.Path(self.folder.name) / "suite.xml"

    def suite(self, *arguments, code=0):
        result = run("--json", str(self.json), "--junit", str(self.junit), *arguments)
        self.assertEqual(result.returncode, code, result.stdout[-2000:] + result.stderr)
        document = json.loads(self.json.read_text())
        jsonschema.validate(document, SCHEMA, cls=VALIDATOR)
        return document, result

    def test_memory_modes(self):
        listed = run("--list", "--op", "exp", "--case", "rank1", "--all-targets").stdout.split("\n")[:-1]
        targets = [line.split()[-1] for line in listed]
        self.assertEqual(len(set(targets)), 4 * 2 + 2 * 6 + 5 * 6)
        document, _ = self.suite("--op", "exp", "--case", "rank1", "--target", "u85", "--all-targets", "--memory-mode", "Sram_Only",
                                 "--vela-flags", "--optimise Size")
        self.assertEqual([(c["target"], c["verdict"]) for c in document["cases"]], [("ethos-u85-128:Sram_Only", "pass")])
        self.assertEqual(document["vela_flags"], "--memory-mode=Sram_Only --optimise Size")
        for wrong, words in ((("--memory-mode", "Dedicated_Sram", "--target", "u55"), "has no memory mode"),
                             (("--config", "/nosuch.ini"), "No such file")):
            result = run("--op", "exp", *wrong)
            self.assertEqual(result.returncode, 2)
            self.assertIn(words, result.stderr)

    def test_what_a_row_tests(self):
        # The data are in [0, 1): with steps of 1 they are the codes 0 and 1, and exp of them 1, 2 and 3.
        document, _ = self.suite("--op", "exp", "--case", "rank1", "--epsilon", "1", "--stages", "eval", "--qtol", "1000")
        tests = document["cases"][0]["tests"]
        self.assertEqual((tests["scales"], tests["scales_at_floor"]), (2, 2))
        self.assertEqual((tests["input_codes"]["minimum"], tests["input_codes"]["maximum"], tests["input_codes"]["distinct"]), (0, 1, 2))
        self.assertGreaterEqual(tests["output_codes"]["minimum"], 1)
        document, _ = self.suite("--op", "exp", "--case", "rank1", "--epsilon", "1e-9", "--stages", "eval")
        self.assertEqual(document["cases"][0]["tests"]["scales_at_floor"], 0)
        # A thousandth of the data: the input's scale is at the floor, exp is near 1 and its scale is not.
        document, _ = self.suite("--op", "exp", "--case", "rank1", "--epsilon", "1e-5", "--scale-data", "0.001", "--stages", "eval")
        row = document["cases"][0]
        self.assertEqual((row["tests"]["scales_at_floor"], row["settings"]["data_scale"]), (1, 0.001))
        self.assertTrue(1 <= row["output"]["minimum"] and row["output"]["maximum"] < 1.0011)

    def test_every_operator_has_cases(self):
        listed = run("--list", "--op", "*").stdout.split("\n")[:-1]
        operators = {line.split()[0] for line in listed}
        self.assertGreaterEqual(len(operators), 95)
        short = {line.split()[0] for line in run("--list").stdout.split("\n")[:-1]}
        self.assertEqual(short, {"bmm", "exp", "reciprocal", "mean.dim", "var", "conv1d", "gelu"})
        families = ("unary", "binary", "compare", "reduce", "product", "pool", "move", "composite")
        of = [{line.split()[0] for line in run("--list", "--family", f).stdout.split("\n")[:-1]} for f in families]
        self.assertEqual(set().union(*of), operators)
        self.assertEqual(sum(map(len, of)), len(operators))  # each in one
        self.assertEqual({line.split()[0] for line in run("--list", "--op", "conv*").stdout.split("\n")[:-1]} - {"contiguous"},
                         {"conv1d", "conv2d", "conv3d"} & operators | {o for o in operators if o.startswith("conv")})
        self.assertEqual(run("--family", "nosuch").returncode, 2)

    def test_baseline(self):
        row = ("--op", "exp", "--case", "rank1", "--stages", "eval")
        self.suite(*row)
        earlier = pathlib.Path(self.folder.name) / "earlier.json"
        kept = json.loads(self.json.read_text())
        earlier.write_text(json.dumps(kept))
        document, _ = self.suite(*row, "--baseline", str(earlier))
        self.assertEqual({k: document["baseline"][k] for k in ("same", "better", "worse", "new", "gone")},
                         {"same": 2, "better": 0, "worse": 0, "new": 0, "gone": 0})
        # The first was 1 dB better, the second failed; a third was there, and a new one comes.
        kept["cases"][0]["stages"][0]["sqnr_db"] += 1
        kept["cases"][1]["verdict"] = "fail"
        kept["cases"].append({**kept["cases"][0], "case": "gone"})
        earlier.write_text(json.dumps(kept))
        document, result = self.suite("--op", "exp", "--case", "rank1", "--case", "rank2", "--target", "u55", "--target", "u85",
                                      "--stages", "eval", "--baseline", str(earlier), code=1)
        changes = {(r["case"], r["target"]): r["change"] for r in document["baseline"]["rows"]}
        self.assertEqual(changes, {("rank1", "u55"): "worse", ("rank1", "u85"): "better", ("rank2", "u55"): "new",
                                   ("rank2", "u85"): "new", ("gone", "u55"): "gone"})
        self.assertIn("worse exp rank1 on u55; SQNR", result.stdout)
        # A row that failed before and fails now is no news.
        kept["cases"] = [{**kept["cases"][1], "verdict": "fail"}]
        earlier.write_text(json.dumps(kept))
        self.suite("--op", "exp", "--case", "rank1", "--target", "u85", "--stages", "eval", "--qtol", "0", "--atol", "0",
                   "--baseline", str(earlier))
        self.assertEqual(run(*row, "--seed", "1", "--baseline", str(earlier)).returncode, 2)
        self.assertEqual(run(*row, "--baseline", str(self.junit)).returncode, 2)

    def test_limits(self):
        row = ("--op", "exp", "--op", "gelu", "--case", "rank1", "--target", "u55", "--stages", "eval")
        document, _ = self.suite(*row, "--min-sqnr", "90", "--min-sqnr", "ge*=10", code=1)
        self.assertEqual([(c["op"], c["verdict"], c["at_fault"]) for c in document["cases"]],
                         [("exp", "fail", "lower"), ("gelu", "pass", None)])
        self.assertIn("is below the limit of 90 dB", document["cases"][0]["reason"])
        document, _ = self.suite(*row, "--max-steps", "exp=1000", "--max-steps", "gelu=1", code=1)
        self.assertEqual([c["verdict"] for c in document["cases"]], ["pass", "fail"])
        self.assertEqual(run(*row, "--min-sqnr", "much").returncode, 2)

    def test_86_rows(self):
        document, result = self.suite(*SEVEN)
        self.assertEqual(len(document["cases"]), 86)
        count = {"pass": 0, "fail": 0, "rejected": 0, "skipped": 0, "inaccurate": 0, "not_compiled": 0, "invalid": 0}
        for case in document["cases"]:
            count[case["verdict"]] += 1
        self.assertEqual(list(count.values()), list(document["summary"].values()))
        # int16 bmm on U55 is what ExecuTorch keeps off; nothing else is.
        self.assertEqual([(case["op"], case["target"]) for case in document["cases"] if case["verdict"] != "pass"],
                         [("bmm", "u55")] * 5)
        self.assertIn("86 cases: 81 passed, 0 failed, 5 rejected, 0 skipped", result.stdout)
        self.assertTrue(all(case["case"] in result.stdout for case in document["cases"]))  # piped, names are whole
        for line in result.stdout.splitlines():
            self.assertNotIn("\033", line)
        stages = ["ideal", "quantised", "eval"] + (["npu"] if HAS_VELA else [])
        self.assertEqual(document["stages"], stages)
        for case in document["cases"]:
            self.assertEqual([stage["name"] for stage in case["stages"]], stages)
            for stage in case["stages"]:
                if stage["histogram"]:
                    # Every element is counted, and the last count is where the largest error belongs.
                    self.assertEqual(sum(stage["histogram"]), math.prod(case["output"]["shape"]))
                    last = max(i for i, count in enumerate(stage["histogram"]) if count)
                    self.assertEqual(last, bisect.bisect_left(BOUNDS, stage["max_steps"]))
        if HAS_VELA:
            self.assertRegex(document["vela"], r"^\d+\.\d+")
            self.assertIsNone(document["npu_not_run"])
        else:
            self.assertIn("Vela", document["npu_not_run"])
            self.assertIn("the stage npu did not run", result.stderr)

    @unittest.skipUnless(HAS_VELA, "Vela is not installed")
    def test_npu_equals_eval(self):
        document, _ = self.suite("--target", "u55", "--target", "u65", "--target", "ethos-u85-1024", *SEVEN)
        ran = 0
        for case in document["cases"]:
            stage = case["stages"][-1]
            self.assertEqual(stage["name"], "npu")
            if case["verdict"] == "rejected":
                self.assertEqual(stage["verdict"], "skipped")
                continue
            ran += 1
            self.assertEqual((stage["reference"], stage["verdict"], stage["max_difference"]), ("eval", "pass", 0))
        self.assertEqual(ran, 119)

    def test_missing_vela(self):
        environment = dict(os.environ, NPUSCOPE_VELA="")  # none, wherever there is one

        def suite(*arguments):
            return subprocess.run([NPUSCOPE, "suite", "--op", "exp", *arguments], capture_output=True, text=True,
                                  timeout=300, cwd=self.folder.name, env=environment)
        result = suite("--stages", "eval,npu")
        self.assertEqual(result.returncode, 3)
        self.assertIn("get it with", result.stderr)
        self.assertEqual(result.stdout, "")
        # Never green: the rows say so, the summary counts them, and the exit code is that of a missing tool.
        result = suite("--json", str(self.json), "--junit", str(self.junit), "--markdown", str(self.json) + ".md")
        self.assertEqual(result.returncode, 3)
        self.assertIn("the stage npu did not run", result.stderr)
        self.assertIn("0 passed, 0 failed, 0 rejected, 0 skipped, 6 not compiled", result.stdout)
        self.assertEqual(sum(line.endswith("  not compiled") for line in result.stdout.splitlines()), 6)
        self.assertNotRegex(result.stdout, r"(?m)  pass$")
        self.assertEqual(len(xml.etree.ElementTree.parse(self.junit).findall(".//testcase/error[@type='not_compiled']")), 6)
        self.assertIn("6 not compiled", pathlib.Path(str(self.json) + ".md").read_text())
        document = json.loads(self.json.read_text())
        jsonschema.validate(document, SCHEMA, cls=VALIDATOR)
        self.assertEqual(document["stages"], ["ideal", "quantised", "eval"])
        self.assertIn("get it with", document["npu_not_run"])
        self.assertEqual({case["verdict"] for case in document["cases"]}, {"not_compiled"})
        self.assertEqual((document["summary"]["passed"], document["summary"]["not_compiled"]), (0, 6))
        # Left out by --stages, the NPU is not missed; a row that fails without it has failed.
        self.assertEqual(suite("--stages", "eval").returncode, 0)
        self.assertEqual(suite("--qtol", "0", "--atol", "0", "--rtol", "0").returncode, 1)

    def test_executorch_catalogue(self):
        document, result = self.suite("--catalogue", "executorch", *SEVEN, code=1)
        self.assertEqual(len(document["cases"]), 132)
        # ExecuTorch's var cases round 1 / N to 0: what the harness compares are zeros with zeros.
        self.assertEqual({(case["op"], case["at_fault"]) for case in document["cases"] if case["verdict"] == "fail"},
                         {("var", "quantise")})
        self.assertTrue(all(case["case"] in result.stdout for case in document["cases"]))  # piped, names are whole

    def test_schema_has_teeth(self):
        document, _ = self.suite("--op", "exp")
        for spoil in (
            lambda d: d.pop("summary"),
            lambda d: d["cases"][0].pop("at_fault"),
            lambda d: d["cases"][0].update(verdict="green"),
            lambda d: d["cases"][0].update(at_fault="lower"),
            lambda d: d["cases"][0]["stages"][0].update(max_steps=-1),
            lambda d: d["cases"].clear(),
        ):
            spoilt = copy.deepcopy(document)
            spoil(spoilt)
            with self.assertRaises(jsonschema.ValidationError):
                jsonschema.validate(spoilt, SCHEMA, cls=VALIDATOR)

    def test_same_bytes(self):
        first, _ = self.suite("--threads", "1", "--seed", "5")
        for threads in "1", "3":
            again, _ = self.suite("--threads", threads, "--seed", "5")
            self.assertEqual(json.dumps(without_times(first)), json.dumps(without_times(again)))
        other, _ = self.suite("--seed", "6")
        self.assertNotEqual(without_times(first)["cases"], without_times(other)["cases"])

    def test_a_selection_does_not_change_a_case(self):
        whole, _ = self.suite()
        part, _ = self.suite("--op", "gelu", "--case", "rank2", "--target", "u85")
        self.assertEqual(len(part["cases"]), 1)
        self.assertIn(without_times(part["cases"][0]), without_times(whole["cases"]))

    def test_no_tolerance_fails(self):
        document, result = self.suite("--qtol", "0", "--atol", "0", "--rtol", "0", "--op", "conv1d", code=1)
        self.assertGreater(document["summary"]["failed"], 0)
        self.assertIn("at fault: lower", result.stdout)
        failed = [case for case in document["cases"] if case["verdict"] == "fail"]
        self.assertTrue(all(case["at_fault"] == "lower" and case["reason"] for case in failed))
        suites = xml.etree.ElementTree.parse(self.junit).getroot()
        self.assertEqual(int(suites.get("failures")), len(failed))
        self.assertEqual(len(suites.findall(".//testcase/failure")), len(failed))

    def test_junit(self):
        document, _ = self.suite(*SEVEN)
        suites = xml.etree.ElementTree.parse(self.junit).getroot()
        self.assertEqual(suites.tag, "testsuites")
        self.assertEqual(int(suites.get("tests")), 86)
        names = [(case.get("classname"), case.get("name")) for case in suites.iter("testcase")]
        self.assertEqual(names, [(f"npuscope.{case['target']}.{case['op']}", case["case"])
                                 for case in document["cases"]])
        self.assertEqual(len(set(names)), 86)
        self.assertEqual(len(suites.findall(".//testcase/skipped")), 5)
        self.assertEqual(sum(int(suite.get("tests")) for suite in suites), 86)

    def test_usage(self):
        for arguments, message in (
            (["--op", "nope"], "unknown operator 'nope'; there are: bmm, exp, "),
            (["--op", "exp", "--case", "nope"], "unknown case 'nope'; there are: exp rank1, exp rank2, exp rank3"),
            (["--target", "u99"], "unknown target 'u99'; there are: u55, u65, u85, "),
            (["--stages", "ideal,nope"], "unknown stage 'nope'; there are: ideal, quantised, eval, vela, npu"),
            (["--stages", "ideal"], "names no stage that is compared"),
            (["--catalogue", "nope"], "unknown catalogue 'nope'; there are: seed, executorch"),
            (["--seed", "-1"], "--seed"),
            (["--qtol", "-1"], "qtol must be a finite number of at least 0"),
            (["--epsilon", "0"], "epsilon must be a finite number above 0"),
            (["--weights", "none"], "per-channel nor per-tensor"),
            (["--op", "bmm", "--target", "u55"], "5 of 5 are rejected or skipped"),
        ):
            result = run(*arguments)
            self.assertEqual(result.returncode, 2, arguments)
            self.assertIn(message, result.stderr)

    def test_stages(self):
        document, _ = self.suite("--op", "exp", "--stages", "quantised")
        self.assertEqual(document["stages"], ["quantised"])
        self.assertTrue(all([stage["name"] for stage in case["stages"]] == ["quantised"]
                            for case in document["cases"]))

    def test_settings(self):
        document, _ = self.suite("--op", "conv1d", "--weights", "per-tensor", "--qtol", "64", "--atol", "0.5",
                                 "--rtol", "0.25", "--epsilon", "0.001", "--target", "ethos-u85-512")
        for case in document["cases"]:
            self.assertEqual(case["settings"], {"qtol": 64, "atol": 0.5, "rtol": 0.25, "epsilon": 0.001,
                                                "per_channel": False})
            self.assertEqual((case["target"], case["accelerator"]), ("ethos-u85-512", "ethos-u85-512"))
            self.assertGreaterEqual(case["output"]["scale"], 0.0009999)

    def test_list_runs_nothing(self):
        result = run("--list", "--op", "var")
        self.assertEqual(result.returncode, 0)
        self.assertEqual(len(result.stdout.splitlines()), 8)

    def test_unwritable_report(self):
        result = run("--op", "exp", "--json", str(pathlib.Path(self.folder.name) / "none" / "suite.json"))
        self.assertEqual(result.returncode, 2)
        self.assertIn("suite.json", result.stderr)


if __name__ == "__main__":
    unittest.main()
