"""pytest plugin: how long each call of the stand-in takes in ExecuTorch's Arm tests.

One line for each call that executes a program goes to $NPUSCOPE_TIME_LOG as JSON: the test, the program's name, its
processor time and its elapsed time in milliseconds, start of the process included. The call itself is not changed.
"""

import json
import os
import resource
import time

from executorch.backends.arm.test import runner_utils

run_command = runner_utils._run_cmd


def children():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def run_and_time(command, *args, **kwargs):
    processor, elapsed = children(), time.perf_counter()
    try:
        return run_command(command, *args, **kwargs)
    finally:
        processor, elapsed = children() - processor, time.perf_counter() - elapsed
        if command[0].startswith("FVP_") and "--version" not in command:
            test = os.environ["PYTEST_CURRENT_TEST"].split(" (")[0].split("/")[-1]
            line = {
                "test": test,
                "program": command[0],
                "processor_ms": round(1000 * processor, 3),
                "elapsed_ms": round(1000 * elapsed, 3),
            }
            # One write of less than a page, so that the lines of parallel processes don't mix.
            with open(os.environ["NPUSCOPE_TIME_LOG"], "a") as log:
                log.write(json.dumps(line) + "\n")


runner_utils._run_cmd = run_and_time
