#!/usr/bin/env python3
"""Each known defect on its graphs (tests/data/defects.zip, made by scripts/record-defects): cases.py lint | compiled

lint: `npuscope lint` warns on the minimal, the ordinary and the other graphs of a row, and not on the way round and on the healthy
neighbour; and of nothing on graphs of ExecuTorch's own tests. compiled: each release of Vela that is installed is wrong on the ordinary and the
minimal graph for a target that the row names, and right or refuses wherever lint warns of nothing, ways round included.

Environment: NPUSCOPE, the program; NPUSCOPE_TEST_DATA; NPUSCOPE_VELA or NPUSCOPE_VELA_5_0_0 and so on, the releases. Exit 77
(skipped) where none is installed.
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
VERSIONS = ("5.0.0", "5.1.0", "5.2.0")
OTHER_OPTIONS = "--optimise Size"  # of the other side where one release alone is there
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


def installed():
    """{release: Python} of the releases that are there, from the oldest on."""
    found = {}
    for version in VERSIONS:
        for variable in ("NPUSCOPE_VELA_" + version.replace(".", "_"), "NPUSCOPE_VELA"):
            for python in (pathlib.Path(os.environ.get(variable, "/nowhere")) / "bin" / "python", ROOT / f"build/venv-{version}/bin/python"):
                if version not in found and python.exists() and version == subprocess.run(
                        [python, "-c", "import importlib.metadata as m; print(m.version('ethos-u-vela'))"],
                        capture_output=True, text=True).stdout.strip():
                    found[version] = str(python)
    return found


def diff(place, *options):
    """The graphs of the document of vela-diff over the files of a folder."""
    document = folder / "diff.json"
    command = [NPUSCOPE, "vela-diff", "--graphs", place, "--json", str(document), *options]
    subprocess.run(command + [f"--target={target}" for target in TARGETS], capture_output=True, timeout=600)
    return json.loads(document.read_text())["graphs"]


def compiled(files, velas, options=None):
    """{(release, graph, accelerator): what vela-diff says of it}; without options all releases in one run."""
    said = {}
    with tempfile.TemporaryDirectory() as place:
        for path in files:
            (pathlib.Path(place) / path.name).write_bytes(path.read_bytes())
        if options is None and len(velas) > 1:
            for graph in diff(place, *(f"--vela={vela}" for vela in velas.values())):
                said.update({(release, graph["graph"], graph["accelerator"]): side for release, side in zip(velas, graph["sides"])})
            return said
        for release, vela in velas.items():
            for graph in diff(place, f"--vela={vela}", f"--flags-b={options or OTHER_OPTIONS}"):
                said[release, graph["graph"], graph["accelerator"]] = graph["b" if options else "a"]
    return said


def check_options(found, velas, met):
    """A row's options make its ordinary graph right wherever the row is met; of a release that they do not always help, see `avoid`."""
    options = {row: text for row, text in rows().items() if text}
    for text in set(options.values()):
        chosen = [row for row in options if options[row] == text]
        said = compiled([found[row]["ordinary"] for row in chosen], velas, text)
        for row in chosen:
            name = found[row]["ordinary"].name
            for release in velas:
                for target in TARGETS:
                    if row in met[release, name, target]:
                        assert said[release, name, target]["status"] == "right", (release, row, target, text, said[release, name, target])


def check_release(found, release, said, met):
    """How many rows' graphs go wrong with the release; everywhere else it is right or refuses."""
    shown = 0
    for row, kinds in found.items():
        for kind, path in kinds.items():
            status = {target: said[release, path.name, target]["status"] for target in TARGETS}
            here = {target: met[release, path.name, target] for target in TARGETS}
            for target in TARGETS:
                assert here[target] or status[target] in ("right", "refused"), (release, row, kind, target, status[target])
            shows = kind == "ordinary" or kind.startswith("other") or (kind == "minimal" and row not in OF_ONE_VALUE)
            if shows and any(row in rows_met for rows_met in here.values()):
                wrong = [t for t in TARGETS if row in here[t] and status[t] in ("wrong", "failed")]
                assert wrong, (release, row, here, status)
                shown += 1
    assert shown >= 20, shown
    return shown


def check_releases(found):
    velas = installed()
    for version in VERSIONS:
        if version not in velas:
            print(f"Vela {version} is not installed (scripts/install-vela {version} build/venv-{version})")
    if not velas:
        sys.exit(77)
    os.environ["NPUSCOPE_CACHE"] = str(folder / "cache")
    said = compiled([path for kinds in found.values() for path in kinds.values()], velas)
    # What `lint` says of the graph, the release and the target.
    met = {key: set(side["known_defects"]) for key, side in said.items()}
    for release in velas:
        print(f"Vela {release}: {check_release(found, release, said, met)} graphs of rows go wrong, {len(said) // len(velas)} streams")
    check_options(found, velas, met)


# Thousands of small files: where the system has a file system in memory, there.
with tempfile.TemporaryDirectory(dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None) as name:
    folder = pathlib.Path(name)
    if sys.argv[1] == "lint":
        check_lint(graphs(folder))
    else:
        check_releases(graphs(folder))
