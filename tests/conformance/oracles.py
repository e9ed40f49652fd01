"""The tools that a corpus is made with: tosa-tools' test generator and reference model, and Vela.

All three come from the Python environment that runs this file. Work that can crash or hang (the generator, the
compiler) runs in a forked child, which costs milliseconds, because the heavy imports happen once in the parent.
"""
import contextlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
import traceback

import numpy

SITE = pathlib.Path(sysconfig.get_path("purelib"))
REFERENCE_MODEL = SITE / "bin" / "tosa_reference_model"
SCHEMA = SITE / "bin" / "tosa.fbs"
GENERATE_LIBRARY = SITE / "tosa_reference_model" / "libtosa_reference_generate_lib.so"
SELECTION = SITE / "conformance" / "cts-config_v1.0.json"

# Vela's system configuration, memory mode and arena size for a family: Arm/vela.ini of the package.
FAMILIES = {
    "u55": ("Ethos_U55_High_End_Embedded", "Shared_Sram", 2097152),
    "u65": ("Ethos_U65_High_End", "Dedicated_Sram_384KB", 393216),
    "u85": ("Ethos_U85_SYS_DRAM_Mid", "Shared_Sram", 2097152),
}
ACCELERATORS = [
    "ethos-u55-32", "ethos-u55-64", "ethos-u55-128", "ethos-u55-256", "ethos-u65-256", "ethos-u65-512",
    "ethos-u85-128", "ethos-u85-256", "ethos-u85-512", "ethos-u85-1024", "ethos-u85-2048",
]
# Variations of the same compilation: a name for the file, and Vela's options.
VARIATIONS = {
    "": [],
    "nochain": ["--disable-chaining"],
    "nofwd": ["--disable-fwd"],
    "nocascade": ["--disable-cascading"],
    "nobuffer": ["--disable-buffering"],
    "size": ["--optimise", "Size"],
    "cop2": ["--cop-format", "COP2"],
    "io": ["--cop-format", "COP2", "--separate-io-regions"],
    "arena16k": ["--arena-cache-size", "16384"],
    "arena64k": ["--arena-cache-size", "65536"],
    "arena16k_nocascade": ["--arena-cache-size", "16384", "--disable-cascading"],
    "arena16k_nobuffer": ["--arena-cache-size", "16384", "--disable-buffering"],
}


def family(accelerator):
    return accelerator.split("-")[1]


@contextlib.contextmanager
def quiet(log):
    """Sends file descriptors 1 and 2 to the file `log`: native code writes there too."""
    sys.stdout.flush()
    sys.stderr.flush()
    saved = os.dup(1), os.dup(2)
    target = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    os.dup2(target, 1)
    os.dup2(target, 2)
    try:
        yield
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os.dup2(saved[0], 1)
        os.dup2(saved[1], 2)
        for descriptor in (*saved, target):
            os.close(descriptor)


def isolated(function, seconds):
    """Runs function() in a forked child. Returns (result, None) or (None, reason); the result goes through JSON."""
    with tempfile.TemporaryDirectory() as folder:
        answer, log = os.path.join(folder, "answer"), os.path.join(folder, "log")
        child = os.fork()
        if child == 0:
            status = 1
            try:
                signal.alarm(seconds)
                with quiet(log):
                    result = function()
                pathlib.Path(answer).write_text(json.dumps(result))
                status = 0
            except BaseException as exception:  # SystemExit too: the reason goes to the parent
                pathlib.Path(answer).write_text(json.dumps(f"{type(exception).__name__}: {exception}"))
            os._exit(status)
        _, status = os.waitpid(child, 0)
        text = pathlib.Path(log).read_text(errors="replace") if os.path.exists(log) else ""
        if os.WIFSIGNALED(status):
            number = os.WTERMSIG(status)
            if number == signal.SIGALRM:
                return None, f"took longer than {seconds} s"
            return None, f"died of {signal.Signals(number).name}: {last_line(text)}"
        result = json.loads(pathlib.Path(answer).read_text())
        return (result, None) if os.WEXITSTATUS(status) == 0 else (None, result)


def last_line(text):
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else ""


def build_tests(folder, operator, seed, options, count):
    """`count` unit graphs of one operator (the generator's name), evenly over data types. Returns None or a reason."""
    integers = ["--profile", "tosa-pro-int", "--extension", "tosa-ext-int16", "tosa-ext-int4", "tosa-ext-controlflow",
                "tosa-ext-doubleround", "tosa-ext-inexactround", "tosa-ext-variable", "--tosa-version", "1.0.1"]
    return run_generator(folder, operator, seed, [*integers, *options], count)


def build_float_tests(folder, operator, seed, extensions, options, count):
    """The same of the floating-point profile and `extensions`, TOSA 1.1."""
    return run_generator(folder, operator, seed, ["--profile", "tosa-pro-fp", "--extension", *extensions, *options], count)


def run_generator(folder, operator, seed, options, count):
    import generator.tosa_test_select as select
    import generator.tosa_verif_build_tests as build

    select_all = select.TestList.select

    def select_some(self, *arguments, **keywords):  # writing a test takes longest: choose before
        groups = {}
        for test in select_all(self, *arguments, **keywords):
            groups.setdefault((test.testOpName, str(test.dtype)), []).append(test)
        chosen = []
        while len(chosen) < count and any(groups.values()):
            chosen += [group.pop(0) for group in groups.values() if group]
        return chosen[:count]

    arguments = ["--generate-lib-path", GENERATE_LIBRARY, "--test-selection-config", SELECTION, "--test-type", "positive",
                 "--no-special-tests", "--max-resize-output-dim", 24, "--seed", seed, "--filter", operator, "-o", folder,
                 *options]

    def run():
        select.TestList.select = select_some
        return build.main([str(argument) for argument in arguments])

    return isolated(run, 120)[1]


def block_names(graph):
    """Names of the main block's inputs and outputs, in the graph's order."""
    from tosa import TosaGraph

    data = pathlib.Path(graph).read_bytes()
    block = TosaGraph.TosaGraph.GetRootAs(data, 0).Regions(0).Blocks(0)
    return ([block.Inputs(i).decode() for i in range(block.InputsLength())],
            [block.Outputs(i).decode() for i in range(block.OutputsLength())])


def reference(graph, inputs, outputs, names):
    """Runs the reference model. `inputs` and `outputs` are files in the order of `names` (two lists).

    Returns ("ok", "") or (status, reason) with status unpredictable, crash or refused."""
    description = {"tosa_file": str(graph), "ifm_name": names[0], "ifm_file": list(map(str, inputs)), "ofm_name": names[1],
                   "ofm_file": list(map(str, outputs)), "expected_failure": False}
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(description, file)
        file.flush()
        return run_reference(["--test_desc", file.name, "--flatbuffer_dir", "/", "--output_dir", "/"])


def run_reference(arguments):
    command = [REFERENCE_MODEL, "--operator_fbs", SCHEMA, *arguments]
    try:
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=120)
    except subprocess.TimeoutExpired:
        return "crash", "took longer than 120 s"
    text = done.stdout + done.stderr
    reason = next((line.strip() for line in text.splitlines()
                   if any(word in line for word in ("REQUIRE", "Unpredictable", "UNPREDICTABLE", "ERROR", "Error"))), last_line(text))
    if done.returncode == 0:
        return "ok", ""
    if done.returncode == 1:
        return "unpredictable", reason
    if done.returncode < 0:
        return "crash", f"{signal.Signals(-done.returncode).name}: {reason}"
    return "refused", reason


def compile_all(graph, folder, targets):
    """Compiles one graph for each of `targets` ((accelerator, variation) pairs), in this process' children.

    Writes FOLDER/<accelerator>[_<variation>]_vela.npz. Returns {target name: {"status", ...}}: ok, rejected (Vela says
    the NPU cannot take the graph) or crash."""
    results = {}
    left = list(targets)
    while left:
        progress = pathlib.Path(tempfile.mkstemp()[1])
        _, reason = isolated(lambda: compile_some(graph, folder, left, progress), 300)
        lines = [json.loads(line) for line in progress.read_text().splitlines()]
        progress.unlink()
        for name, result in lines:
            results[name] = result
        left = left[len(lines):]
        if reason and left:  # the child died at the first one that is not listed
            results[target_name(*left.pop(0))] = {"status": "crash", "reason": reason}
    return results


def target_name(accelerator, variation):
    return accelerator + ("_" + variation if variation else "")


def compile_some(graph, folder, targets, progress):
    from ethosu.vela import vela

    with tempfile.TemporaryDirectory() as out, open(progress, "w") as lines:
        for accelerator, variation in targets:
            name = target_name(accelerator, variation)
            system, memory, arena = FAMILIES[family(accelerator)]
            arguments = [str(graph), "--accelerator-config", accelerator, "--config", "Arm/vela.ini", "--system-config", system,
                         "--memory-mode", memory, "--arena-cache-size", str(arena), "--output-format", "raw",
                         "--output-dir", out, *VARIATIONS[variation]]
            result = {"status": "ok"}
            signal.alarm(120)
            try:
                vela.main(arguments)
                made = os.path.join(out, pathlib.Path(graph).stem + "_vela.npz")
                shutil.move(made, os.path.join(folder, name + "_vela.npz"))
            except (Exception, SystemExit) as exception:
                result = {"status": "rejected", "reason": str(exception)}
            print(json.dumps([name, result]), file=lines, flush=True)
