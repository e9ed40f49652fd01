#!/usr/bin/env python3
"""Each known defect on its graphs (tests/data/defects.zip, made by scripts/record-defects): cases.py lint | VERSION

lint: `npuscope lint` warns on the minimal, the ordinary and the other graphs of a row, and not on the way round and on the healthy
neighbour; and of nothing on graphs of ExecuTorch's own tests. VERSION: that release of Vela is wrong on the ordinary and the minimal graph for
a target that the row names, and right or refuses wherever lint warns of nothing, ways round included.

Environment: NPUSCOPE, the program; NPUSCOPE_TEST_DATA; NPUSCOPE_VELA or NPUSCOPE_VELA_5_0_0 and so on, the releases. Exit 77
(skipped) where the release is not installed.
"""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))
from recording import sets  # noqa: E402

NPUSCOPE = os.environ["NPUSCOPE"]
DATA = pathlib.Path(os.environ["NPUSCOPE_TEST_DATA"])
TARGETS = ("ethos-u55-128", "ethos-u65-256", "ethos-u85-128", "ethos-u85-1024")
# Graphs of ExecuTorch's that meet none with 5.1.0, but for a grouped convolution of three batches, of which every release
# compiles two thirds wrong on every target (docs/errata.md, slice_window).
HEALTHY_RELEASE = "5.1.0"
# Minimal graphs that go wrong with the one value that they were reduced with, and not with those that vela-diff draws.
OF_ONE_VALUE = ("negate_double_round", "negate_saturation", "rescale_zero_point")
NOT_HEALTHY = {"lower/random_3x6x5_o6_k4_s3_p3_d1_g2/both.tosa": {"slice_window"}}


def graphs(folder):
    """{row: {kind: path}} of the set, unpacked into a folder."""
    found = {}
    for name, data in sets.read(DATA / "defects.zip").items():
        row, file = name.split("/")
        if file.endswith(".tosa"):
            path = folder / f"{row}--{file}"
            path.write_bytes(data)
            found.setdefault(row, {})[file[:-5]] = path
    return found


def lint(path, release, target=None):
    result = folder / "lint.json"
    command = [NPUSCOPE, "lint", str(path), "--vela-release", release, "--json", str(result)]
    code = subprocess.run(command + (["--target", target] if target else []), capture_output=True, text=True).returncode
    findings = json.loads(result.read_text())["findings"]
    assert code == (1 if findings else 0), (path, code)
    return {finding["known_defect"] for finding in findings}


def rows():
    """{row: options that avoid it} of known_defects.def, without those that only a stream shows."""
    text = (ROOT / "include/npuscope/known_defects.def").read_text()
    found = {}
    for block in re.split(r"^NS_DEFECT\(", text, flags=re.MULTILINE)[1:]:
        _, what, avoid, options, *_ = re.findall(r'"([^"]*)"', block)
        if ", never," not in block:
            found[block.split(",")[0]] = options
    return found


def check_lint(found):
    assert set(found) == set(rows()), set(found) ^ set(rows())
    for row, kinds in found.items():
        for kind, path in kinds.items():
            met = lint(path, "all")
            assert (row in met) == (kind in ("ordinary", "minimal") or kind.startswith("other")), (row, kind, met)
    healthy = 0
    for name in ("captured", "lower", "graphs"):
        for file, data in sets.read(DATA / f"{name}.zip").items():
            if file.endswith(".tosa"):
                path = folder / "healthy.tosa"
                path.write_bytes(data)
                met = lint(path, HEALTHY_RELEASE)
                assert met == NOT_HEALTHY.get(f"{name}/{file}", set()), (name, file, met)
                healthy += not met
    assert healthy >= 127, healthy
    print(f"{len(found)} defects, {healthy} healthy graphs")


def vela_of(version):
    for variable in ("NPUSCOPE_VELA_" + version.replace(".", "_"), "NPUSCOPE_VELA"):
        for python in (pathlib.Path(os.environ.get(variable, "/nowhere")) / "bin" / "python", ROOT / f"build/venv-{version}/bin/python"):
            if python.exists():
                said = subprocess.run([python, "-c", "import importlib.metadata as m; print(m.version('ethos-u-vela'))"],
                                      capture_output=True, text=True).stdout.strip()
                if said == version:
                    return str(python)
    return None


def statuses(graphs, vela, options):
    """{(graph, accelerator): what it is without options and with them} of the files `graphs`."""
    with tempfile.TemporaryDirectory() as place:
        for path in graphs:
            (pathlib.Path(place) / path.name).write_bytes(path.read_bytes())
        document = folder / "diff.json"
        command = [NPUSCOPE, "vela-diff", "--vela", vela, "--flags-b", options, "--graphs", place, "--json", str(document)]
        subprocess.run(command + [f"--target={target}" for target in TARGETS], capture_output=True, timeout=600)
        return {(g["graph"], g["accelerator"]): (g["a"]["status"], g["b"]["status"]) for g in json.loads(document.read_text())["graphs"]}


def check_options(found, version, vela):
    """A row's options make its ordinary graph right wherever the row is met; of a release that they do not always help, see `avoid`."""
    options = {row: text for row, text in rows().items() if text}
    for text in set(options.values()):
        chosen = [row for row in options if options[row] == text]
        said = statuses([found[row]["ordinary"] for row in chosen], vela, text)
        for row in chosen:
            graph = found[row]["ordinary"]
            for target in TARGETS:
                if row in lint(graph, version, target):
                    assert said[graph.name, target][1] == "right", (version, row, target, text, said[graph.name, target])


def check_release(found, version):
    vela = vela_of(version)
    if not vela:
        print(f"Vela {version} is not installed (scripts/install-vela {version} build/venv-{version})")
        sys.exit(77)
    os.environ["NPUSCOPE_CACHE"] = str(folder / "cache")
    said = statuses([path for kinds in found.values() for path in kinds.values()], vela, "--optimise Size")
    shown = 0
    for row, kinds in found.items():
        for kind in kinds:
            met = {target: lint(kinds[kind], version, target) for target in TARGETS}
            status = {target: said[kinds[kind].name, target][0] for target in TARGETS}
            for target in TARGETS:
                assert met[target] or status[target] in ("right", "refused"), (version, row, kind, target, status[target])
            shows = kind == "ordinary" or kind.startswith("other") or (kind == "minimal" and row not in OF_ONE_VALUE)
            if shows and any(row in m for m in met.values()):
                wrong = [t for t in TARGETS if row in met[t] and status[t] in ("wrong", "failed")]
                assert wrong, (version, row, met, status)
                shown += 1
    assert shown >= 20, shown
    check_options(found, version, vela)
    print(f"Vela {version}: {shown} defects shown, {len(said)} streams")


with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)
    if sys.argv[1] == "lint":
        check_lint(graphs(folder))
    else:
        check_release(graphs(folder), sys.argv[1])
