"""Compiles many graphs in one process of Vela: python driver.py LIST

LIST has one request a line, fields separated by tabs: graph, output (.npz), reason file, Vela's options.
Where these ask for a debug database, it lies beside the output (.xml), and is there first.
For each request exactly one of output and reason file appears, renamed into place when it is whole; a
reason begins with "refused: ", with "failed: ", or, where the machine is at fault and not the graph (a full
disk), with "passing: ". Standard output says "begin N" and "end N" for request
number N, so that the caller knows the request at hand when this process dies. Vela's own output is
dropped.
"""
import contextlib
import io
import os
import shutil
import sys
import tempfile

from ethosu.vela import vela

# Vela's words for a graph that it understands and cannot place (regor/compiler/compiler.cpp,
# scheduler_packing.cpp; Vela 5.1.0).
REFUSALS = ("could not run on NPU", "not supported", "Unsupported", "unsupported", "CPU operations")


def keep_database(folder, path):
    """Moves the debug database to `path`; an empty file stands for one that this Vela did not write."""
    made = [name for name in os.listdir(folder) if name.endswith("_debug.xml")]
    if made:
        os.rename(os.path.join(folder, made[0]), path)
    else:
        open(path, "w", encoding="utf-8").close()


def compile_one(graph, output, options):
    """Returns "" or the reason."""
    folder = tempfile.mkdtemp(dir=os.path.dirname(output))
    text = io.StringIO()
    try:
        with contextlib.redirect_stdout(text), contextlib.redirect_stderr(text):
            code = vela.main([graph, "--output-format=raw", "--output-dir=" + folder, *options])
        made = [name for name in os.listdir(folder) if name.endswith("_vela.npz")]
        if code or len(made) != 1:
            return "failed: " + (text.getvalue().strip().splitlines() or ["no output"])[-1]
        if "--enable-debug-db" in options:
            keep_database(folder, output.removesuffix(".npz") + ".xml")
        os.rename(os.path.join(folder, made[0]), output)
        return ""
    except (OSError, MemoryError) as error:
        return "passing: " + (str(error) or repr(error))
    except SystemExit:  # an option that its parser does not take
        return "failed: " + (text.getvalue().strip().splitlines() or ["it ended"])[-1]
    except Exception as error:  # Vela raises plain RuntimeError for refusals
        words = str(error) or repr(error)
        if not isinstance(error, RuntimeError):
            words = type(error).__name__ + ": " + words
        kind = "refused" if any(refusal in words for refusal in REFUSALS) else "failed"
        return kind + ": " + " ".join(words.split())
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main():
    # Vela's compiler core writes to the process's own streams too: keep ours, and silence those.
    report = os.fdopen(os.dup(1), "w", buffering=1)
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    with open(sys.argv[1], encoding="utf-8") as requests:
        for number, line in enumerate(requests):
            graph, output, reason_file, *options = line.rstrip("\n").split("\t")
            print("begin", number, file=report)
            reason = compile_one(graph, output, options)
            if reason:
                with open(reason_file + ".part", "w", encoding="utf-8") as file:
                    file.write(reason)
                os.rename(reason_file + ".part", reason_file)
            print("end", number, file=report)


main()
