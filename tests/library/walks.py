"""The walks of docs/library.md and docs/python.md, from install to the first verdict: run as they stand there, in an empty
folder with a user's files, and what they print compared with what the page says.

  walks.py SOURCE BUILD WALK [PYTHON]

WALK: c, cpp; python, pytest (PYTHON has the wheel; exit code 77 where it lacks what the walk needs).
"""
import io
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import zipfile

source, build, walk = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve(), sys.argv[3]
# What stands for the page's first line, since nothing is built or fetched anew here.
INSTALL = """
make() { # install PREFIX=..
  prefix=${2#PREFIX=}
  DESTDIR=$PWD/root meson install -C "$BUILD" --no-rebuild --quiet
  mv "$(dirname "$(find root -type d -name include)")" "$prefix"
  sed -i "s|^prefix=.*|prefix=$prefix|" "$(find "$prefix" -name npuscope.pc)"
}
"""


def page_of(name):
    """The script of a walk, and what it prints."""
    for page in ("docs/library.md", "docs/python.md"):
        found = re.search(rf"```sh\n# walk: {name}\n(.*?)```\n+```\n(.*?)```", (source / page).read_text(), re.S)
        if found:
            return found[1], found[2]
    sys.exit(f"no page has a walk '{name}'")


def files_of(case, names, folder):
    data, inner, names = *case, names
    outer = zipfile.ZipFile(source / f"tests/data/{data}.zip")
    archive = zipfile.ZipFile(io.BytesIO(outer.read("all.zip")))
    for name, called in names.items():
        (folder / called).write_bytes(archive.read(f"{inner}/{name}"))


def main():
    script, wanted = page_of(walk)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        files_of(("diagnose", "mlp_narrow"), {"model.tosa": "model.tosa", "in0.npy": "in0.npy"}, folder)
        files_of(("captured", "test_bmm_a16w8_u85_INT[rand_rect]"),
                 {"delegate0.tosa": "graph.tosa", "delegate0_vela.npz": "stream.npz"}, folder)
        (folder / "examples").symlink_to(source / "examples")
        environment = {**os.environ, "BUILD": str(build), "HOME": name}
        if walk in ("python", "pytest"):
            python = pathlib.Path(sys.argv[4])
            if walk == "pytest" and subprocess.run([python, "-c", "import executorch.backends.arm"],
                                                   capture_output=True).returncode:
                print("ExecuTorch is not installed beside the wheel")
                sys.exit(77)
            environment["PATH"] = f"{python.parent}:{environment['PATH']}"
            script = re.sub(r"^pip install .*\n", "", script, flags=re.M)
        else:
            script = INSTALL + script
        result = subprocess.run(["sh", "-ec", script], cwd=folder, env=environment, capture_output=True, text=True)
        printed = re.sub(r"in [0-9.]+s", "in 1s", result.stdout)
        if printed.strip() != wanted.strip():
            sys.exit(f"walk '{walk}': exit code {result.returncode}\n{result.stderr}\nprints\n{printed}\nnot\n{wanted}")


main()
