"""Delegates of ExecuTorch's Arm tests on npuscope: `backends/arm/test/runner_utils.py` calls Arm's simulators by name, and
gets the program that comes with this package instead."""
import atexit
import pathlib
import shutil
import subprocess
import sysconfig
import tempfile


def program() -> str:
    """The command of this package: the program itself, since the script that auditwheel puts before it hides the name that
    it is called by."""
    inside = pathlib.Path(sysconfig.get_path("platlib"), "npuscope.scripts", "npuscope")
    found = str(inside) if inside.exists() else shutil.which("npuscope", path=sysconfig.get_path("scripts"))
    if not found:
        raise FileNotFoundError("the command npuscope, which comes with the package, is not installed")
    return found


def install() -> None:
    """From here on the functions of runner_utils lead to npuscope."""
    from executorch.backends.arm.test import runner_utils

    call, executable = runner_utils._run_cmd, program()
    runners = tempfile.mkdtemp(prefix="npuscope-runners-")
    atexit.register(shutil.rmtree, runners, ignore_errors=True)

    def run_command(cmd, check=True, **keywords):
        """The program tells by the name it is called by which simulator it stands for."""
        if not cmd[0].startswith("FVP_Corstone"):
            return call(cmd, check=check, **keywords)
        try:
            return subprocess.run(cmd, executable=executable, check=check, capture_output=True, **keywords)
        except subprocess.CalledProcessError as error:
            raise RuntimeError(f"{' '.join(cmd)}: {error.stderr.decode()}{error.stdout.decode()}") from error

    find_elf = runner_utils.get_elf_path

    def get_elf_path(target_board, use_portable_ops=False, build_dir_suffix=""):
        """A runner that was built is used: it says which kernels it links. Where there is none its name does."""
        try:
            return find_elf(target_board, use_portable_ops, build_dir_suffix)
        except FileNotFoundError:
            portable = "portable-ops_" if use_portable_ops else ""
            folder = pathlib.Path(runners, f"arm_semihosting_executor_runner_{portable}{target_board}{build_dir_suffix}")
            folder.mkdir(exist_ok=True)
            path = folder / "arm_executor_runner"
            path.touch()
            return str(path)

    runner_utils._run_cmd = run_command
    runner_utils.get_elf_path = get_elf_path
