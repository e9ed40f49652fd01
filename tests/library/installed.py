"""Installs npuscope into an empty folder and builds programs against it as its users do.

  installed.py SOURCE BUILD [WALK [PYTHON]]

Checks: the libraries export the functions of the public headers and no other name; a program in C11 and one in C++17
compile without a warning through pkg-config (shared and static) and CMake, and say the version that the project has;
the programs in examples/ compile as docs/library.md says, and give on captured cases what their oracles recorded.

With WALK one of the walks of docs/library.md and docs/python.md, from install to the first verdict, runs as it stands there, in an
empty folder with a user's files, and what it prints is compared with what the page says: command, c, cpp (BUILD may be a root with
the Debian packages instead); python, pytest (PYTHON has the wheel; exit code 77 where it lacks what the walk needs).
"""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts" / "recording"))
import sets

source, build = (pathlib.Path(a).resolve() for a in sys.argv[1:3])
PROGRAM = """#include <npuscope/npuscope.h>
#include <stdio.h>

int main(void)
{
    ns_error error;
    ns_accelerator accelerator = NS_ACCELERATOR_UNKNOWN;
    if (ns_accelerator_parse("ethos-u85-256", &accelerator, &error) != NS_OK || accelerator != NS_ACCELERATOR_U85_256)
        return 1;
    if (ns_accelerator_parse("ethos-u99", &accelerator, &error) != NS_ERROR_USAGE || ns_code_exit(NS_ERROR_USAGE) != 2)
        return 1;
    puts(ns_version());
    return 0;
}
"""
CMAKE = """cmake_minimum_required(VERSION 3.16)
project(user C)
find_package(npuscope 0.1 REQUIRED)
add_executable(user user.c)
target_link_libraries(user npuscope::npuscope)
"""


def out(*command, **options):
    result = subprocess.run([str(c) for c in command], capture_output=True, text=True, **options)
    if result.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}: exit code {result.returncode}\n{result.stdout}{result.stderr}")
    return result.stdout


def equal(what, is_, wanted):
    if is_ != wanted:
        sys.exit(f"{what}: {is_!r}, expected {wanted!r}")


def symbols_of(library, *options):
    lines = out("nm", "-P", "--defined-only", *options, library).splitlines()
    return {line.split()[0].split("@")[0] for line in lines if len(line.split()) > 2 and line.split()[1] != "A"}


def install(folder):
    """The installed tree, moved to where its prefix is not: the files found in it must not name the build."""
    out("meson", "install", "-C", build, "--no-rebuild", "--quiet", env={**os.environ, "DESTDIR": str(folder / "root")})
    prefix = next(o["value"] for o in json.loads(out("meson", "introspect", "--buildoptions", build))
                  if o["name"] == "prefix")
    return folder / "root" / pathlib.Path(prefix).relative_to("/")


def check_symbols(libraries):
    headers = [p for p in (source / "include/npuscope").iterdir() if p.suffix in (".h", ".in")]
    public = set(out(source / "scripts/public-symbols", "list", *headers).split())
    assert len(public) > 100 and all(name.startswith("ns_") for name in public)
    equal("exported by libnpuscope.so", symbols_of(libraries / "libnpuscope.so", "-D"), public)
    equal("global in libnpuscope.a", symbols_of(libraries / "libnpuscope.a", "-g"), public)


def check_programs(folder, prefix, libraries, version):
    environment = {**os.environ, "PKG_CONFIG_PATH": str(libraries / "pkgconfig"), "LD_LIBRARY_PATH": str(libraries)}
    moved = f"--define-variable=prefix={prefix}"
    (folder / "user.c").write_text(PROGRAM)
    strict = ["-Wall", "-Wextra", "-Werror", "-pedantic"]
    cases = [("cc", ["-std=c11"], "c", []), ("cc", ["-std=c17"], "c", ["--static"])]
    if shutil.which("c++"):
        cases += [("c++", ["-std=c++17"], "c++", [])]
    for compiler, standard, language, static in cases:
        flags = out("pkg-config", moved, "--cflags", "--libs", *static, "npuscope", env=environment).split()
        if static:  # of the two libraries the archive
            flags = [str(libraries / "libnpuscope.a") if f == "-lnpuscope" else f for f in flags]
        program = folder / f"user-{compiler}{len(static)}"
        out(compiler, *standard, *strict, "-x", language, folder / "user.c", "-x", "none", "-o", program, *flags)
        equal(f"{compiler} {standard}", out(program, env=environment).strip(), version)
        if static:
            assert "libnpuscope" not in out("ldd", program)


def check_cmake(folder, prefix, libraries, version):
    if not shutil.which("cmake"):
        print("library/installed: no CMake: its configuration was not tried")
        return
    (folder / "CMakeLists.txt").write_text(CMAKE)
    out("cmake", "-S", folder, "-B", folder / "cmake", f"-DCMAKE_PREFIX_PATH={prefix}")
    out("cmake", "--build", folder / "cmake")
    equal("CMake", out(folder / "cmake/user").strip(), version)


def data_of(npy):
    """The elements of a .npy file of version 1 or 2, raw."""
    header = 10 + int.from_bytes(npy[8:10], "little") if npy[6] == 1 else 12 + int.from_bytes(npy[8:12], "little")
    return npy[header:]


class Cases:
    """The files of one set of test data."""

    def __init__(self, name):
        self.files = sets.read(source / f"tests/data/{name}.zip")

    def read(self, name):
        return self.files[name]

    def put(self, name, folder):
        path = folder / name.replace("/", "-")
        path.write_bytes(self.read(name) if not name.endswith(".npy") else data_of(self.read(name)))
        return path


def build_examples(folder, prefix, libraries):
    """Each is one file, built by one line."""
    environment = {**os.environ, "PKG_CONFIG_PATH": str(libraries / "pkgconfig")}
    flags = out("pkg-config", f"--define-variable=prefix={prefix}", "--cflags", "--libs", "npuscope",
                env=environment).split()
    strict = ["-Wall", "-Wextra", "-Werror", "-pedantic"]
    for path in sorted((source / "examples").iterdir()):
        compiler = ["c++", "-std=c++17", "-pthread"] if path.suffix == ".cpp" else ["cc", "-std=c11"]
        if shutil.which(compiler[0]):
            out(*compiler, *strict, path, "-o", folder / path.stem, *flags)
    return {**os.environ, "LD_LIBRARY_PATH": str(libraries)}


def check_run(folder, environment, cases, case):
    """Three samples of each format give what the reference model, or ExecuTorch's own run, recorded."""
    for model, given, wanted in (("delegate0.tosa", "delegate0_in0.npy", "delegate0_out0.npy"),
                                 ("delegate0_vela.npz", "delegate0_in0.npy", "delegate0_out0.npy"),
                                 ("program.pte", "i0.bin", "program_out0.npy")):
        sample = cases.read(f"{case}/{given}")
        sample = data_of(sample) if given.endswith(".npy") else sample
        (folder / "in.raw").write_bytes(3 * sample)
        path = cases.put(f"{case}/{model}", folder)
        shown = out(folder / "run", path, 3, folder / "in.raw", folder / "out.raw", env=environment)
        equal(f"examples/run {model}", (folder / "out.raw").read_bytes(), 3 * data_of(cases.read(f"{case}/{wanted}")))
        assert " int16  " in shown, shown


def check_examples(folder, prefix, libraries):
    environment = build_examples(folder, prefix, libraries)
    captured, diagnose = Cases("captured"), Cases("diagnose")
    case = next(n for n in captured.files if "exp" in n and n.endswith("delegate0.tosa")).rsplit("/", 1)[0]
    check_run(folder, environment, captured, case)

    shown = out(folder / "inspect", folder / f"{case}-delegate0.tosa".replace("/", "-"), env=environment)
    assert shown.startswith("TOSA 1.") and " TABLE " in shown and " RESCALE " in shown, shown
    shown = json.loads(out(folder / "inspect", folder / f"{case}-delegate0_vela.npz".replace("/", "-"), env=environment))
    equal("examples/inspect", (shown["schema"], bool(shown["operations"])), ("npuscope/inspect/1", True))

    # Its planted fault: the second linear's scale is a third of what it needs (truth.json).
    truth = json.loads(diagnose.read("mlp_narrow/truth.json"))
    model, given = (diagnose.put(f"mlp_narrow/{name}", folder) for name in ("model.tosa", "in0.npy"))
    lines = out("sh", "-c", '"$@"; test $? -eq 1', "sh", folder / "diagnose", model, 1, given,
                env=environment).splitlines()
    equal("examples/diagnose", lines[0].split(":")[0], truth["verdict"])
    blamed = next(line for line in lines if line.startswith("operator "))
    assert truth["at_fault"]["kind"] in blamed and truth["at_fault"]["operator"] in blamed, blamed
    near = float(lines[1].split("against float ")[1].split(" dB")[0])
    assert abs(near - truth["sqnr_db"]["tosa_vs_fp32"]) < 0.5, lines[1]

    shown = out(folder / "suite", "exp", "sigmoid", env=environment)
    rows = [line.split() for line in shown.splitlines()]
    equal("examples/suite", {row[3] for row in rows}, {"pass"})
    equal("examples/suite", {row[0] for row in rows}, {"exp", "sigmoid"})

    if (folder / "threads").exists():
        files = [folder / f"{case}-{name}".replace("/", "-") for name in ("delegate0.tosa", "delegate0_vela.npz")]
        equal("examples/threads", out(folder / "threads", *files, 4, env=environment),
              "4 threads, 10 rounds each: 0 elements differ\n")


# ---- walks ----

# What stands for the page's first line, since nothing is built or fetched anew here.
INSTALL = """
make() { # install PREFIX=..
  prefix=${2#PREFIX=}
  if [ -d "$BUILD/usr/bin" ]; then mkdir root && cp -r "$BUILD/usr" root
  else DESTDIR=$PWD/root meson install -C "$BUILD" --no-rebuild --quiet
  fi
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


def run_walk(walk):
    script, wanted = page_of(walk)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for case, files in ((("diagnose", "mlp_narrow"), {"model.tosa": "model.tosa", "in0.npy": "in0.npy"}),
                            (("captured", "test_bmm_a16w8_u85_INT[rand_rect]"),
                             {"delegate0.tosa": "graph.tosa", "delegate0_vela.npz": "stream.npz"})):
            for file, called in files.items():
                (folder / called).write_bytes(Cases(case[0]).read(f"{case[1]}/{file}"))
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


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        prefix = install(folder)
        libraries = next(prefix.rglob("libnpuscope.so")).parent
        version = json.loads(out("meson", "introspect", "--projectinfo", build))["version"]
        check_symbols(libraries)
        check_programs(folder, prefix, libraries, version)
        check_cmake(folder, prefix, libraries, version)
        check_examples(folder, prefix, libraries)


if __name__ == "__main__":
    run_walk(sys.argv[3]) if len(sys.argv) > 3 else main()
