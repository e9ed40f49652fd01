"""Installs npuscope into an empty folder and builds programs against it as its users do.

  installed.py SOURCE BUILD

Checks: the libraries export the functions of the public headers and no other name; a program in C11 and one in C++17
compile without a warning through pkg-config (shared and static) and CMake, and say the version that the project has.
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

source, build = map(pathlib.Path, sys.argv[1:3])
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


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        prefix = install(folder)
        libraries = next(prefix.rglob("libnpuscope.so")).parent
        version = json.loads(out("meson", "introspect", "--projectinfo", build))["version"]
        check_symbols(libraries)
        check_programs(folder, prefix, libraries, version)
        check_cmake(folder, prefix, libraries, version)


if __name__ == "__main__":
    main()
