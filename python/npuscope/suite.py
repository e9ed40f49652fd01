"""`npuscope suite` and `npuscope compare`, from Python."""
from __future__ import annotations

import dataclasses
from typing import Any, Sequence

import numpy as np

from .library import ffi, lib, new_arena, new_error, raise_for
from .model import document


def _texts(values, kept):
    """A C array of strings."""
    strings = [ffi.new("char[]", str(v).encode()) for v in values]
    kept += strings
    kept.append(ffi.new("char *[]", strings or [ffi.NULL]))
    return kept[-1]


def suite(*, ops: Sequence[str] = (), cases: Sequence[str] = (), targets: Sequence[str] = (), paths: Sequence[Any] = (),
          stages: str | None = None, vela: str | None = None, threads: int = 0,
          shard: tuple[int, int] = (0, 1)) -> dict:
    """Runs operators through all stages: the document npuscope/suite/1 (docs/suite.schema.json).

    `ops`, `cases`: names or patterns; `targets`: "u55", "u85" or an accelerator's name; `paths`: folders and zip files of
    cases of one's own, which then stand alone. `stages`: "ideal,quantised,eval" needs no Vela. `shard`: (I, N), part I
    from 0 of N. Nothing given: all of the catalogue.
    """
    options, kept = ffi.new("ns_suite_options *"), []
    lib.ns_suite_defaults(options, ffi.sizeof("ns_suite_options"))
    for field, counter, values in (("ops", "op_count", ops), ("names", "name_count", cases),
                                   ("targets", "target_count", targets), ("case_paths", "case_path_count", paths)):
        setattr(options, field, _texts(values, kept))
        setattr(options, counter, len(values))
    for field, value in (("stages", stages), ("vela", vela), ("catalogue", "none" if paths else None)):
        if value is not None:
            kept.append(ffi.new("char[]", str(value).encode()))
            setattr(options, field, kept[-1])
    options.cpu_mask, options.threads = lib.ns_cpu_detect(), threads
    options.shard, options.shards = shard
    arena, result, error = new_arena(), ffi.new("ns_suite_result **"), new_error()
    raise_for(lib.ns_suite_run(options, arena, result, error), error)
    return document(lib.ns_report_suite_json, result[0], arena)


@dataclasses.dataclass(frozen=True)
class Comparison:
    """How far two arrays are apart; `b` is what was expected."""

    count: int
    differences: int  # elements with |a - b| > atol + rtol * |b|
    first: int  # flat index of the first of them; `count` when there is none
    max_error: float
    mean_error: float
    worst: int  # flat index of max_error
    sqnr_db: float  # inf without any error, nan when b is all zero

    def __bool__(self) -> bool:
        """True when nothing is beyond the tolerance."""
        return self.differences == 0


def compare(a: Any, b: Any, *, atol: float = 0.0, rtol: float = 0.0) -> Comparison:
    """Compares two arrays whose shapes are equal up to dims of 1. Integers are exact up to 2^53."""
    a, b = np.asarray(a), np.asarray(b)
    if [d for d in a.shape if d != 1] != [d for d in b.shape if d != 1]:
        raise ValueError(f"shapes {list(a.shape)} and {list(b.shape)} differ by more than dims of 1")
    left, right = (np.ascontiguousarray(x, np.float64).ravel() for x in (a, b))
    out = ffi.new("ns_comparison *")
    lib.ns_compare_arrays(ffi.new("ns_tolerance *", {"absolute": atol, "relative": rtol}), left.size,
                          ffi.from_buffer("double[]", left), ffi.from_buffer("double[]", right), out)
    return Comparison(*(getattr(out, f.name) for f in dataclasses.fields(Comparison)))
