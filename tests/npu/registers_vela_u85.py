#!/usr/bin/env python3
"""Compares the Ethos-U85 register table with the disassembler that is compiled into the installed Vela.

    registers_vela_u85.py TEST_NPU_REGISTERS [--all]

Vela describes Ethos-U85 in its compiled part only. There it prints each word of a command stream with the command's name, its
fields' names and their values (--verbose-register-command-stream). Graphs of tests/data/conformance.zip are compiled, and each
word that is printed is taken apart by our table: the command's id and name, every field's name and order, its value from its
bits, and an enumerated value's name have to be the same. A field counts as placed when a value other than 0 was seen in
it. How many commands have to occur and fields have to be placed is in LEAST. --all: every graph, not the chosen ones. Vela is looked for as in registers_vela.py; exit code 77 (skipped) when it is not installed.
"""
import os
import pathlib
import re
import sys
import tempfile

from registers_vela import load_vela, read_table

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts" / "recording"))
import sets

ARCHIVE = sets.DATA / "conformance.zip"
# Which of them cover most: from a run with --all.
GRAPHS = [
    ("b0_attention_dtypeint8_sizes1x4x8x6", "ethos-u85-128"),
    ("b0_average_pool_dtypeint16_kernel5x4_stride2x2_paddedFalse", "ethos-u85-128"),
    ("b0_broadcast_opADD_dtypeint8_first1x1x1x7_second1x1x5x1", "ethos-u85-128"),
    ("b0_broadcast_opMAXIMUM_dtypeint16_first1x1x1x1_second1x1x5x1", "ethos-u85-128"),
    ("b0_broadcast_opMINIMUM_dtypeint16_first1x1x1x1_second1x1x5x1", "ethos-u85-128"),
    ("b0_conv_chain_dtypeint8_depth4_height64_width12_channels16", "ethos-u85-512"),
    ("b0_conv_layer_dtypeint16_channels20x33_kernel3x3_stride3x3", "ethos-u85-128"),
    ("b0_conv_layer_dtypeint16_channels6x10_kernel3x3_stride3x1_dilation2x2", "ethos-u85-128"),
    ("b0_conv_transposed_dtypeint16_order0x3x1x2", "ethos-u85-128"),
    ("b0_depthwise_layer_dtypeint16_channels3_multiplier2_kernel3x3_stride2x2", "ethos-u85-128"),
    ("b0_max_pool_fused_dtypeint16_kernel3x3_fusedtable", "ethos-u85-128"),
    ("b0_mean_dtypeint16_axis2_shape1x6x7x20", "ethos-u85-128"),
    ("b0_mixed_chain_dtypeint16_height96_width24_stride2", "ethos-u85-128"),
    ("b0_resize_layer_dtypeint16_modeBILINEAR_scale6x4x6x2", "ethos-u85-128"),
    ("b0_resize_layer_dtypeint16_modeNEAREST_scale4x2x4x2", "ethos-u85-128"),
    ("b0_small_first_opARITHMETIC_RIGHT_SHIFT_first1x1x1x1", "ethos-u85-128"),
    ("b0_small_first_opGREATER_first1x1x1x1", "ethos-u85-128"),
    ("b0_small_first_opINTDIV_first1x1x1x1", "ethos-u85-128"),
    ("b0_table_twice_dtypeint8", "ethos-u85-128"),
    ("b0_transposed_dtypeint16_order0x2x3x1", "ethos-u85-128"),
    ("b3_conv_chain_dtypeint16_depth4_height64_width12_channels8", "ethos-u85-1024"),
    ("s0_abs_3x2x6x1_i32", "ethos-u85-1024"),
    ("s0_argmax_5x4x3x2x6_i8_outi32_axis3", "ethos-u85-1024"),
    ("s0_bitwise_not_1x3x4_i32", "ethos-u85-1024"),
    ("s0_bitwise_xor_1_i32", "ethos-u85-1024"),
    ("s0_clz_4x6x4_i32", "ethos-u85-2048"),
    ("s0_concat_3x7x5x4x3_b_axis4", "ethos-u85-2048"),
    ("s0_cond_if_binary_2x3x1_i8_cond1", "ethos-u85-1024"),
    ("s0_conv2d_2x2_1x4x7x5_i16xi8_acci48_st12_pad0101_dilat21_lclbnd0", "ethos-u85-1024"),
    ("s0_equal_1_i32", "ethos-u85-1024"),
    ("s0_gather_1x2x4_i8_idxi32", "ethos-u85-1024"),
    ("s0_greater_equal_1x7_i32", "ethos-u85-1024"),
    ("s0_reduce_any_6_b_axis0", "ethos-u85-1024"),
    ("s0_rescale_3x1x4_i16_outi8_sc0_rmS_pc0_iu0_ou1", "ethos-u85-1024"),
    ("s0_resize_1x5x7x2_i16_modeB_outi48_sc1x1x1x2_off1x6_bor0x0", "ethos-u85-1024"),
    ("s0_reverse_1x2x6x3x2_b_axis4", "ethos-u85-1024"),
    ("s0_reverse_6_i16_axis0", "ethos-u85-1024"),
    ("s0_scatter_1x2x7_i8_idxi32", "ethos-u85-1024"),
    ("s0_select_2x1_i16", "ethos-u85-1024"),
    ("s0_table_7_i16", "ethos-u85-1024"),
]
COMMAND = re.compile(r"0x([0-9a-f]{6}): +(?:([0-9a-f]{8}) )?([0-9a-f]{4}) ([0-9a-f]{4}) - (NPU_\w+) +(-?\d+)(?:, (.*))?$")
LEAST = {"commands": 105, "fields": 129}
# What Vela calls the fields of a 40-bit address, stride or length.
ADDRESS = "addr"
# Vela prints values of 32 bits above 2^31 - 1 one too small (ethos_u85_interface.hpp, npu_set_op_scalar_t::disassemble).
PRINTED_ONE_LESS = "NPU_SET_OP_SCALAR"


def disassemblies(vela, names):
    """(graph, accelerator, text that Vela prints) for each graph."""
    saved = os.dup(1), os.dup(2)
    files = sets.read(ARCHIVE)
    with tempfile.TemporaryDirectory() as folder:
        log = pathlib.Path(folder) / "log"
        for name, accelerator in names:
            path = pathlib.Path(folder) / "graph.tosa"
            path.write_bytes(files[f"{name}/graph.tosa"])
            sys.stdout.flush()
            with open(log, "w") as file:
                os.dup2(file.fileno(), 1), os.dup2(file.fileno(), 2)
            try:
                vela.main([str(path), "--accelerator-config", accelerator, "--output-format", "raw",
                           "--verbose-register-command-stream", "--output-dir", folder])
            except SystemExit:
                pass
            sys.stdout.flush()
            os.dup2(saved[0], 1), os.dup2(saved[1], 2)
            yield name, accelerator, log.read_text(errors="replace")


def compare(line, commands, by_code, values, placed, seen, errors):
    """Takes one printed command apart; returns whether the line was one."""
    match = COMMAND.match(line)
    if not match:
        return False
    _, payload, parameter, code, name, _, fields = match.groups()
    word = int(parameter, 16)
    form = "cmd1" if payload else "cmd0"
    if payload:
        word = word << 32 | int(payload, 16)
    number = int(code, 16) & 0x3ff
    ours = by_code.get((form, number))
    if ours != name:
        errors.add(f"{form} 0x{number:03x} is {name} for Vela, {ours} in the table")
        return True
    seen.add(name)
    mine = commands[name][2]
    theirs = [field.split(" = ") for field in fields.split(", ")] if fields else []
    if len(mine) != len(theirs):
        errors.add(f"{name}: Vela prints the fields {[f[0] for f in theirs]}, the table has {[f[0] for f in mine]}")
        return True
    for (field, low, width, enumeration), (their_name, their_value) in zip(mine, theirs):
        value = word >> low & ((1 << width) - 1)
        if their_name.upper() != field and their_name != ADDRESS:
            errors.add(f"{name}: Vela's field {their_name} is {field} in the table")
        if enumeration != "-":
            wanted = [key for key, number in values[enumeration].items() if number == value]
            same = their_value in [f"{enumeration}_{key}" for key in wanted]
            seen.add(f"{enumeration}.{their_value}")
        else:
            same = int(their_value, 0) in (value, value - (name == PRINTED_ONE_LESS and value >= 1 << 31))
        if not same:  # Vela prints signed fields as unsigned
            errors.add(f"{name}.{field}: 0x{word:x} has {their_value} for Vela, {value} by the table")
        if value:
            placed.add(f"{name}.{field}")
    return True


def main():
    vela = load_vela("ethosu.vela.vela")
    commands, values = read_table(sys.argv[1], "u85")
    by_code = {(form, number): name for name, (form, number, _) in commands.items()}
    names = GRAPHS
    if "--all" in sys.argv:
        names = [(name.split("/")[0], re.match(r"ethos-u85-\d+", name.split("/")[1])[0])
                 for name in sets.read(ARCHIVE) if "/ethos-u85-" in name]
    placed, seen, errors, lines = set(), set(), set(), 0
    for name, accelerator, text in disassemblies(vela, names):
        before = placed | seen
        lines += sum(compare(line, commands, by_code, values, placed, seen, errors) for line in text.splitlines())
        if "--all" in sys.argv and (placed | seen) - before:
            print(name, accelerator, len((placed | seen) - before), *sorted((placed | seen) - before)[:6])
    fields = [f"{name}.{field[0]}" for name, (_, _, list_) in commands.items() for field in list_]
    print(*sorted(errors), sep="\n")
    print("commands that no graph uses:", *sorted(commands.keys() - seen))
    print("fields that are 0 in all graphs:", *sorted(set(fields) - placed))
    print(f"{lines} commands compared, {len(seen & commands.keys())} of {len(commands)} occur, {len(placed)} of {len(fields)} fields "
          f"with a value other than 0; {len(errors)} differ")
    few = len(seen & commands.keys()) < LEAST["commands"] or len(placed) < LEAST["fields"]
    return 1 if errors or few else 0


if __name__ == "__main__":
    sys.exit(main())
