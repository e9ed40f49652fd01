"""Compiles many graphs in one process of Vela: python driver.py LIST, or python driver.py --serve

LIST has one request a line, fields separated by tabs: graph, output (.npz), reason file, Vela's options.
Where these ask for a debug database, it lies beside the output (.xml), and is there first.
For each request exactly one of output and reason file appears, renamed into place when it is whole; a
reason begins with "refused: ", with "failed: ", or, where the machine is at fault and not the graph (a full
disk), with "passing: ". Standard output says "begin N" and "end N" for request
number N, so that the caller knows the request at hand when this process dies, "died N CODE" where only the fork of it died
that compiles (the exit code, or 256 and the signal), so that Vela is imported once however often it dies, and "broken WORDS"
where Vela does not start: the last line of what Python says, and no traceback. Vela's own output is dropped.

--serve reads requests from standard input and answers on standard output, both little-endian: a graph of u32
bytes, the number u32 of sets of options, each u32 bytes of text with tabs between. Each set is answered by one
frame: u32 0 and the compiled stream (see `pack`), or u32 1 (refused), 2 (failed), 3 (passing), 4 (Vela does not start), 7
(options that it does not take), u32 bytes and a reason. Vela's own front end runs once for each set of options, to learn what it hands its compiler core; after
that the core is called directly, and nothing is written to disk. A worker answers, a fork of this process: u32 6 and its number u32 come first of all; u32 5 and how it ended u32 (the exit code, or
256 and the signal) stand for the answer at which it died; the rest of that request is lost, and a new worker reads the next.
"""
import contextlib
import ctypes
import io
import mmap
import os
import pickle
import shutil
import signal
import struct
import sys
import tempfile

vela = None  # the module, from `main` on

# Vela's words for a graph that it understands and cannot place (regor/compiler/compiler.cpp,
# scheduler_packing.cpp; Vela 5.1.0), and for a file of a version that it does not read (5.0.0: TOSA 1.1).
REFUSALS = ("could not run on NPU", "not supported", "Unsupported", "unsupported", "CPU operations", "version mismatch")


def keep_database(folder, path):
    """Moves the debug database to `path`; an empty file stands for one that this Vela did not write."""
    made = [name for name in os.listdir(folder) if name.endswith("_debug.xml")]
    if made:
        os.rename(os.path.join(folder, made[0]), path)
    else:
        open(path, "w", encoding="utf-8").close()


def said(error):
    """What Vela says, in one line; of a traceback that it passes on, the last."""
    words = str(error) or repr(error)
    lines = words.strip().splitlines() or [words]
    return " ".join((lines[-1] if "Traceback (most recent call last)" in words else words).split())


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
        words = said(error)
        if not isinstance(error, RuntimeError):
            words = type(error).__name__ + ": " + words
        kind = "refused" if any(refusal in words for refusal in REFUSALS) else "failed"
        return kind + ": " + words
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class Captured(Exception):
    """Ends Vela's front end where it calls the core."""


class NotTaken(Exception):
    """Options that Vela's own parser does not take."""


def capture(graph, options):
    """What the front end gives the core for these options: accelerator, format, system configuration, options."""
    from ethosu import regor  # what only --serve needs

    core, given = regor.compile, []

    def instead(accelerator, network, form, configuration, options="", verbose=False):
        given.extend([accelerator, form, configuration, options])
        raise Captured

    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "graph.tosa")
        with open(path, "wb") as file:
            file.write(graph)
        regor.compile = instead
        text = io.StringIO()
        try:
            with contextlib.redirect_stdout(text), contextlib.redirect_stderr(text):
                vela.main([path, "--output-format=raw", "--output-dir=" + folder, *options])
        except Captured:
            return given
        except SystemExit:
            raise NotTaken((text.getvalue().strip().splitlines() or ["it ended"])[-1]) from None
        except (KeyError, ValueError, TypeError) as error:  # a word that its tables do not have
            raise NotTaken(f"{type(error).__name__}: {said(error)} in {' '.join(options)}") from None
        finally:
            regor.compile = core
    raise RuntimeError((text.getvalue().strip().splitlines() or ["Vela's front end ended"])[-1])


def pack(model):
    """Sizes of payload, weights, scratch, fast scratch (u64 each); inputs and outputs (u32 each), of each element
    size, region, rank (u32), offset (u64) and dims (u64); then payload and weights."""
    payload, weights = bytes(model.command_stream), bytes(model.read_only.data)
    if model.read_only.region != 0 or model.scratch.region != 1 or len(model.variables):
        raise RuntimeError("regions %d and %d, %d variables: not supported by this server"
                           % (model.read_only.region, model.scratch.region, len(model.variables)))
    parts = [struct.pack("<QQQQII", len(payload), len(weights), model.scratch.size, model.scratch_fast.size,
                         len(model.inputs), len(model.outputs))]
    for tensor in [*model.inputs, *model.outputs]:
        shape = list(tensor.shape)
        parts.append(struct.pack("<IIIQ%dQ" % len(shape), tensor.element_size, tensor.region, len(shape),
                                 tensor.address, *shape))
    return b"".join([*parts, payload, weights])


# What a worker is at; a shared byte says so to the process that forked it.
READING, ANSWERING, WRITING = range(3)


class Worker:
    """Reads requests and answers them until there are none."""

    def __init__(self, report, state, known, news):
        self.report, self.state, self.known, self.news = report, state, known, news

    def learn(self, graph, options):
        """What Vela's front end gives the core for these options; told to the workers to come."""
        if options not in self.known:
            self.known[options] = capture(graph, options.split("\t"))
            with contextlib.suppress(BlockingIOError):  # nobody reads before this worker ends
                os.write(self.news, pickle.dumps((options, self.known[options])))
        return self.known[options]

    def answer(self, graph, options):
        try:
            from ethosu import regor

            accelerator, form, configuration, core_options = self.learn(graph, options)
            model = regor.compile(accelerator, graph, form, configuration, options=core_options, verbose=False)
            return struct.pack("<I", 0) + pack(model)
        except OSError as error:
            kind, words = 3, str(error) or repr(error)
        except NotTaken as error:
            kind, words = 7, str(error)
        except Exception as error:
            words = said(error)
            kind = 1 if any(refusal in words for refusal in REFUSALS) else 2
        return frame(kind, words)

    def write(self, data):
        self.state[0] = WRITING
        self.report.write(data)
        self.report.flush()
        self.state[0] = READING

    def run(self, requests):
        self.write(struct.pack("<II", 6, os.getpid()))
        while True:
            head = requests.read(8)
            if len(head) < 8:
                return
            size, count = struct.unpack("<II", head)
            graph = requests.read(size)
            sets = []
            for _ in range(count):
                length = struct.unpack("<I", requests.read(4))[0]
                sets.append(requests.read(length).decode())
            for options in sets:
                self.state[0] = ANSWERING
                self.write(self.answer(graph, options))


def frame(kind, words):
    words = words.encode()
    return struct.pack("<II", kind, len(words)) + words


def end_with(parent):
    """Where the system can: ends this process when its parent ends, also in the middle of a compilation."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
    if os.getppid() != parent:
        os._exit(1)


def heard(news):
    """What workers that are gone have learnt: pairs, the last one perhaps cut off."""
    with contextlib.suppress(BlockingIOError, EOFError, pickle.UnpicklingError):
        told = io.BytesIO(os.read(news, 1 << 16))
        while True:
            yield pickle.load(told)


def serve(report, broken):
    if broken:
        report.write(frame(4, broken))
        report.flush()
        return
    state, known = mmap.mmap(-1, 1), {}
    news, told = os.pipe()
    os.set_blocking(news, False)
    os.set_blocking(told, False)
    while True:
        parent, worker = os.getpid(), os.fork()
        if not worker:
            end_with(parent)
            Worker(report, state, known, told).run(sys.stdin.buffer)
            os._exit(0)
        ended = how_it_ended(worker)
        if state[0] != ANSWERING:  # no request is left, or half an answer is out
            os._exit(0 if ended == 0 else 1)
        known.update(heard(news))
        report.write(struct.pack("<II", 5, ended))
        report.flush()


def compile_request(report, number, line):
    graph, output, reason_file, *options = line.rstrip("\n").split("\t")
    print("begin", number, file=report)
    reason = compile_one(graph, output, options)
    if reason:
        with open(reason_file + ".part", "w", encoding="utf-8") as file:
            file.write(reason)
        os.rename(reason_file + ".part", reason_file)
    print("end", number, file=report)


def compile_list(report, requests):
    """In forks of this process, each of which goes on behind the request at which the one before it died."""
    done = mmap.mmap(-1, 8)  # requests that have ended
    while struct.unpack("<Q", done[:8])[0] < len(requests):
        first, parent, worker = struct.unpack("<Q", done[:8])[0], os.getpid(), os.fork()
        if not worker:
            end_with(parent)
            for number in range(first, len(requests)):
                compile_request(report, number, requests[number])
                done[:8] = struct.pack("<Q", number + 1)
            os._exit(0)
        ended = how_it_ended(worker)
        number = struct.unpack("<Q", done[:8])[0]
        if ended:
            print("died", number, ended, file=report)
            done[:8] = struct.pack("<Q", number + 1)


def how_it_ended(worker):
    """The exit code, or 256 and the signal."""
    ended = os.waitstatus_to_exitcode(os.waitpid(worker, 0)[1])
    return 256 - ended if ended < 0 else ended


def import_vela():
    """"" or why there is none, in one line."""
    global vela
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # NumPy's threads would wait busily beside the compiler
    try:
        from ethosu.vela import vela
    except BaseException as error:  # whatever a damaged installation raises
        words = "%s: %s" % (type(error).__name__, error)
        return " ".join(words.split())[:500]
    return ""


def main():
    # Vela's compiler core writes to the process's own streams too: keep ours, and silence those.
    report = os.fdopen(os.dup(1), "w", buffering=1)
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    broken = import_vela()
    if sys.argv[1] == "--serve":
        serve(report.buffer, broken)
        return
    if broken:
        print("broken", broken, file=report)
        sys.exit(1)
    with open(sys.argv[1], encoding="utf-8") as requests:
        compile_list(report, list(requests))


main()
