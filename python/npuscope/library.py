"""The C library that the package brings, and how its errors become exceptions."""
import pathlib

from ._interface import ffi

lib = ffi.dlopen(str(pathlib.Path(__file__).with_name("libnpuscope.so.0")))


class Error(Exception):
    """What the C library reports: one sentence that says what is wrong, where, and what would mend it.

    `code` is the kind ("INPUT", "USAGE", "BUDGET", ..; include/npuscope/errors.def), `exit_code` what the command
    line returns for it.
    """

    def __init__(self, message: str, code: str, exit_code: int):
        super().__init__(message)
        self.code = code
        self.exit_code = exit_code


def raise_for(code: int, error) -> None:
    """Raises Error unless `code` is NS_OK."""
    if code != lib.NS_OK:
        message = ffi.string(error.message).decode("utf-8", "backslashreplace")
        raise Error(message, text(lib.ns_code_name(code)), lib.ns_code_exit(code))


def text(string) -> str:
    """A C string; "" for NULL."""
    return ffi.string(string).decode("utf-8", "backslashreplace") if string else ""


def new_error():
    return ffi.new("ns_error *")


def new_arena(budget=ffi.NULL):
    """An arena that is freed with its last reference."""
    arena = lib.ns_arena_new_within(budget)
    if not arena:
        raise MemoryError("npuscope: no memory for an arena")
    return ffi.gc(arena, lib.ns_arena_free)


def new_budget(max_memory: int = 0, max_work: int = 0, time_limit: float = 0.0):
    """Limits of bytes, work and seconds; 0: the library's defaults."""
    budget = ffi.new("ns_budget *")
    lib.ns_budget_open(budget, max_memory, max_work, time_limit)
    return budget
