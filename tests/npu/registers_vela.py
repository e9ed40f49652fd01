#!/usr/bin/env python3
"""Compares the Ethos-U55/U65 register table with the installed Vela's own register description.

    registers_vela.py TEST_NPU_REGISTERS

Checked: the ids and names of all commands in both directions, that the bits which a command uses are the same, that
each of Vela's fields is one or several of ours, and the numbers of the enumerations that both have. Vela is looked for
in this Python and in $NPUSCOPE_PYTHON, build/venv. Exit code 77 (skipped) when it is not installed.
"""
import importlib
import os
import pathlib
import shlex
import subprocess
import sys

# Ours: Vela's Python description. Names differ, for Vela's C++ description has changed them since.
ENUMS = {"POOLING_MODE": "pooling_mode", "ELEMENTWISE_MODE": "elementwise_mode", "ACC_FORMAT": "acc_format",
         "ACTIVATION_FORMAT": "data_format", "IFM_UPSCALE_MODE": "resampling_mode", "ROUND_MODE": "rounding",
         "IFM_SCALE_MODE": "ifm_scale_mode", "DMA_STRIDE_MODE": "stride_mode",
         "ACTIVATION_CLIP_RANGE": "clip_range", "ACTIVATION_FUNCTION": "activation"}
# Fields of Vela's description that stand for all of a word, used or not: ours need only lie within.
WHOLE_WORD = ("param", "data")


def restart_with(python):
    if os.environ.get("NPUSCOPE_REGISTERS_RESTARTED") or not os.access(python, os.X_OK):
        return
    os.execve(python, [python, *sys.argv], {**os.environ, "NPUSCOPE_REGISTERS_RESTARTED": "1"})


def load_vela(module):
    """A module of the installed Vela, of another Python where this one does not have it."""
    try:
        return importlib.import_module(module)
    except ImportError:
        root = pathlib.Path(__file__).resolve().parents[2]
        for python in (os.environ.get("NPUSCOPE_PYTHON", ""), root / "build" / "venv" / "bin" / "python"):
            if python:
                restart_with(str(python))
        print("SKIPPED: Vela is not installed here (set NPUSCOPE_PYTHON to a Python that has it)")
        sys.exit(77)


def spans(structure, form):
    """(name, low, width) of the fields of Vela's ctypes structure, in our counting."""
    position, result = 0, []
    for name, _, width in structure._fields_:
        if not name.startswith(("cmd_code", "must_be_zero", "reserved", "payload_size")):
            low = position - 16 if position < 32 else position - 32
            result.append((name, low + 32 if form == "cmd1" and position < 32 else low, width))
        position += width
    return result


def read_table(program, *family):
    """({command: (form, id, [(field, low, width, enumeration)])}, {enumeration: {name: value}}) of one of our tables."""
    commands, values = {}, {}
    command = [*shlex.split(os.environ.get("MESON_EXE_WRAPPER", "")), program, "--dump", *family]
    done = subprocess.run(command, check=True, text=True, capture_output=True)
    for kind, *rest in map(str.split, done.stdout.splitlines()):
        if kind == "value":
            values.setdefault(rest[0], {})[rest[1]] = int(rest[2])
        else:
            form, number, name, *fields = rest
            fields = [field.split(":") for field in fields]
            commands[f"NPU_{'OP' if kind == 'operation' else 'SET'}_{name}"] = (
                form, int(number, 16), [(field, int(low), int(width), enumeration) for field, low, width, enumeration in fields])
    return commands, values


def main():
    vela = load_vela("ethosu.vela.ethos_u55_regs.ethos_u55_regs")
    commands, values = read_table(sys.argv[1])
    errors = []
    theirs = {entry.name: ("cmd0", entry.value) for entry in vela.cmd0}
    theirs.update({entry.name: ("cmd1", entry.value) for entry in vela.cmd1})
    for name in sorted(theirs.keys() ^ commands.keys()):
        errors.append(f"{name}: only {'Vela' if name in theirs else 'the table'} has it")
    compared_fields = 0
    for name in sorted(theirs.keys() & commands.keys()):
        form, number, fields = commands[name]
        fields = [field[1:3] for field in fields]
        if (form, number) != theirs[name]:
            errors.append(f"{name}: {form} 0x{number:03x}, Vela has {theirs[name]}")
        structure = getattr(vela, name.lower() + "_t", None)
        if structure is None:
            errors.append(f"{name}: Vela has no structure for it")
            continue
        for field_name, low, width in spans(structure, form):
            mask = ((1 << width) - 1) << low
            inside = [field for field in fields if field[0] >= low and field[0] + field[1] <= low + width]
            covers = [field for field in fields if field[0] <= low and field[0] + field[1] >= low + width]
            if field_name in WHOLE_WORD:
                inside += [field for field in fields if field[0] < low + width and low < field[0] + field[1]]
            compared_fields += 1
            if not inside and not covers and fields:
                errors.append(f"{name}: Vela's field of bits {low + width - 1}:{low} (mask 0x{mask:x}) matches none of {fields}")
    compared_values = 0
    for ours, name in ENUMS.items():
        for entry in getattr(vela, name):
            compared_values += 1
            if entry.value not in values[ours].values():
                errors.append(f"{name}.{entry.name} = {entry.value} is not in {ours}")
    print(*errors, sep="\n")
    print(f"{len(theirs)} commands, {compared_fields} fields, {compared_values} values compared; {len(errors)} differ")
    return 1 if errors or len(theirs) < 90 or compared_fields < 90 else 0


if __name__ == "__main__":
    sys.exit(main())
