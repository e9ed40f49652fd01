"""Models: load any file that npuscope runs, run it on numpy arrays, and ask what it loses."""
from __future__ import annotations

import dataclasses
import json
import os
import pathlib
from typing import Any, Sequence, Union

import numpy as np

from .library import ffi, lib, new_arena, new_budget, new_error, raise_for, text

PathOrBytes = Union[str, "os.PathLike[str]", bytes]


@dataclasses.dataclass(frozen=True)
class Tensor:
    """What an input takes or an output gives."""

    name: str
    dtype: np.dtype
    shape: tuple[int, ...]
    scale: float | None  # of the quantisation, where the file tells it
    zero_point: int
    is_tensor: bool  # False: a number, a list or None, whose value the program holds


@dataclasses.dataclass(frozen=True)
class Tap:
    """What one operator of a graph, or one operation of the NPU, produced."""

    number: int  # index of the operator in the main block, or of the NPU's operation
    output: int  # which of the operator's
    name: str  # "RESCALE", "POOL AVERAGE"
    tensor: str  # the graph's name of the result; "": a stream has none
    data: np.ndarray


@dataclasses.dataclass(frozen=True)
class Result:
    """What a run gave. Iterating and indexing go through the outputs."""

    outputs: list[np.ndarray]
    taps: list[Tap]
    warnings: list[str]  # chip rules, hazards, signs that a stream is wrong
    statistics: dict[str, int]  # of the NPU's streams, summed over the samples

    def __iter__(self):
        return iter(self.outputs)

    def __len__(self) -> int:
        return len(self.outputs)

    def __getitem__(self, index):
        return self.outputs[index]


def _dtype_of(scalar: int) -> np.dtype:
    """NumPy's type; bfloat16 and bits16 are held as the bits that they are."""
    name = text(lib.ns_scalar_text(scalar))
    return np.dtype({"bfloat16": "uint16", "bits16": "uint16"}.get(name, name))


def _describe(tensor) -> Tensor:
    return Tensor(text(tensor.name), _dtype_of(tensor.scalar), tuple(tensor.shape[0:tensor.rank]),
                  tensor.scale or None, tensor.zero_point, bool(tensor.is_tensor))


def _array(tensor, unsigned: bool) -> np.ndarray:
    """A copy of an ns_tensor."""
    names = {"fp32": "float32", "fp16": "float16", "bf16": "uint16", "int4": "int8", "int48": "int64", "shape": "int64"}
    name = text(lib.ns_dtype_text(tensor.dtype))
    dtype = np.dtype(names.get(name, name))
    shape = tuple(tensor.shape[0:tensor.rank])
    count = int(np.prod(shape, dtype=np.int64))
    data = np.frombuffer(ffi.buffer(tensor.data, count * dtype.itemsize), dtype).reshape(shape).copy()
    return data.view(f"u{dtype.itemsize}") if unsigned and dtype.kind == "i" else data


class Model:
    """A loaded model. One thread at a time may use it; several models may be used at once."""

    def __init__(self, source: PathOrBytes, accelerator: str | None = None):
        """`source`: a path, or the file's bytes. `accelerator`: None takes what a stream says."""
        data = source if isinstance(source, bytes) else pathlib.Path(source).read_bytes()
        error, out, chosen = new_error(), ffi.new("ns_model **"), ffi.new("ns_accelerator *", lib.NS_ACCELERATOR_COUNT)
        if accelerator is not None:
            raise_for(lib.ns_accelerator_parse(accelerator.encode(), chosen, error), error)
        raise_for(lib.ns_model_load(data, len(data), chosen[0], ffi.NULL, out, error), error)
        self._model = ffi.gc(out[0], lib.ns_model_free)
        self.source = data
        self.format = text(lib.ns_model_format_text(lib.ns_model_format_of(self._model)))
        self.inputs = [_describe(lib.ns_model_input(self._model, i))
                       for i in range(lib.ns_model_input_count(self._model))]
        self.outputs = [_describe(lib.ns_model_output(self._model, i))
                        for i in range(lib.ns_model_output_count(self._model))]

    def __repr__(self) -> str:
        def named(tensors):
            return ", ".join(f"{t.name} {list(t.shape)} {t.dtype}" for t in tensors)

        return f"<npuscope.Model {self.format}: {named(self.inputs)} -> {named(self.outputs)}>"

    def run(self, *inputs: Any, tap: bool = False, check: bool = False, strict_chip: bool = False, max_memory: int = 0,
            max_work: int = 0, time_limit: float = 0.0) -> Result:
        """Runs the model on one array for each input, in order.

        An array has the input's shape, or one axis more in front: samples, as many for each input; the outputs have
        it then too. Integers must fit the input's type; nothing is rounded in silence. `tap`: keep what every
        operator or NPU operation produced. `check`: hazards, and books on every byte of a stream's memory. The
        limits (bytes, work, seconds; 0: the defaults) bound what a file can ask for.
        """
        arrays, samples, batched = self._take(inputs)
        taps: list[Tap] = []
        warnings: list[str] = []
        budget = new_budget(max_memory, max_work, time_limit)
        arena = new_arena(budget)
        options, kept = self._options(budget, taps if tap else None, warnings, check, strict_chip)
        pointers = ffi.new("void *[]", [ffi.from_buffer(a) if a is not None else ffi.NULL for a in arrays])
        results = ffi.new("void *[]", max(len(self.outputs), 1))
        statistics, error = ffi.new("ns_npu_statistics *"), new_error()
        code = lib.ns_model_run(self._model, options, ffi.cast("void **", pointers), samples, arena,
                                ffi.cast("void **", results), statistics, error)
        raise_for(code, error)
        del kept
        return Result([self._give(i, results[i], samples, batched) for i in range(len(self.outputs))], taps, warnings,
                      {name: getattr(statistics, name) for name in
                       ("operations", "dma", "macs", "saturated", "hazards", "possible_hazards", "chip_rules", "signs")})

    def diagnose(self, *inputs: Any, references: Sequence[Any] | None = None, threads: int = 0) -> dict:
        """Which operators of a .tosa graph lose precision, why, and what mends it: the document npuscope/diagnose/1.

        `inputs` as for `run`; more samples make the verdict surer. `references`: what the float model gives for each
        output, with the same samples: then the distance to float is measured, not estimated.
        """
        from .diagnosis import diagnose

        arrays, samples, _ = self._take(inputs)
        return diagnose(self, arrays, samples, references, threads)

    def _take(self, inputs) -> tuple[list[np.ndarray | None], int, bool]:
        wanted = [t for t in self.inputs if t.is_tensor]
        if len(inputs) != len(wanted):
            raise TypeError(f"the model takes {len(wanted)} input{'' if len(wanted) == 1 else 's'} "
                            f"({', '.join(t.name for t in wanted)}), {len(inputs)} {'was' if len(inputs) == 1 else 'were'} given")
        given = iter(inputs)
        pairs = [(t, np.asarray(next(given))) if t.is_tensor else (t, None) for t in self.inputs]
        counts = {_samples(t, a) for t, a in pairs if a is not None}
        if len(counts) > 1:
            raise ValueError("inputs have different numbers of samples: " +
                             ", ".join("one, without an axis" if n is None else str(n) for n in counts))
        samples = counts.pop() if counts else None
        leading = () if samples is None else (samples,)
        return [None if a is None else _fit(t, a, leading) for t, a in pairs], samples or 1, samples is not None

    def _give(self, index: int, data, samples: int, batched: bool) -> np.ndarray | None:
        tensor = self.outputs[index]
        if not tensor.is_tensor:
            return None
        size = samples * lib.ns_model_output(self._model, index).bytes
        array = np.frombuffer(ffi.buffer(data, size), tensor.dtype).copy()
        return array.reshape((samples, *tensor.shape) if batched else tensor.shape)

    @staticmethod
    def _options(budget, taps, warnings, check_stream, strict_chip):
        """The C options, and what must live as long as they are used."""
        @ffi.callback("ns_code(void *, const ns_model_tap *, ns_error *)", error=lib.NS_ERROR_INTERNAL)
        def on_tap(_, tap, __):
            taps.append(Tap(tap.number, tap.output, text(tap.name), text(tap.tensor),
                            _array(tap.data, bool(tap.is_unsigned))))
            return lib.NS_OK

        @ffi.callback("void(void *, const char *)")
        def on_message(_, message):
            warnings.append(text(message))

        options = ffi.new("ns_model_options *", {
            "cpu_mask": lib.ns_cpu_detect(), "check": check_stream, "strict_chip": strict_chip, "budget": budget,
            "tap": on_tap if taps is not None else ffi.NULL, "message": on_message, "context": ffi.NULL})
        return options, (on_tap, on_message)


def _ones_aside(shape) -> tuple[int, ...]:
    return tuple(d for d in shape if d != 1)


def _samples(tensor: Tensor, array: np.ndarray) -> int | None:
    """How many samples the array has; None: one, without an axis for it. Dims of 1 may differ."""
    if array.shape == tensor.shape:
        return None
    if array.shape[1:] == tensor.shape and array.ndim:
        return array.shape[0]
    if _ones_aside(array.shape) == _ones_aside(tensor.shape):
        return None
    if array.ndim and _ones_aside(array.shape[1:]) == _ones_aside(tensor.shape):
        return array.shape[0]
    raise ValueError(f"input '{tensor.name}' has shape {list(array.shape)}; expected {list(tensor.shape)}, or an axis of "
                     "samples before it")


def _fit(tensor: Tensor, array: np.ndarray, leading: tuple[int, ...]) -> np.ndarray:
    """The array in the input's type and shape, contiguous; TypeError or ValueError where that would change a value."""
    if array.dtype != tensor.dtype:
        if array.dtype.kind not in "iub" or tensor.dtype.kind not in "iub":
            raise TypeError(f"input '{tensor.name}' is {array.dtype}; expected {tensor.dtype}")
        fitting = array.astype(tensor.dtype)
        if not np.array_equal(fitting.astype(object), array.astype(object)):
            raise ValueError(f"input '{tensor.name}' has values that {tensor.dtype} does not hold")
        array = fitting
    return np.ascontiguousarray(array.reshape((*leading, *tensor.shape)))


def load(source: PathOrBytes, accelerator: str | None = None) -> Model:
    """Opens a .tosa graph, a Vela .npz or .tflite, or a .pte program: a path, or its bytes."""
    return Model(source, accelerator)


def document(make, result, arena) -> dict:
    """What one of the library's JSON documents says."""
    data, size, error = ffi.new("char **"), ffi.new("size_t *"), new_error()
    raise_for(make(result, arena, data, size, error), error)
    return json.loads(ffi.buffer(data[0], size[0])[:])
