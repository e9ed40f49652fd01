"""Where ExecuTorch, Vela, the reference model and TensorFlow are installed, for scripts/record-*.

NPUSCOPE_EXECUTORCH_PYTHON=PYTHON names a Python that has it; NPUSCOPE_EXECUTORCH_DIR=DIR a folder that
scripts/executorch/install made or is to make; without them the folder of the release is in the user's cache.
NPUSCOPE_TOSA_TOOLS names a Python with the reference model and the catalogue's Vela, NPUSCOPE_TFLITE_PYTHON one with TensorFlow and LiteRT;
NPUSCOPE_VELA_4_5_0 the folder of another release of Vela; NPUSCOPE_EXECUTORCH_MODELS what scripts/executorch/install --models has installed. Without them they are in build (scripts/install-oracles tflite).
"""
import os
import pathlib
import subprocess
import sys

SCRIPTS = pathlib.Path(__file__).resolve().parents[1]
PLUGINS = SCRIPTS / "executorch"


def releases():
    """{package: version} of scripts/executorch/release: what the catalogue follows."""
    lines = (PLUGINS / "release").read_text().splitlines()
    return dict(line.split("=") for line in lines if line and not line.startswith("#"))


def home(release):
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache"))
    return pathlib.Path(os.environ.get("NPUSCOPE_EXECUTORCH_DIR", cache / "npuscope" / f"executorch-{release}"))


def version_of(python):
    """The release of ExecuTorch that a Python has, or None."""
    code = "import importlib.metadata as m; print(m.version('executorch'))"
    try:
        result = subprocess.run([python, "-c", code], capture_output=True, text=True)
    except OSError:
        return None
    return result.stdout.strip() if result.returncode == 0 else None


def find_python(release=None, install=True):
    """A Python with that release of ExecuTorch, or the catalogue's; exits with 77 where there is none."""
    release = release or releases()["executorch"]
    named = os.environ.get("NPUSCOPE_EXECUTORCH_PYTHON")
    python = named or str(home(release) / "venv" / "bin" / "python")
    if not named and install:
        result = subprocess.run([SCRIPTS / "executorch" / "install", home(release), release])
        if result.returncode:
            sys.exit(result.returncode)
    found = version_of(python)
    if found != release:
        print(f"SKIPPED: {python} has ExecuTorch {found or 'not at all'}, and {release} is wanted")
        sys.exit(77)
    return python


def versions_in(python, packages):
    """The releases that a Python has of some packages, in their order; None where one is missing."""
    code = "import importlib.metadata as m, sys; print(*(m.version(p) for p in sys.argv[1:]))"
    try:
        result = subprocess.run([python, "-c", code, *packages], capture_output=True, text=True)
    except OSError:
        return None
    return result.stdout.split() if result.returncode == 0 else None


def demand(python, wanted, script):
    """`python`, where it has {package: release}; exits with 77 where it does not."""
    found = versions_in(python, wanted)
    if found != list(wanted.values()):
        print(f"SKIPPED: {python} has not {', '.join(f'{name} {release}' for name, release in wanted.items())} ({script})")
        sys.exit(77)
    return python


def oracles_python():
    """A Python with Vela and the reference model of scripts/executorch/release; exits with 77 where there is none."""
    python = os.environ.get("NPUSCOPE_TOSA_TOOLS", str(SCRIPTS.parent / "build" / "venv" / "bin" / "python"))
    wanted = releases()
    return demand(python, {"ethos-u-vela": wanted["ethos_u_vela"], "tosa-tools": wanted["tosa_tools"]}, "scripts/install-oracles")


def tflite_python():
    """A Python with TensorFlow and LiteRT; exits with 77 where there is none."""
    python = os.environ.get("NPUSCOPE_TFLITE_PYTHON", str(SCRIPTS.parent / "build" / "venv-tflite" / "bin" / "python"))
    wanted = releases()
    return demand(python, {"tensorflow-cpu": wanted["tensorflow"], "ai-edge-litert": wanted["litert"]}, "scripts/install-oracles tflite")


def vela(release):
    """The virtual environment with a release of Vela; exits with 77 where there is none."""
    if release == releases()["ethos_u_vela"]:
        return pathlib.Path(oracles_python()).parents[1]
    folder = os.environ.get("NPUSCOPE_VELA_" + release.replace(".", "_"), SCRIPTS.parent / "build" / f"venv-{release}")
    demand(pathlib.Path(folder) / "bin" / "python", {"ethos-u-vela": release}, "scripts/install-oracles tflite")
    return pathlib.Path(folder)


def tests_folder(python):
    code = "import os, executorch.backends.arm as a; print(os.path.join(list(a.__path__)[0], 'test'))"
    result = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True)
    return pathlib.Path(result.stdout.splitlines()[-1])


def record(python, arguments, folder, jobs=1, environment=None):
    """Runs pytest with the recording plugin; the cases are left in `folder`. {ops} stands for the operators' tests."""
    tests = tests_folder(python)
    path = os.pathsep.join([str(PLUGINS), *filter(None, [os.environ.get("NPUSCOPE_EXECUTORCH_MODELS")])])
    variables = {**os.environ, **(environment or {}), "NPUSCOPE_RECORD": str(folder), "PYTHONPATH": path}
    arguments = [argument.replace("{ops}", str(tests / "ops")) for argument in arguments]
    # The seeds are set by the conftest.py of the tests' folder.
    command = [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "record_cases", "-W", "ignore", "--tb=line",
               f"--confcutdir={tests}", *(["-n", str(jobs)] if jobs > 1 else []), *arguments]
    return subprocess.run(command, env=variables, cwd=folder, stdout=sys.stderr).returncode
