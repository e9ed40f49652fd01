#!/usr/bin/env python3
"""The shell steps of the composite action .github/actions/suite, run as a runner of GitHub would run them: summary, outputs,
annotations and exit codes; and the workflow's.

Environment: NPUSCOPE, the program. Without Vela: the stages up to eval."""
import json
import os
import pathlib
import re
import subprocess
import tempfile
import textwrap
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
ACTION = (ROOT / ".github/actions/suite/action.yml").read_text()
WORKFLOW = (ROOT / ".github/workflows/suite.yml").read_text()
STEP = re.compile(r"^( *)- (?:name: (?P<name>.*)|.*)\n(?P<rest>(?:\1 .*\n|\n)*)", re.MULTILINE)


def steps(text):
    """{name: (names of its environment with what they stand for, script)} of the steps that have a script."""
    found = {}
    for step in STEP.finditer(text[text.index("steps:"):]):
        rest = textwrap.dedent(step["rest"])
        script = re.search(r"^run: \|\n((?:  .*\n|\n)*)", rest, re.MULTILINE)
        line = re.search(r"^run: (?!\|)(.*)$", rest, re.MULTILINE)
        env = dict(re.findall(r"^  (\w+): \$\{\{ ([\w.]+) \}\}$", rest, re.MULTILINE))
        if script or line:
            found[step["name"]] = env, textwrap.dedent(script[1]) if script else line[1]
    return found


class Action(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.inputs = {"inputs.npuscope": os.environ["NPUSCOPE"], "inputs.output": str(self.folder / "out"), "inputs.vela": "5.1.0",
                       "inputs.baseline": str(self.folder / "none.json"), "inputs.arguments": ""}
        self.files = {name: self.folder / name for name in ("GITHUB_ENV", "GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
        for path in self.files.values():
            path.touch()

    def step(self, name, text=ACTION):
        """As GitHub's runner calls `shell: bash`."""
        env, script = steps(text)[name]
        values = {key: self.inputs[value] for key, value in env.items()}
        path = self.folder / "step.sh"
        path.write_text(script)
        return subprocess.run(["bash", "--noprofile", "--norc", "-eo", "pipefail", path], capture_output=True, text=True, timeout=200,
                              cwd=self.folder, env={**os.environ, "RUNNER_TEMP": str(self.folder), **values,
                                                    **{name: str(path) for name, path in self.files.items()}})

    def suite(self, arguments, code):
        self.inputs["inputs.arguments"] = "--stages quantised,eval " + arguments
        done = self.step("Suite")
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)

    def test_steps_are_found(self):
        self.assertEqual(list(steps(ACTION)), ["Program", "Vela", "Suite", "Annotations"])
        self.assertEqual(list(steps(WORKFLOW)), ["Keep the run"])

    def test_the_program_is_there(self):
        self.assertEqual(self.step("Program").returncode, 0)

    def test_a_good_run(self):
        self.suite("--op exp --case 'rank[12]'", 0)
        self.assertIn("### npuscope suite: 4 rows, 4 passed", self.files["GITHUB_STEP_SUMMARY"].read_text())
        self.assertEqual(self.files["GITHUB_OUTPUT"].read_text(), f"json={self.folder}/out/suite.json\n")
        self.assertEqual({p.name for p in (self.folder / "out").iterdir()},
                         {"suite.json", "suite.xml", "suite.csv", "suite.md", "suite.html"})
        self.assertEqual(self.step("Annotations").stdout, "")

    def test_a_failed_row_is_an_annotation(self):
        self.suite("--op exp --case rank1 --target u55 --qtol 0 --atol 0 --rtol 0", 1)
        said = self.step("Annotations")
        self.assertRegex(said.stdout, r"^::error title=exp rank1 on u55::\d+ of 10 elements differ from ")
        self.assertIn("| exp rank1 on u55 |", self.files["GITHUB_STEP_SUMMARY"].read_text())

    def test_against_a_baseline(self):
        self.suite("--op exp --case rank1 --target u55", 0)
        json_path = self.folder / "out" / "suite.json"
        self.inputs["inputs.baseline"] = str(self.folder / "baseline.json")
        (self.folder / "baseline.json").write_text(json_path.read_text())
        self.suite("--op exp --case rank1 --target u55 --epsilon 0.001", 1)
        self.assertEqual(json.loads(json_path.read_text())["baseline"]["worse"], 1)
        said = self.step("Annotations").stdout
        self.assertTrue(said.startswith("::error title=exp rank1 on u55::worse than "), said)

    def test_a_usage_error_leaves_no_report(self):
        self.suite("--op nosuch", 2)
        self.assertEqual((self.step("Annotations").returncode, self.files["GITHUB_STEP_SUMMARY"].read_text()), (0, ""))

    def test_the_workflow_keeps_the_run(self):
        self.suite("--op exp --case rank1", 0)
        self.inputs["steps.suite.outputs.json"] = str(self.folder / "out" / "suite.json")
        self.assertEqual(self.step("Keep the run", WORKFLOW).returncode, 0)
        self.assertEqual(json.loads((self.folder / "baseline.json").read_text())["summary"]["passed"], 2)


if __name__ == "__main__":
    unittest.main()
