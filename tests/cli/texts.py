#!/usr/bin/env python3
"""What the program says of itself, and how wide it is.

Options: the help, the man page, docs/cli.md and what shells complete name the same ones. Texts: on a terminal of 80 columns no line
is longer, but for words that are longer themselves; in a pipe no name is cut. Progress: on a terminal alone. Messages: what an option
names is looked at before the work. Environment: NPUSCOPE, the program, and of the oracles what there is.
"""
import fcntl
import importlib.machinery
import importlib.util
import json
import os
import pathlib
import pty
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import time
import termios
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts" / "recording"))
import sets

PROGRAM = os.environ["NPUSCOPE"]
COLUMNS = 80
CONV = "test_conv1d_a16w8_u55_INT[2_3x2x40_nobias_per_channel_quant=False]"


def out(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def complete(*words):
    """bash's proposals for the last word."""
    line = " ".join(f"'{word}'" for word in words)
    script = (f"source <({PROGRAM} completion bash); COMP_WORDS=({line}); COMP_CWORD={len(words) - 1}; _npuscope; "
              "printf '%s\\n' \"${COMPREPLY[@]}\"")
    return out("bash", "-c", script).split()


def commands():
    listed = out(PROGRAM, "--help").split("Commands:\n")[1].split("\n\n")[0]
    return re.findall(r"^  ([a-z-]+)", listed, re.M)


class Completion(unittest.TestCase):
    def test_commands(self):
        self.assertEqual(complete("npuscope", "sui"), ["suite"])
        self.assertEqual(complete("npuscope", "vela"), ["vela-diff"])
        self.assertLessEqual(set(commands()), set(complete("npuscope", "")))

    def test_every_option_of_the_help(self):
        for command in commands():
            options = set(re.findall(r"^  (?:-\w, |    )(--[a-z-]+)", out(PROGRAM, command, "--help"), re.M))
            offered = complete("npuscope", command, "-")
            self.assertIn("--help", options, command)
            self.assertLessEqual(options, set(offered), command)
            self.assertEqual(len(offered), len(set(offered)), command)

    def test_other_shells_read_it(self):
        for shell in ("zsh", "fish"):
            script = out(PROGRAM, "completion", shell)
            self.assertIn("vela-diff", script)
            if shutil.which(shell):
                subprocess.run([shell, "-n"], input=script, text=True, check=True)

    def test_help_and_version(self):
        self.assertEqual(out(PROGRAM, "help", "lint"), out(PROGRAM, "lint", "--help"))
        self.assertEqual(out(PROGRAM, "help"), out(PROGRAM, "--help"))
        self.assertEqual(out(PROGRAM, "-V"), out(PROGRAM, "--version"))


def man_page():
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, ROOT / "scripts/make-man", PROGRAM, f"{folder}/man"], check=True)
        return re.sub(r"\\(.)", r"\1", pathlib.Path(folder, "man").read_text())


class Options(unittest.TestCase):
    """The tables of options are the one place: everything else is made of them, or names what they have."""

    def setUp(self):
        self.help = {command: set(re.findall(r"^  (?:-\w, |    )--([a-z-]+)", out(PROGRAM, command, "--help"), re.M))
                     for command in commands()}

    def test_commands_are_those_of_the_table(self):
        table = re.findall(r"^NS_SUBCOMMAND\((\w+),", (ROOT / "cli/subcommands.def").read_text(), re.M)
        self.assertEqual(commands(), [name.replace("_", "-") for name in table])

    def test_man_page(self):
        sections = dict(re.findall(r"^## npuscope (\S+)\n(.*?)(?=^## |^# )", man_page(), re.M | re.S))
        self.assertEqual(list(sections), commands())
        for command, options in self.help.items():
            named = set(re.findall(r"^\*(?:-\w,? )?--([a-z-]+)\*", sections[command], re.M))
            self.assertEqual(named, options, command)

    def test_exit_codes_and_environment(self):
        """Those of the program's help, of the man page and of docs/cli.md; every variable that the sources ask for."""
        codes = set(re.findall(r"\b([0-4]) ", out(PROGRAM, "--help").split("Exit codes:")[1]))
        page, document = man_page(), (ROOT / "docs/cli.md").read_text()
        rows = re.findall(r"^\| ([\d, ]+) \|", document, re.M)
        listed = {code for row in rows for code in row.split(", ")}
        in_page = set(re.findall(r"\*(\d+)\*", page.split("# EXIT STATUS")[1].split("# ENVIRONMENT")[0]))
        self.assertEqual(listed, in_page)
        self.assertEqual(codes, {code for code in listed if len(code) == 1})
        errors = (ROOT / "include/npuscope/errors.def").read_text()
        self.assertLessEqual(set(re.findall(r"^NS_ERROR\(\w+, (\d)", errors, re.M)), listed)
        files = {name for line in document.split("## Files")[1].split("\n## ")[0].splitlines() if line.startswith("| `")
                 for name in re.findall(r"`([^`]+)`", line.split("|")[1])}
        for name in files:
            self.assertIn(name, page.split("# FILES")[1].replace("*" + name + "*", name), name)
        asked = {name for folder in ("src", "cli") for path in (ROOT / folder).rglob("*.c")
                 for name in re.findall(r'getenv\("(\w+)"\)', path.read_text())}
        for name in asked:
            self.assertIn(f"`{name}`", document, name)
            self.assertIn(name, page, name)

    def test_table_of_docs_cli(self):
        """docs/cli.md has a row for each command, with its options."""
        document = (ROOT / "docs/cli.md").read_text().split("## Options")[1].split("\n## ")[0]
        rows = dict(re.findall(r"^\| `([a-z-]+)` \| (.*) \|$", document, re.M))
        everywhere = {"max-memory", "max-work", "time-limit", "help"}
        self.assertEqual(list(rows), commands())
        for command, options in self.help.items():
            named = set(re.findall(r"`--([a-z-]+)`", rows[command]))
            self.assertEqual(named - everywhere, options - everywhere, command)


def on_terminal(*command, cwd=None, columns=COLUMNS, environment=None):
    """Exit code, and what it writes on a terminal, both streams together."""
    pid, terminal = pty.fork()
    if pid == 0:
        fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        os.environ.update(environment or {})
        os.environ.pop("COLUMNS", None)
        os.chdir(cwd or ".")
        os.execv(command[0], command)
    written = b""
    while True:
        try:
            part = os.read(terminal, 65536)
        except OSError:  # the other end is closed
            break
        if not part:
            break
        written += part
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), written.decode()


def shown_lines(text):
    """Lines as they stand at the end: without colours, and without what was written over."""
    text = re.sub(r"\033\[[0-9;]*[A-Za-z]", "", text).replace("\r\n", "\n")
    return [line.rsplit("\r", 1)[-1] for line in text.split("\n")]


class Texts(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        cls.folder = pathlib.Path(cls.temporary.name)
        for name in ("captured", "tflm", "tflite", "program"):
            files = sets.read(sets.DATA / f"{name}.zip")
            wanted = {"captured": CONV + "/", "tflm": "add_int8/", "tflite": "ds_cnn", "program": "methods"}.get(name, "")
            for path, data in files.items():
                if path.startswith(wanted):
                    place = cls.folder / name / path.replace(CONV, "conv")
                    place.parent.mkdir(parents=True, exist_ok=True)
                    place.write_bytes(data)
        subprocess.run([PROGRAM, "lower", "softmax", "last", "--target", "u55", "-o", "softmax.tosa"], cwd=cls.folder, check=True,
                       stdout=subprocess.DEVNULL)

    @classmethod
    def tearDownClass(cls):
        cls.temporary.cleanup()

    def check(self, *arguments, codes=(0,)):
        """Returns what stood on the terminal."""
        environment = {"NPUSCOPE_VELA": ""} if "--vela" not in arguments else {}
        code, text = on_terminal(PROGRAM, *arguments, cwd=self.folder, environment=environment)
        self.assertIn(code, codes, text)
        for line in shown_lines(text):
            if len(line) > COLUMNS:
                self.assertLess(COLUMNS - 12, max(map(len, line.split())), f"{arguments}: {len(line)} columns: {line}")
        return text

    def piped(self, *arguments):
        return subprocess.run([PROGRAM, *arguments], cwd=self.folder, capture_output=True, text=True,
                              env={**os.environ, "NPUSCOPE_VELA": ""}).stdout

    def test_help(self):
        self.check("--help")
        self.check("-V")
        for command in commands():
            self.check(command, "--help")

    def test_messages(self):
        for arguments in ([], ["nosuch"], ["suite", "--nosuch"], ["suite", "--op", "no_such_operator"], ["suite", "--threads", "-1"],
                          ["suite", "--min-sqnr", "much"], ["suite", "--shard", "9/3"], ["run"], ["run", "nosuch.tosa"],
                          ["run", "captured/conv/delegate0.tosa"], ["run", "captured/conv/delegate0.tosa", "-i", "h.db"],
                          ["diagnose", "captured/conv/delegate0.tosa"], ["inspect", "captured/conv/delegate0.tosa", "--only", "NOSUCH"],
                          ["inspect", "tflm/add_int8/model.tflite", "--only", "1"], ["sweep", "conv2d", "nosuch"],
                          ["sweep", "conv1d", "nosuch"], ["vela-diff"], ["vela-diff", "--vela", "/nonexistent", "--vela", "/x"], ["lower", "exp"],
                          ["compare", "captured/conv", "softmax.tosa"], ["history", "list", "nosuch.db"], ["lint"],
                          ["lint", "softmax.tosa", "--vela-release", "0.1"], ["fuzz-vela", "--graphs", "0"], ["completion", "csh"],
                          ["record", "softmax.tosa"], ["reduce", "softmax.tosa"], ["cache", "nosuch"], ["fvp", "nosuch"]):
            with self.subTest(arguments=arguments):
                self.check(*arguments, codes=(2, 3))

    def test_tables(self):
        conv = ["captured/conv/delegate0.tosa", "-i", "captured/conv/delegate0_in0.npy"]
        self.check("suite", "--op", "*", "--stages", "quantised,eval", "--history", "h.db", "--json", "all.json", codes=(1,))
        self.check("suite", "--op", "exp", "--op", "log_softmax", codes=(1, 3))
        self.check("suite", "--op", "exp", "--op", "log_softmax", "--stages", "quantised,eval", "--baseline", "all.json", "--history", "h.db",
                   codes=(0, 1))
        self.check("suite", "--op", "exp", "--all-targets", "--stages", "quantised,eval")
        self.check("suite", "--cases", "captured", "--catalogue", "none", "--stages", "eval", codes=(0, 1))
        self.check("suite", "--list", "--op", "*")
        self.check("history", "list", "h.db")
        self.check("history", "compare", "h.db", codes=(0, 1))
        self.check("sweep", "exp", "rank1")
        self.check("sweep", "linear", "bias", "--trials", "20")
        self.check("diagnose", *conv, "--no-compile", codes=(0, 1))
        self.check("run", *conv, "-o", "out", "--tap", "taps")
        self.check("run", "captured/conv/delegate0_vela.npz", "-i", "captured/conv/delegate0_in0.npy", "-o", "out_npu", "--tap", "taps_npu")
        self.check("run", "captured/conv/program.pte", "-i", "captured/conv/i0.bin", "-o", "out_program")
        self.check("compare", "out", "out_npu")
        self.check("compare", "taps", "taps_npu", codes=(1,))
        for model in ("captured/conv/delegate0.tosa", "softmax.tosa", "captured/conv/delegate0_vela.npz", "captured/conv/program.pte",
                      "tflm/add_int8/model.tflite"):
            self.check("inspect", model)
        self.check("inspect", "softmax.tosa", "--only", "RESCALE")
        self.check("inspect", "--coverage", "captured/conv/delegate0_vela.npz")
        self.check("lint", "--list")
        self.check("lint", "softmax.tosa", codes=(0, 1))
        self.check("operators")
        self.check("cache", "--folder", "cache")
        self.check("fvp", "install", "fvp")
        self.check("record", *conv, "-o", "case")
        self.check("fuzz-vela", "--write", "--graphs", "2", "-o", "graphs")

    def test_piped_names_are_whole(self):
        rows = json.loads(self.piped("suite", "--op", "*", "--stages", "quantised,eval", "--json", "-"))["cases"]
        text = self.piped("suite", "--op", "*", "--stages", "quantised,eval")
        on_80 = self.check("suite", "--op", "*", "--stages", "quantised,eval", codes=(1,))
        for row in rows:
            self.assertRegex(text, rf"(?m)^{re.escape(row['op'])} +{re.escape(row['case'])} +{row['target']} ")
            self.assertIn(row["case"], on_80)
        graph = json.loads(self.piped("inspect", "captured/conv/delegate0.tosa", "--json"))
        listing = self.piped("inspect", "captured/conv/delegate0.tosa", "--constants")
        narrow = self.check("inspect", "captured/conv/delegate0.tosa", "--constants")
        for tensor in graph["regions"][0]["blocks"][0]["tensors"]:
            self.assertRegex(listing, rf"(?m) {re.escape(tensor['name'])}( |$)")
            self.assertIn(tensor["name"], narrow)

    def test_documents_are_not_wrapped(self):
        """JSON and scripts are the same on a terminal as in a pipe."""
        for arguments in (["inspect", "captured/conv/delegate0.tosa", "--json"], ["completion", "zsh"],
                          ["suite", "--op", "exp", "--stages", "eval", "--csv", "-"]):
            shown = on_terminal(PROGRAM, *arguments, cwd=self.folder)[1].replace("\r\n", "\n").replace("\r", "")
            piped = self.piped(*arguments)
            self.assertEqual(re.sub(r"\d\.\d+", "", shown), re.sub(r"\d\.\d+", "", piped))

    def test_a_wider_terminal_shows_more(self):
        arguments = ["suite", "--op", "exp", "--stages", "quantised,eval"]
        self.assertNotIn(" mean ", on_terminal(PROGRAM, *arguments)[1].split("passed")[0])
        self.assertIn(" mean ", on_terminal(PROGRAM, *arguments, columns=100)[1].split("passed")[0])

    def test_progress_is_for_terminals(self):
        """A bar with rate and time left; in a pipe nothing."""
        arguments = ["sweep", "*h", "rank[12]", "--stages", "eval"]
        bar = r"\r\033\[K\[#*-*\] \d+ of \d+, [\d.e+]+/s, \d+ s left  "
        self.assertRegex(on_terminal(PROGRAM, *arguments)[1], bar)
        self.assertRegex(on_terminal(PROGRAM, "sweep", "linear", "bias", "--stages", "eval", "--trials", "60000")[1], bar + "trials")
        done = subprocess.run([PROGRAM, *arguments], capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_progress_of_what_calls_vela(self):
        if not os.environ.get("NPUSCOPE_VELA"):
            self.skipTest("no Vela")
        bar = r"\r\033\[K\[#*-*\] \d+ of \d+(, [\d.e+]+/s, \d+ s left)?  "
        (self.folder / "in0.npy").write_bytes((self.folder / "captured/conv/delegate0_in0.npy").read_bytes())
        environment = {"NPUSCOPE_CACHE": str(self.folder / "empty")}
        vela = os.environ["NPUSCOPE_VELA"]
        bars = 0
        for arguments in (["suite", "--op", "exp"], ["vela-diff", "--vela", vela, "--flags-b=--disable-chaining", "--op", "exp"],
                          ["diagnose", "captured/conv/delegate0.tosa", "-i", "in0.npy", "--all-targets"],
                          ["fuzz-vela", "--graphs", "4", "--reduce", "0"]):
            shutil.rmtree(self.folder / "empty", ignore_errors=True)
            begin = time.monotonic()
            code, text = on_terminal(PROGRAM, *arguments, cwd=self.folder, environment=environment)
            self.assertIn(code, (0, 1), text)
            if time.monotonic() - begin > 1.5:  # a bar begins after half a second of work
                self.assertRegex(text, bar, arguments)
            bars += re.search(bar, text) is not None
            self.assertFalse([line for line in shown_lines(text) if len(line) > COLUMNS], arguments)
        self.assertGreater(bars, 0)

    def test_outputs_are_looked_at_first(self):
        """A folder that is missing, or a file in its place: said at once, and nothing is written."""
        (self.folder / "file").write_text("")
        conv = ["captured/conv/delegate0.tosa", "-i", "captured/conv/delegate0_in0.npy"]
        vela = ["--vela", "/nonexistent"]
        commands_with = {
            ("suite", "--op", "nosuch"): ("--json", "--junit", "--csv", "--markdown", "--html"),
            ("sweep", "nosuch", "nosuch"): ("--json", "--html"),
            ("diagnose", "nosuch.tosa"): ("--json", "--html", "--junit", "--csv", "--markdown", "--apply", "--reduce", "--node-data"),
            ("run", "nosuch.tosa"): ("--html",), ("compare", "nosuch.npy", "nosuch.npy"): ("--json", "--html"),
            ("vela-diff", *vela): ("--json", "--html"), ("fuzz-vela", *vela): ("--json", "--html"), ("lint", "nosuch.tosa"): ("--json",),
            ("lower", "nosuch", "nosuch"): ("--output",),
        }
        for command, options in commands_with.items():
            help_text = out(PROGRAM, command[0], "--help")
            for option in options:
                self.assertIn(option + " ", help_text)
                for path in ("missing/x", "file/x", "captured"):
                    done = subprocess.run([PROGRAM, *command, option, path], cwd=self.folder, capture_output=True, text=True)
                    self.assertEqual(done.returncode, 2, (command, option, path))
                    self.assertTrue(done.stderr.startswith(f"npuscope: {path}: "), (command, option, done.stderr))
        for command in (["run", "nosuch.tosa"], ["sweep", "nosuch", "nosuch"], ["record", "nosuch.tosa"], ["reduce", "nosuch.tosa"],
                        ["fuzz-vela", *vela]):
            for path in ("file", "file/x"):
                done = subprocess.run([PROGRAM, *command, "-o", path], cwd=self.folder, capture_output=True, text=True)
                self.assertEqual((done.returncode, done.stderr.startswith(f"npuscope: {path}: ")), (2, True), (command, done.stderr))
        for path in "missing/h.db", "file/h.db", "captured", "softmax.tosa":
            done = subprocess.run([PROGRAM, "suite", "--op", "exp", "--stages", "eval", "--history", path], cwd=self.folder,
                                  capture_output=True, text=True)
            self.assertEqual((done.returncode, done.stdout), (2, ""), path)

    def damaged_vela(self, name, source):
        """A virtual environment whose Vela is `source`."""
        folder = self.folder / name
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
        packages = next(folder.glob("lib/python3*/site-packages"))
        for path, text in {"ethosu/__init__.py": "", "ethosu/vela/__init__.py": "", "ethosu/vela/vela.py": source,
                           "ethos_u_vela-9.9.9.dist-info/METADATA": "Metadata-Version: 2.1\nName: ethos-u-vela\nVersion: 9.9.9\n"}.items():
            (packages / path).parent.mkdir(parents=True, exist_ok=True)
            (packages / path).write_text(text)
        (folder / "bin/vela").write_text(f"#!{folder}/bin/python\n")
        (folder / "bin/vela").chmod(0o755)
        return str(folder)

    def with_vela(self, vela):
        """Every command that calls Vela, with what it needs."""
        graph = ["captured/conv/delegate0.tosa", "-i", "captured/conv/delegate0_in0.npy"]
        for arguments in (["suite", "--op", "exp", "--case", "rank1"], ["sweep", "exp", "rank1"], ["diagnose", *graph],
                          ["vela-diff", "--flags-b=--optimise", "--op", "exp"], ["fuzz-vela", "--graphs", "2"],
                          ["reduce", *graph, "-o", "reduced"]):
            yield arguments[0], subprocess.run([PROGRAM, *arguments, "--vela", vela], cwd=self.folder, capture_output=True, text=True, timeout=100,
                                               env={**os.environ, "NPUSCOPE_CACHE": str(self.folder / "damaged_cache")})

    def test_a_damaged_vela_is_one_line(self):
        """Where Python ends with a traceback, its last line is said, once, and nothing passes for a result."""
        vela = self.damaged_vela("damaged", "def load():\n    raise ImportError('libregor.so: cannot be opened')\n\n\nload()\n")
        for command, done in self.with_vela(vela):
            with self.subTest(command=command):
                self.assertEqual(done.returncode, 3, done.stdout + done.stderr)
                self.assertRegex(done.stderr, r"^npuscope: .* does not run Vela 9\.9\.9.*: ImportError: libregor\.so: cannot be opened\n$")
                self.assertNotIn("Traceback", done.stdout)

    def test_an_error_of_vela_is_its_last_line(self):
        source = ("import traceback\n\n\ndef main(arguments):\n    try:\n        raise ValueError('no such block')\n"
                  "    except ValueError:\n        traceback.print_exc()\n    return 1\n")
        vela = self.damaged_vela("failing", source)
        for command, done in self.with_vela(vela):
            if command in ("fuzz-vela", "reduce"):  # they call the compiler's core, which is not there
                continue
            with self.subTest(command=command):
                self.assertIn("ValueError: no such block", done.stdout + done.stderr)
                self.assertNotIn("Traceback", done.stdout + done.stderr)

    def test_nan_among_inputs_is_said(self):
        values = [0.5] * 80
        values[7] = values[9] = float("nan")
        (self.folder / "nan.bin").write_bytes(struct.pack("<80f", *values))
        done = subprocess.run([PROGRAM, "run", "captured/conv/program.pte", "-i", "nan.bin"], cwd=self.folder, capture_output=True, text=True)
        self.assertIn("npuscope: warning: input 'in0': nan.bin: 2 of 80 elements are NaN, the first is element 7\n", done.stderr)


class Recordings(unittest.TestCase):
    """What documents show is what the commands print, but for times."""

    def test_documents(self):
        if not os.environ.get("NPUSCOPE_VELA"):
            self.skipTest("no Vela")
        script = str(ROOT / "scripts/terminal-to-svg")
        recorder = importlib.util.module_from_spec(importlib.util.spec_from_loader(
            "recorder", importlib.machinery.SourceFileLoader("recorder", script)))
        recorder.__loader__.exec_module(recorder)

        def without_times(text):
            return re.sub(r"\d{4}-\d\d-\d\dT[\d:]+Z|\(\d+\.\d+ s\)", "TIME", text)

        for name in "suite", "cases":
            path = ROOT / f"docs/{name}.md"
            self.assertEqual(without_times(path.read_text()), without_times(recorder.record_document(path, [])), name)


if __name__ == "__main__":
    unittest.main()
