"""Runs split with --shard: parts are disjoint and together the whole; merged they give one database, whatever the
order, however often, and with a part that was killed run again alone. The recipes of docs/many.md, as they stand there.

  many.py SOURCE NPUSCOPE WHAT [GRAPHS [CASES]]

WHAT: "split", or a recipe: "parallel", "slurm", "xdist", "matrix" (exit code 77 where its tool is not installed); "growth":
time and memory of GRAPHS graphs against a quarter of them, and a part that is killed. CASES keeps the graphs for the next time.
"""
import importlib.util
import itertools
import json
import os
import pathlib
import re
import resource
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time

source, npuscope, what = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]).resolve(), sys.argv[3]
graphs = int(sys.argv[4]) if len(sys.argv) > 4 else 24
kept = pathlib.Path(sys.argv[5]).resolve() if len(sys.argv) > 5 else None
PARTS = 8


def run(*command, codes=(0,), **options):
    result = subprocess.run([str(c) for c in command], capture_output=True, text=True, **options)
    if result.returncode not in codes:
        sys.exit(f"{' '.join(map(str, command))}: exit code {result.returncode}\n{result.stdout}{result.stderr}")
    return result.stdout


def equal(what_, is_, wanted):
    if is_ != wanted:
        sys.exit(f"{what_}: {is_!r}, expected {wanted!r}")


def make_cases(folder, count):
    """Random graphs with inputs, each a case of its own, whose expected output is what `run` gives."""
    made = folder / "made"
    run(npuscope, "fuzz-vela", "--write", "--graphs", count, "-o", made)
    for path in sorted(made.iterdir()):
        case = folder / "cases" / f"graph{path.name}"
        case.mkdir(parents=True)
        for file in path.iterdir():
            file.rename(case / ("model.tosa" if file.suffix == ".tosa" else file.name))
        inputs = [f for k in range(len(list(case.glob("in*.npy")))) for f in ("-i", case / f"in{k}.npy")]
        run(npuscope, "run", case / "model.tosa", *inputs, "-o", case / "out", codes=(0, 2))
        for out in (case / "out").glob("*.npy") if (case / "out").exists() else ():
            number = re.search(r"(\d+)", out.name)
            out.rename(case / f"out{number[1] if number else 0}.npy")
        shutil.rmtree(case / "out", ignore_errors=True)
    shutil.rmtree(made)


def dump(path):
    """All that a database says."""
    with sqlite3.connect(path) as db:
        return list(db.iterdump())


def rows(document, name="cases"):
    """A document's rows without times, by what they are."""
    def timeless(value):
        if isinstance(value, dict):
            return {k: timeless(v) for k, v in value.items() if k != "seconds"}
        return [timeless(v) for v in value] if isinstance(value, list) else value

    return [json.dumps(timeless(row), sort_keys=True) for row in document[name]]


# ---- splitting and merging ----

def split(folder, name, *command, codes=(0, 1, 2)):
    """Every part of a command is disjoint from the others, and all are the whole."""
    def document(*more):
        path = folder / "document.json"
        run(npuscope, *command, *more, "--json", path, codes=codes)
        return json.loads(path.read_text())

    whole, parts = rows(document(), name), []
    for i in range(3):
        parts += rows(document("--shard", f"{i}/3"), name)
    equal(f"{command[0]} in parts", sorted(parts), sorted(whole))
    if len(whole) < 6:
        sys.exit(f"{command[0]}: {len(whole)} rows are too few to be split")


def check_splits(folder):
    split(folder, "cases", "suite", "--cases", folder / "cases", "--stages", "eval")
    split(folder, "cases", "suite", "--op", "exp", "--op", "bmm", "--op", "var", "--stages", "ideal,quantised,eval")
    split(folder, "sweeps", "sweep", "[es]*", "rank1", "--stages", "eval")
    numbers = [sorted(int(p.name) for p in make_part(folder, f"{i}/3").iterdir()) for i in range(3)]
    equal("fuzz-vela in parts", sorted(itertools.chain(*numbers)), list(range(20)))
    for text in ("3/3", "-1/3", "1", "1/0", "1/3x"):
        run(npuscope, "suite", "--list", "--shard", text, codes=(2,))
    vela = os.environ.get("NPUSCOPE_VELA")
    if vela:
        few = folder / "few"
        few.mkdir()
        for i in range(4):
            shutil.copy(sorted((folder / "cases").iterdir())[i] / "model.tosa", few / f"{i}.tosa")
        split(folder, "graphs", "vela-diff", "--vela", vela, "--flags-b", "--optimise Size", "--graphs", few)
        case = sorted((folder / "cases").iterdir())[0]
        inputs = [f for p in sorted(case.glob("in*.npy")) for f in ("-i", p)]
        split(folder, "compile", "diagnose", case / "model.tosa", *inputs, "--no-advice", "--no-precision", "--all-targets")


def make_part(folder, shard):
    made = folder / f"part{shard[0]}"
    run(npuscope, "fuzz-vela", "--write", "--graphs", 20, "--shard", shard, "-o", made)
    return made


def check_merges(folder):
    files = []
    for i in range(PARTS):
        files.append(folder / f"{i}.json")
        run(npuscope, "suite", "--cases", folder / "cases", "--stages", "eval", "--shard", f"{i}/{PARTS}", "--json",
            files[-1], "--history", folder / f"{i}.db", codes=(0, 1, 2))
    first = folder / "first.db"
    run(npuscope, "history", "merge", first, *files)
    wanted = dump(first)
    run(npuscope, "history", "merge", first, *files[:3])
    equal("merged again", dump(first), wanted)
    other = folder / "other.db"
    for file in reversed(files):
        run(npuscope, "history", "merge", other, file)
    equal("merged in another order", dump(other), wanted)
    with sqlite3.connect(first) as db:
        merged = db.execute("SELECT op, name, target, verdict FROM rows ORDER BY 1, 2, 3").fetchall()
        equal("runs", db.execute("SELECT count(*) FROM runs").fetchone()[0], 1)
        equal("items", db.execute("SELECT count(*) FROM items").fetchone()[0], len(merged))
    whole = folder / "whole.json"
    run(npuscope, "suite", "--cases", folder / "cases", "--stages", "eval", "--json", whole, codes=(0, 1, 2))
    equal("merged rows", merged, sorted((r["op"], r["case"], r["target"], r["verdict"])
                                        for r in json.loads(whole.read_text())["cases"]))
    kept = folder / "kept.db"
    run(npuscope, "history", "merge", kept, *(folder / f"{i}.db" for i in range(PARTS)))
    with sqlite3.connect(kept) as db:
        equal("merged databases", db.execute("SELECT op, name, target, verdict FROM rows ORDER BY 1, 2, 3").fetchall(),
              merged)
    check_broken(folder, first, files[0].read_text())


def check_broken(folder, database, whole):
    """A file that is wrong anywhere leaves nothing of it, and the message names the line."""
    head = '{"schema": "npuscope/suite/1",\n'
    wanted, path = dump(database), folder / "broken.json"
    for text, message in ((whole[:-20], r":\d+: "), ("", ":1: premature end"), (head + '"cases": [{"op": "a', ":2: premature end"),
                          (head + '"cases": [1]}', "'cases' is no object"), (head + '"cases": [],\n"cases": []}', ":3: duplicate"),
                          (head + '"c\\u0061ses": []}', "escapes"), (head + '"cases": []} 1', "end of file expected"),
                          (head + '"cases": [0}]}', "expected"), (head + '"cases": [\n{"op":\nq}]}', ":4: "),
                          (head + '"cases": [{"op": "a"}]}', "row 0 has no"), (head + '"seed": 0}', "is no result"),
                          ("{}", "is no result"), ("[" * 100000, "expected")):
        path.write_text(text)
        done = subprocess.run([npuscope, "history", "merge", database, path], capture_output=True, text=True)
        equal(f"exit code of {text[-40:]!r}", done.returncode, 2)
        if not re.search(message, done.stderr):
            sys.exit(f"{text[-40:]!r}: {done.stderr}, expected {message!r}")
        equal("after a broken file", dump(database), wanted)
    # Rows of one name are told apart by their order, wherever the list stands in the document.
    document = json.loads(whole)
    several = [{**document["cases"][0], "verdict": verdict} for verdict in ("pass", "fail", "rejected")]
    for members in ({**document, "cases": several}, {"cases": several, **document, "cases": several}):
        path.write_text(json.dumps(members, indent=1))
        alone = folder / "alone.db"
        alone.unlink(missing_ok=True)
        run(npuscope, "history", "merge", alone, path)
        with sqlite3.connect(alone) as db:
            equal("rows of one name", sorted(v for v, in db.execute("SELECT verdict FROM rows")), ["fail", "pass", "rejected"])
            equal("items of one name", sorted(json.loads(k)[4:] for k, in db.execute("SELECT key FROM items")), [[], [1], [2]])


# ---- recipes ----

def recipes():
    text = (source / "docs/many.md").read_text()
    return dict(re.findall(r"```\w+\n# recipe: (\S+)\n(.*?)```", text, re.S))


def check_result(folder):
    """The recipe's database is what merging the parts' results, run here, gives."""
    direct = folder / "direct"
    direct.mkdir()
    for i in range(PARTS):
        run(npuscope, "suite", "--cases", "cases", "--stages", "eval", "--shard", f"{i}/{PARTS}", "--json",
            direct / f"{i}.json", cwd=folder)
    run(npuscope, "history", "merge", folder / "direct.db", *(direct / f"{i}.json" for i in range(PARTS)))
    equal("the recipe's database", dump(folder / "results.db"), dump(folder / "direct.db"))


def shell(folder, text):
    environment = {**os.environ, "PATH": f"{npuscope.parent}:{os.environ['PATH']}"}
    return run("sh", "-ec", text, cwd=folder, env=environment)


def check_parallel(folder):
    if not shutil.which("parallel"):
        skip("GNU parallel is not installed")
    shell(folder, recipes()["parallel"])


def check_xdist(folder):
    if not importlib.util.find_spec("xdist"):
        skip("pytest-xdist is not installed")
    (folder / "test_shards.py").write_text(recipes()["test_shards.py"])
    shell(folder, recipes()["xdist"].replace("pytest ", f"{sys.executable} -m pytest -p no:cacheprovider "))


def check_matrix(folder):
    """What the jobs run, with each value of the matrix; artifacts stay where they are."""
    text = recipes()["matrix"]
    shards = json.loads(re.search(r"shard: (\[.*\])", text)[1])
    part, merge = (re.findall(r"run: (.*)", job) for job in text.split("  merge:\n"))
    for shard in shards:
        for command in part:
            shell(folder, command.replace("${{ matrix.shard }}", str(shard)))
    for command in merge:
        shell(folder, command)


def free_ports(count):
    """Of the machine's; another test may run a cluster at the same time."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


class Slurm:
    """A cluster of this machine alone."""

    def __init__(self, folder):
        self.folder, self.processes = folder / "slurm", []
        self.folder.mkdir()
        host = run("hostname", "-s").strip()
        plugins = next(pathlib.Path("/usr/lib").rglob("slurm-wlm"), None) or next(pathlib.Path("/usr/lib").rglob("slurm"))
        self.munge(plugins)
        ports = free_ports(2)
        (self.folder / "cgroup.conf").write_text("CgroupAutomount=no\n")
        (self.folder / "slurm.conf").write_text(f"""ClusterName=one
SlurmctldHost={host}(127.0.0.1)
SlurmUser={run("id", "-un").strip()}
SlurmdUser={run("id", "-un").strip()}
AuthType=auth/munge
AuthInfo=socket={self.folder}/munge.socket
CredType=cred/munge
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
StateSaveLocation={self.folder}/state
SlurmdSpoolDir={self.folder}/spool
SlurmctldPidFile={self.folder}/slurmctld.pid
SlurmdPidFile={self.folder}/slurmd.pid
SlurmctldLogFile={self.folder}/slurmctld.log
SlurmdLogFile={self.folder}/slurmd.log
ProctrackType=proctrack/pgid
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=sched_interval=1
NodeName={host} NodeAddr=127.0.0.1 CPUs={os.cpu_count()} State=UNKNOWN
PartitionName=all Nodes={host} Default=YES State=UP
""")
        self.environment = {**os.environ, "SLURM_CONF": str(self.folder / "slurm.conf"),
                            "PATH": f"{npuscope.parent}:{os.environ['PATH']}"}
        self.start("slurmctld", "-D")
        self.start("slurmd", "-D", "-N", host)
        self.wait_for_node()

    def munge(self, plugins):
        (self.folder / "munge.key").write_bytes(os.urandom(1024))
        (self.folder / "munge.key").chmod(0o600)
        self.folder.chmod(0o711)
        self.environment = dict(os.environ)
        self.start("munged", "-F", "-f", f"--key-file={self.folder}/munge.key", f"--socket={self.folder}/munge.socket",
                   f"--pid-file={self.folder}/munge.pid", f"--log-file={self.folder}/munge.log",
                   f"--seed-file={self.folder}/munge.seed")
        for _ in range(600):
            if (self.folder / "munge.socket").exists():
                return
            time.sleep(0.1)

    def start(self, name, *arguments):
        with open(self.folder / f"{name}.out", "wb") as log:
            self.processes.append(subprocess.Popen([shutil.which(name, path="/usr/sbin:/usr/bin"), *arguments], stdout=log,
                                                   stderr=log, env=self.environment, start_new_session=True))

    def wait_for_node(self):
        for _ in range(240):
            state = subprocess.run(["sinfo", "-h", "-o", "%T"], capture_output=True, text=True, env=self.environment)
            if state.stdout.strip() == "idle":
                return
            time.sleep(0.5)
        logs = "".join(p.read_text(errors="replace")[-1500:] for p in self.folder.glob("*.log"))
        self.stop()
        skip(f"Slurm's node does not come up here: {state.stdout.strip()} {state.stderr.strip()}\n{logs}")

    def stop(self):
        for process in reversed(self.processes):
            process.send_signal(signal.SIGTERM)
        for process in self.processes:
            process.wait(20)


def check_slurm(folder):
    if not (shutil.which("slurmd", path="/usr/sbin:/usr/bin") and shutil.which("sbatch") and shutil.which(
            "munged", path="/usr/sbin:/usr/bin")):
        skip("Slurm (slurmctld, slurmd, slurm-client, munge) is not installed")
    cluster = Slurm(folder)
    script = recipes()["suite.sbatch"]
    # Part 3 is killed in its first run, before it writes.
    killed = '[ "$SLURM_ARRAY_TASK_ID" != 3 ] || [ -e again ] || kill -9 $$\n'
    (folder / "suite.sbatch").write_text(script.replace("npuscope ", killed + "npuscope ", 1))
    try:
        begin = time.monotonic()
        subprocess.run(["sh", "-ec", "mkdir -p results; sbatch --wait suite.sbatch"], cwd=folder, env=cluster.environment)
        present = sorted(p.name for p in (folder / "results").glob("*.json"))
        equal("parts after the kill", present, [f"{i}.json" for i in range(PARTS) if i != 3])
        run(npuscope, "history", "merge", "results.db", *(f"results/{name}" for name in present), cwd=folder)
        print(f"7 of 8 parts in {time.monotonic() - begin:.1f} s; part 3 was killed")
        (folder / "again").touch()
        begin = time.monotonic()
        print(run("sh", "-ec", "sbatch --wait --array=3 suite.sbatch", cwd=folder, env=cluster.environment).strip())
        print(run(npuscope, "history", "merge", "results.db", *(f"results/{i}.json" for i in range(PARTS)),
                  cwd=folder).strip(), f"({time.monotonic() - begin:.1f} s)")
        print((folder / "results/3.txt").read_text().strip().splitlines()[-4:])
        print(run(npuscope, "history", "list", "results.db", cwd=folder).strip())
    finally:
        cluster.stop()


def skip(why):
    print(why)
    sys.exit(77)


# ---- growth ----

def measure(folder, *command):
    """Seconds of CPU, peak bytes and seconds of a run."""
    begin = time.monotonic()
    process = subprocess.Popen([npuscope, *command], stdout=subprocess.DEVNULL, cwd=folder)
    _, status, usage = os.wait4(process.pid, 0)
    equal(f"exit code of {command}", os.waitstatus_to_exitcode(status), 0)
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024, time.monotonic() - begin


def over(cases, name, *more):
    return "suite", "--cases", cases, "--stages", "eval", "--json", f"{name}.json", *more


def told(figures):
    return f"{figures[0]:.2f} s of CPU, {figures[1] / 2**20:.0f} MiB"


def kill_part(folder, part, seconds):
    """Begins a part and kills it: no JSON is there, nor anything else."""
    before = sorted(folder.iterdir())
    for wait in (seconds, 0):
        process = subprocess.Popen([npuscope, *over("cases", part, "--shard", f"{part}/{PARTS}")], stdout=subprocess.DEVNULL,
                                   cwd=folder)
        time.sleep(wait)
        process.kill()
        if process.wait() != 0:
            break
        (folder / f"{part}.json").unlink()  # it was faster
    equal("the killed part", process.returncode, -signal.SIGKILL)
    equal("after the kill", sorted(folder.iterdir()), before)


def check_memory(folder):
    """Of the same 50 graphs again and again, one at a time (else the largest of them decides), once all rooms are as large as they get."""
    peaks = []
    for times in (4, 16):
        again = folder / f"again{times}"
        again.mkdir()
        for path in sorted((folder / "cases").iterdir())[:50]:
            for k in range(times):
                (again / f"{k}_{path.name}").symlink_to(path)
        peaks.append(measure(folder, *over(again.name, again.name, "--threads", "1"))[1])
    print(f"200 graphs: {peaks[0] / 2**20:.1f} MiB; 800: {peaks[1] / 2**20:.1f} MiB")
    if peaks[1] > peaks[0] + 600 * 4096:
        sys.exit("memory grows with the number of graphs by more than 4 KiB each")


def check_merged_memory(folder):
    """Of a file of many rows no more than of a few: 16 MiB beside what Python has when it starts the program (Linux counts that)."""
    document = json.loads((folder / "whole.json").read_text())
    some = document["cases"][:400]
    times = max(graphs // 200, 5000 // len(some))
    document["cases"] = [{**row, "case": f"{row['case']} {k}"} for k in range(times) for row in some]
    (folder / "many.json").write_text(json.dumps(document))
    base = measure(folder, "--version")[1]
    merged = measure(folder, "history", "merge", "many.db", "many.json")
    print(f"{len(document['cases'])} rows in a file of {(folder / 'many.json').stat().st_size / 2 ** 20:.1f} MiB merged: "
          f"{merged[0]:.2f} s of CPU, at most {merged[1] / 2 ** 20:.0f} MiB ({base / 2 ** 20:.0f} before the program starts)")
    if merged[1] > base + 2 ** 24:
        sys.exit("the memory of a merge grows with the file")


def check_growth(folder):
    few = folder / "few"
    few.mkdir()
    for path in sorted((folder / "cases").iterdir())[:graphs // 4]:
        (few / path.name).symlink_to(path)
    small, large = measure(folder, *over("few", "few")), measure(folder, *over("cases", "whole"))
    print(f"{graphs // 4} graphs: {told(small)}; {graphs}: {told(large)}")
    kill_part(folder, 3, large[2] / PARTS / 4)
    parts = [measure(folder, *over("cases", i, "--shard", f"{i}/{PARTS}")) for i in range(PARTS) if i != 3]
    measure(folder, "history", "merge", "parts.db", *(f"{i}.json" for i in range(PARTS) if i != 3))
    parts.append(measure(folder, *over("cases", 3, "--shard", f"3/{PARTS}")))
    merge = measure(folder, "history", "merge", "parts.db", *(f"{i}.json" for i in range(PARTS)))
    print(f"{PARTS} parts: {told((sum(p[0] for p in parts), max(p[1] for p in parts)))} each at most; merged: {told(merge)}")
    measure(folder, "history", "merge", "whole.db", "whole.json")
    measure(folder, "history", "merge", "one.db", *(f"{i}.json" for i in reversed(range(PARTS))))
    equal("the database after the kill", dump(folder / "parts.db"), dump(folder / "one.db"))
    equal("the database of one file", dump(folder / "whole.db"), dump(folder / "one.db"))
    whole = sorted(rows(json.loads((folder / "whole.json").read_text())))
    equal("parts", sorted(r for i in range(PARTS) for r in rows(json.loads((folder / f"{i}.json").read_text()))), whole)
    if large[0] > 4 * 1.5 * small[0] + 0.5:
        sys.exit("time grows faster than the number of graphs")
    if sum(p[0] for p in parts) > 1.5 * large[0] + 0.5:
        sys.exit("parts take more time than the whole")
    check_memory(folder)
    check_merged_memory(folder)


def main():
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        if not (kept and (kept / "cases").exists()):
            make_cases(kept or folder, graphs)
        if kept:
            (folder / "cases").symlink_to(kept / "cases")
        if what == "split":
            check_splits(folder)
            check_merges(folder)
        elif what == "growth":
            check_growth(folder)
        else:
            {"parallel": check_parallel, "slurm": check_slurm, "xdist": check_xdist, "matrix": check_matrix}[what](folder)
            check_result(folder)


main()
