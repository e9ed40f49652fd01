#!/usr/bin/env python3
"""Drives the page of `npuscope suite --html` in headless Chromium.

  page.py TEST_REPORT_HTML      the program that writes the page of hand-made results

Environment: NPUSCOPE, the program. Exit 77 (skipped) where Chromium is not installed.
"""
import json
import os
import pathlib
import shlex
import struct
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import browser

CHROMIUM = browser.find()
if not CHROMIUM:
    print("no Chromium that starts (Debian: chromium)")
    sys.exit(77)
NPUSCOPE = os.environ["NPUSCOPE"]
WRITE_PAGE = sys.argv.pop(1)
AXE = pathlib.Path(os.environ.get("NPUSCOPE_AXE", pathlib.Path(__file__).resolve().parents[2] / "build/axe/node_modules/axe-core/axe.min.js"))
FOLDER = tempfile.TemporaryDirectory()
os.environ["NPUSCOPE_CACHE"] = FOLDER.name + "/cache"

# Few rows of every kind: kept off U55, swept, all of it; `var` fails with ExecuTorch's own settings.
SEED = ["--seed", "3", "--qtol", "64", "--epsilon", "3e-5", "--weights", "per-tensor", "--op", "bmm", "--op", "exp",
        "--op", "reciprocal", "--op", "mean.dim", "--case", "rank1", "--case", "same_shape"]
VAR = ["--catalogue", "executorch", "--op", "var", "--stages", "quantised,eval"]


def suite(name, arguments, codes):
    """The page's path and the JSON document of one run."""
    page, document = pathlib.Path(FOLDER.name, name + ".html"), pathlib.Path(FOLDER.name, name + ".json")
    result = subprocess.run([NPUSCOPE, "suite", *arguments, "--html", str(page), "--json", str(document)],
                            capture_output=True, text=True, timeout=300)
    if result.returncode == 3:  # rows that were not compiled: the page would show less than is looked at here
        print("Vela is not installed")
        sys.exit(77)
    if result.returncode not in codes:
        sys.exit(f"{arguments}: exit code {result.returncode}\n{result.stdout[-2000:]}{result.stderr}")
    return page, json.loads(document.read_text())


SHOWN = "[...document.querySelectorAll('details.case')].filter(one => one.checkVisibility())"
# Every point of the page that reaches beyond the window's right end, unless a box of its own scrolls it.
OVERFLOW = """(() => { const wide = [];
  for (const one of document.body.querySelectorAll('*'))
    if (!one.closest('.scroll, pre') && one.getBoundingClientRect().right > innerWidth + 1) wide.push(one.outerHTML.slice(0, 90));
  return [document.documentElement.scrollWidth - innerWidth, wide.slice(0, 3)]; })()"""
OPEN_ALL = "document.querySelectorAll('details').forEach(one => one.open = true)"


class Page(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.browser = browser.Browser(CHROMIUM, timeout=240)
        cls.page, cls.document = suite("seed", SEED, {0})
        cls.failing, cls.failures = suite("var", VAR, {1})
        cls.made = pathlib.Path(FOLDER.name, "made.html")
        subprocess.run([WRITE_PAGE, str(cls.made)], check=True, timeout=60)

    @classmethod
    def tearDownClass(cls):
        cls.browser.__exit__()

    def setUp(self):
        self.browser.events.clear()
        self.browser.view(1200, 900)

    def tearDown(self):
        """No page says anything on the console or asks anybody for anything."""
        self.browser.evaluate("new Promise(done => setTimeout(done, 50))")
        for method, parameters in self.browser.events:
            self.assertNotIn(method, ("Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded",
                                      "Page.javascriptDialogOpening"), parameters)
            if method == "Network.requestWillBeSent":
                self.assertRegex(parameters["request"]["url"], "^(file:///|data:)")
                if not parameters["request"]["url"].startswith("data:"):
                    self.assertEqual(parameters["type"], "Document")

    def open(self, page, fragment=""):
        self.browser.open("about:blank")
        self.browser.open(page.as_uri() + fragment)

    def value(self, expression):
        return self.browser.evaluate(expression)

    def choose(self, control, value):
        self.value(f"(() => {{ const one = document.getElementById('{control}'); one.value = {json.dumps(value)};"
                   "one.dispatchEvent(new Event('input', {bubbles: true})); })()")

    def assert_shown(self, wanted):
        """The rows that `wanted` takes, no more, in the document's order; and their number is said."""
        cases = self.document["cases"]
        names = [f"{one['op']}/{one['case']}/{one['target']}" for one in cases if wanted(one)]
        self.assertEqual(self.value(SHOWN + ".map(one => one.id)"), names)
        self.assertEqual(self.value("document.getElementById('count').textContent"),
                         f"{len(names)} of {len(cases)} rows")
        self.assertEqual(self.value("document.getElementById('none').checkVisibility()"), not names)

    def test_counts(self):
        self.open(self.page)
        for name, count in self.document["summary"].items():
            name = {"not_compiled": "not compiled", "invalid": "bad cases"}.get(name, name)
            if name in ("inaccurate", "not compiled", "bad cases") and not count:
                continue
            self.assertIn(f"{count} {name}", self.value("document.querySelector('.counts').textContent"))

    def test_filters(self):
        self.open(self.page)
        self.assert_shown(lambda one: True)
        self.choose("words", "RANK1 exp")
        self.assert_shown(lambda one: one["op"] == "exp")
        self.choose("target", "u85")
        self.assert_shown(lambda one: one["op"] == "exp" and one["target"] == "u85")
        self.choose("words", "keeps bmm off")
        self.assert_shown(lambda one: False)
        self.choose("target", "")
        self.assert_shown(lambda one: one["verdict"] == "rejected")
        self.value("document.querySelector('form button[type=reset]').click()")
        self.value("new Promise(done => setTimeout(done, 50))")
        self.assert_shown(lambda one: True)
        self.choose("verdict", "rejected")
        self.assert_shown(lambda one: one["verdict"] == "rejected")
        self.choose("verdict", "fail")
        self.assert_shown(lambda one: False)
        self.choose("verdict", "")
        self.choose("op", "mean.dim")
        self.assert_shown(lambda one: one["op"] == "mean.dim")

    def test_the_table_chooses_operator_and_target(self):
        self.open(self.page)
        self.value("document.querySelector('.summary button[data-op=exp][data-target=u55]').click()")
        self.assert_shown(lambda one: one["op"] == "exp" and one["target"] == "u55")

    def test_a_case_opens_by_key_and_its_address_leads_back(self):
        self.open(self.page)
        opened = "document.getElementById('exp/rank1/u85').open"
        self.value("document.querySelector('[id=\"exp/rank1/u85\"] > summary').focus()")
        self.assertFalse(self.value(opened))
        self.browser.key("Enter", "\r")
        self.assertTrue(self.value(opened))
        self.assertEqual(self.value("location.hash"), "#exp/rank1/u85")
        self.browser.key("Enter", "\r")
        self.assertFalse(self.value(opened))
        self.assertEqual(self.value("location.hash"), "")
        self.open(self.page, "#exp/rank1/u85")
        self.assertTrue(self.value(opened))
        self.assertLess(self.value("document.getElementById('exp/rank1/u85').getBoundingClientRect().top"), 200)
        # A link to a row that the filter hides shows it.
        self.choose("op", "bmm")
        self.value("location.hash = '#reciprocal/rank1/u55'")
        self.value("new Promise(done => setTimeout(done, 50))")
        self.assertTrue(self.value("document.getElementById('reciprocal/rank1/u55').checkVisibility()"))
        self.assertTrue(self.value("document.getElementById('reciprocal/rank1/u55').open"))

    def test_figures_are_those_of_the_document(self):
        self.open(self.page)
        self.value(OPEN_ALL)
        for case in self.document["cases"]:
            place = f"document.getElementById('{case['op']}/{case['case']}/{case['target']}')"
            judged = [stage for stage in case["stages"] if stage["histogram"]]
            drawn = self.value(f"""[...{place}.querySelectorAll('figure.histogram')].map(figure => {{
                const size = figure.querySelector('svg').getBoundingClientRect();
                return [figure.dataset.stage, [...figure.querySelectorAll('g')].map(one => +one.dataset.count),
                    [...figure.querySelectorAll('text.count')].map(one => +one.textContent),
                    [...figure.querySelectorAll('rect')].map(one => one.getBoundingClientRect().height > 0),
                    size.width > 100 && size.height > 50]; }})""")
            self.assertEqual(drawn, [[stage["name"], stage["histogram"], [n for n in stage["histogram"] if n],
                                      [n > 0 for n in stage["histogram"]], True] for stage in judged], place)
            texts = self.value(f"[...{place}.querySelectorAll('.row .n')].map(one => one.textContent)")
            stages = {stage["name"]: stage for stage in judged}
            for name, text in zip(("quantised", "eval"), texts):
                self.assertEqual(text, f"{stages[name]['max_steps']:.2f}" if name in stages else "-")
            if "npu" in stages:
                self.assertEqual(texts[4], "exact")

    def test_sweep_graph_and_stream(self):
        self.open(self.page)
        self.value(OPEN_ALL)
        for case in self.document["cases"]:
            if case["verdict"] != "pass":
                continue
            place = f"document.getElementById('{case['op']}/{case['case']}/{case['target']}')"
            boxes = self.value(f"[...{place}.querySelectorAll('.graph .box .op')].map(one => one.textContent)")
            self.assertEqual((boxes[0], boxes[-1]), ("input 0", "output 0"))
            self.assertIn({"exp": "TABLE", "reciprocal": "TABLE", "bmm": "MATMUL", "mean.dim": "REDUCE_SUM"}[case["op"]],
                          boxes)
            # Boxes of one graph do not lie over each other.
            self.assertTrue(self.value(f"""[...{place}.querySelectorAll('.graph .box rect')].map(one =>
                one.getBoundingClientRect()).every((a, i, all) => a.width > 0 && all.every((b, k) => i === k ||
                a.right <= b.left || b.right <= a.left || a.bottom <= b.top || b.bottom <= a.top))"""))
            compiled = any(stage["name"] == "npu" for stage in case["stages"])
            stream = self.value(f"{place}.querySelector('.stream pre')?.textContent ?? ''")
            self.assertEqual("OP_STOP" in stream, compiled)
            if compiled:
                self.assertIn(case["accelerator"], stream.split("\n")[0])
            swept = self.value(f"{place}.querySelectorAll('.curve').length")
            self.assertEqual(swept, case["op"] in ("exp", "reciprocal"))
            if swept:
                self.compare_sweep(case, place)

    def compare_sweep(self, case, place):
        path = FOLDER.name + "/sweep.json"
        subprocess.run([NPUSCOPE, "sweep", case["op"], case["case"], "--target", case["target"], "--stages", "eval",
                        "--seed", "3", "--epsilon", "3e-5", "--json", path], check=True, capture_output=True, timeout=120)
        sweep = json.loads(pathlib.Path(path).read_text())["eval"]
        self.assertEqual(self.value(f"+{place}.querySelector('.sweep').dataset.worst"), sweep["worst"]["code"])
        self.assertEqual(self.value(f"[...{place}.querySelectorAll('.sweep g')].map(one => +one.dataset.count)"),
                         [one["codes"] for one in sweep["bins"]])
        # The curve's highest point is the worst code's, and it lies where the mark is.
        mark, band, axis = self.value(f"""['.worst', 'path.band', 'path.axis'].map(name => {{
            const box = {place}.querySelector('.curve ' + name).getBoundingClientRect();
            return [(box.left + box.right) / 2, (box.top + box.bottom) / 2, box.top, box.width]; }})""")
        self.assertAlmostEqual(mark[1], band[2], delta=1.5)
        left = axis[0] - axis[3] / 2
        self.assertAlmostEqual((mark[0] - left) / axis[3], (sweep["worst"]["code"] + 32768) / 65536, delta=0.01)

    def test_the_command_of_a_case_gives_its_figures_again(self):
        self.open(self.page)
        case = next(one for one in self.document["cases"] if one["op"] == "exp" and one["target"] == "u85")
        command = self.value("document.getElementById('exp/rank1/u85').querySelector('code').textContent")
        path = FOLDER.name + "/again.json"
        words = shlex.split(command)
        self.assertEqual(words[0], "npuscope")
        subprocess.run([NPUSCOPE, *words[1:], "--json", path], check=True, capture_output=True, timeout=120)
        again = json.loads(pathlib.Path(path).read_text())["cases"]
        self.assertEqual(len(again), 1)
        self.assertEqual(again[0]["settings"], case["settings"])
        self.assertEqual([(one["name"], one["max_steps"], one["histogram"]) for one in again[0]["stages"]],
                         [(one["name"], one["max_steps"], one["histogram"]) for one in case["stages"]])

    def test_failures_are_told_with_words(self):
        self.open(self.failing)
        failed = [one for one in self.failures["cases"] if one["verdict"] == "fail"]
        self.assertGreater(len(failed), 0)
        for case in failed:
            place = f"document.getElementById('{case['op']}/{case['case']}/{case['target']}')"
            self.assertIn("fail", self.value(f"{place}.querySelector('summary').textContent"))
            text = self.value(f"{place}.querySelector('.reason').textContent")
            self.assertIn("at fault: " + case["at_fault"], text)
            self.assertIn(case["reason"], text)
        links = self.value("[...document.querySelectorAll('.findings a')].map(one => one.getAttribute('href'))")
        self.assertEqual(len(links), min(len(failed), 12))
        self.value("document.querySelector('.findings a').click()")
        self.value("new Promise(done => setTimeout(done, 50))")
        self.assertTrue(self.value(f"document.getElementById({json.dumps(links[0][1:])}).open"))

    def test_hand_made_rows(self):
        self.open(self.made)
        self.assertEqual(self.value(SHOWN + ".length"), 8)
        self.choose("verdict", "skipped")
        self.assertEqual(self.value(SHOWN + ".length"), 1)
        self.choose("verdict", "fail")
        self.choose("words", "<script>")
        self.assertEqual(self.value(SHOWN + ".length"), 3)

    def test_nothing_reaches_beyond_the_window(self):
        for page in (self.page, self.failing, self.made):
            self.open(page)
            for part in ("true", OPEN_ALL):
                self.value(part)
                for width in (320, 390, 740, 960, 1200):
                    for dark in (False, True):
                        with self.subTest(page=page.name, part=part, width=width, dark=dark):
                            self.browser.view(width, 800, dark)
                            self.assertEqual(self.value("innerWidth"), width)
                            self.assertEqual(self.value(OVERFLOW), [0, []])

    def test_dark_is_dark_and_both_are_readable(self):
        ratio = """(() => {
          const light = (text) => { const [r, g, b] = text.match(/[\\d.]+/g).map(Number).map(v => (v /= 255) <= 0.04045 ?
            v / 12.92 : ((v + 0.055) / 1.055) ** 2.4); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
          const paper = light(getComputedStyle(document.body).backgroundColor);
          const worst = Math.min(...[...document.querySelectorAll('body, p, .pass, .fail, .rejected, .skipped, .target, .n, small')]
            .map(one => light(getComputedStyle(one).color)).map(ink => (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05)));
          return [paper, worst]; })()"""
        for dark in (False, True):
            self.browser.view(1200, 900, dark)
            self.open(self.made)
            paper, worst = self.value(ratio)
            self.assertEqual(paper < 0.1, dark)
            self.assertGreaterEqual(worst, 4.5)  # WCAG 2.1, success criterion 1.4.3

    def test_every_name_is_given_once(self):
        for page in (self.page, self.failing, self.made):
            self.open(page)
            ids = self.value("[...document.querySelectorAll('[id]')].map(one => one.id)")
            self.assertEqual(len(ids), len(set(ids)))

    def test_size(self):
        rows = len(self.document["cases"])
        self.assertLess(self.page.stat().st_size, 20_000 + 60_000 * rows)


    def test_sorting(self):
        self.open(self.page)
        shown = SHOWN + ".map(one => parseFloat(one.querySelector('[data-label=eval]').textContent))"
        self.value("document.getElementById('cases').previousElementSibling.children[4].click()")
        steps = [x for x in self.value(shown) if x is not None]
        self.assertEqual(steps, sorted(steps, reverse=True))
        self.assertGreater(len(set(steps)), 1)
        self.value("document.getElementById('cases').previousElementSibling.children[4].click()")
        self.assertEqual([x for x in self.value(shown) if x is not None], steps[::-1] if len(set(steps)) == len(steps) else sorted(steps))
        self.open(self.failing)
        self.value("document.getElementById('worst').click()")
        verdicts = self.value(SHOWN + ".map(one => one.dataset.verdict)")
        self.assertEqual(verdicts, sorted(verdicts, key=["fail", "inaccurate", "rejected", "skipped", "pass"].index))
        self.assertEqual(verdicts[0], "fail")

    def test_bounds(self):
        self.open(self.page)
        self.value("(() => { const one = document.querySelector('[data-column=eval]'); one.value = 30; one.dispatchEvent(new Event('input', {bubbles: true})); })()")
        def over(case):
            stage = next((one for one in case["stages"] if one["name"] == "eval"), {})
            return round(stage.get("max_steps") or 0, 2) >= 30
        self.assert_shown(over)
        self.assertRegex(self.value(SHOWN + "[0].querySelector('[data-label=eval]').className"), "e[345]")

    def test_numbers_on_a_phone(self):
        self.browser.view(390, 844)
        self.open(self.page)
        for label in ("quantised", "eval", "mean", "dB", "npu"):
            self.assertTrue(self.value(SHOWN + f"[0].querySelector('[data-label={label}]').checkVisibility()"), label)

    def test_keyboard(self):
        """Tab comes to heads, filters and rows; Enter sorts and opens."""
        self.open(self.page)
        reached = set()
        for _ in range(60):
            self.browser.key("Tab")
            reached.add(self.value("document.activeElement.id || document.activeElement.className || document.activeElement.tagName"))
            if "row" in reached:
                break
        self.assertLessEqual({"words", "worst", "verdict", "row"}, reached)
        self.browser.key("Enter", "\r")
        self.assertTrue(self.value("document.activeElement.parentElement.open"))

    def pages(self):
        """A page of every command that writes one."""
        folder = pathlib.Path(FOLDER.name)
        lowered = folder / "exp.tosa"
        def run(*arguments, codes=(0,)):
            done = subprocess.run([NPUSCOPE, *map(str, arguments)], capture_output=True, text=True, timeout=300)
            self.assertIn(done.returncode, codes, done.stderr)
        run("lower", "exp", "rank1", "--target", "u85", "-o", lowered)
        header = b"{'descr': '<i2', 'fortran_order': False, 'shape': (10,), }\n"
        (folder / "x.npy").write_bytes(b"\x93NUMPY\1\0" + struct.pack("<H", len(header)) + header + struct.pack("<10h", *range(-5000, 5000, 1000)))
        run("run", lowered, "-i", folder / "x.npy", "-o", folder / "a", "--tap", folder / "a/taps", "--html", folder / "run.html")
        run("compare", folder / "a/out0.npy", folder / "x.npy", "--html", folder / "compare.html", codes=(1,))
        run("sweep", "exp", "rank1", "--html", folder / "sweep.html")
        run("vela-diff", "--flags-b", "--optimise Size", "--op", "exp", "--html", folder / "vela-diff.html")
        run("fuzz-vela", "--graphs", "3", "--reduce", "0", "--target", "ethos-u85-128", "--html", folder / "fuzz-vela.html", codes=(0, 1))
        run("diagnose", lowered, "-i", folder / "x.npy", "--no-compile", "--html", folder / "diagnose.html", codes=(0, 1))
        run("suite", "--op", "exp", "--stages", "eval", "--qtol", "1", "--json", folder / "before.json", codes=(0, 1))
        run("suite", "--op", "exp", "--op", "gelu", "--stages", "eval", "--baseline", folder / "before.json", "--html", folder / "beside.html")
        return [folder / f"{name}.html" for name in ("run", "compare", "sweep", "vela-diff", "fuzz-vela", "diagnose", "beside")]

    def test_pages_of_all_commands(self):
        """No page reaches beyond the window, each table sorts and filters, and axe-core finds nothing."""
        for page in [self.made, *self.pages()]:
            for width, dark in ((390, False), (1200, True)):
                self.browser.view(width, 844, dark)
                self.open(page)
                self.value("[...document.querySelectorAll('details')].slice(0, 6).forEach(one => one.open = true)")
                with self.subTest(page=page.name, width=width, dark=dark):
                    self.assertEqual(self.value(OVERFLOW), [0, []])
                    if AXE.exists():
                        self.value(AXE.read_text() + ";0")
                        found = self.value("axe.run(document, {resultTypes: ['violations']}).then(r => r.violations.map(v => [v.id, "
                                           "v.nodes.map(n => n.html.slice(0, 100)).slice(0, 3)]))")
                        self.assertEqual(found, [])
        # The way to float stands in the window of a telephone, names above bars; beside them where there is room.
        for width, columns in ((390, 1), (1200, 2)):
            self.browser.view(width, 844)
            self.open(pathlib.Path(FOLDER.name, "diagnose.html"))
            places = self.value("[...document.querySelectorAll('.steps > span')].map(one => one.getBoundingClientRect()).map(r => [r.left, r.right])")
            self.assertGreaterEqual(len(places), 4)
            self.assertEqual(len({left for left, _ in places}), columns)
            self.assertLessEqual(max(right for _, right in places), width)
            self.assertIsNone(self.value("document.querySelector('.steps').closest('.scroll')"))
        self.browser.view(1200, 900)
        self.open(pathlib.Path(FOLDER.name, "beside.html"))
        rows = "[...document.querySelectorAll('table.data tbody tr')].filter(one => one.checkVisibility()).map(one => one.cells[3].textContent)"
        self.assertEqual(set(self.value(rows)), {"same", "better", "new"} & set(self.value(rows)))
        self.assertIn("new", self.value(rows))
        self.value("(() => { const field = document.querySelectorAll('section.data .filters input')[3]; field.value = 'new';"
                   "field.dispatchEvent(new Event('input')); })()")
        self.assertEqual(set(self.value(rows)), {"new"})
        self.value("document.querySelectorAll('table.data th button')[9].click()")
        steps = self.value("[...document.querySelectorAll('table.data tbody tr')].filter(one => one.checkVisibility()).map(one => +one.cells[9].textContent)")
        self.assertEqual(steps, sorted(steps, reverse=True))
        if not AXE.exists():
            self.skipTest("axe-core is not installed (scripts/install-oracles)")


unittest.main()
