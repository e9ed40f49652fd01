#!/usr/bin/env python3
"""Writes tests/data/npu/weights.bin: weight streams of the vendor's encoder, for tests/npu/weights.c.

Usage: weights_vectors.py OUTPUT [--seed N] [--count N] [--all]

Runs in a Python that has ethos-u-vela 5.1.0 and tosa-tools. Random convolutions are written as TOSA
graphs and compiled for every Ethos-U; each convolution of the command stream becomes a record: 25 words
(see vectors()), then its streams. More records come straight from ethosu.mlw_codec.reorder_encode, with
blocks that Vela would not choose. The weights follow from a seed and a style, so that they need not be
stored. Without --all only a few small records of each kind are kept.
"""
import argparse
import pathlib
import random
import struct
import subprocess
import sys
import tempfile

import numpy as np
import serializer.tosa_serializer as ts
from ethosu import mlw_codec
from tosa.DType import DType
from tosa.Op import Op

U85 = [f"ethos-u85-{macs}" for macs in (128, 256, 512, 1024, 2048)]
ACCELERATORS = U85 + [f"ethos-u55-{macs}" for macs in (32, 64, 128, 256)] + ["ethos-u65-256", "ethos-u65-512"]
# Depth of the OFM micro-block by MACs and ACC_FORMAT's micro-block field.
MICRO_BLOCK_DEPTH = {128: {1: 8, 0: 16}, 256: {1: 16, 2: 8, 3: 8}, 512: {3: 16, 2: 16},
                     1024: {3: 32, 2: 32, 4: 16}, 2048: {3: 64, 2: 64, 5: 16}}
U85_CORES = {128: 1, 256: 1, 512: 2, 1024: 4, 2048: 4}
DEPTH_FIRST, PART_KERNEL, DEPTHWISE = range(3)


def weights(seed, count, style):
    """`count` weights; tests/npu/weights.c has the same (SplitMix64 of the index)."""
    step = np.uint64(0x9E3779B97F4A7C15)
    with np.errstate(over="ignore"):
        z = np.arange(1, count + 1, dtype=np.uint64) * step + np.uint64(seed)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z ^= z >> np.uint64(31)
    value = ((z & np.uint64(255)).astype(np.int64) - 128).clip(-127, 127)
    other = ((z >> np.uint64(8)) & np.uint64(255)).astype(np.int64)
    return {
        0: lambda: value,  # the full range
        1: lambda: np.where(other < 192, 0, value),  # three quarters zero
        2: lambda: other % 3 - 1,  # three values
        3: lambda: (value >> 4) + (other >> 5) - 4,  # small
        4: lambda: np.where((np.arange(count) & 3) < 2, 0, value),  # 2:4 sparse
        5: lambda: (other & 15) * 9 - 70,  # a table of 16
        6: lambda: (other & 3) * 84 - 127,  # a table of 4
    }[style]().astype(np.int16)


def write_graph(path, depthwise, ifm, shape, values, stride, dilation, wide):
    """A convolution without padding, and the RESCALE that Vela fuses with it."""
    graph = ts.TosaSerializer(str(path.parent))
    element, numpy_element = (DType.INT16, np.int16) if wide else (DType.INT8, np.int8)
    accumulator, numpy_accumulator = (DType.INT48, np.int64) if wide else (DType.INT32, np.int32)
    kernel = shape[:2] if depthwise else shape[1:3]
    depth = shape[2] * shape[3] if depthwise else shape[0]
    ofm = [1] + [(ifm[1 + a] - 1 - (kernel[a] - 1) * dilation[a]) // stride[a] + 1 for a in (0, 1)] + [depth]

    def const(dims, dtype, array):
        return graph.addConst(dims, dtype, array).name

    x = graph.addPlaceholder(ifm, element, np.zeros(ifm, numpy_element))
    operands = [x.name, const(list(shape), DType.INT8, values.reshape(shape).astype(np.int8)),
                const([depth], accumulator, np.zeros(depth, numpy_accumulator)),
                const([1], element, np.zeros(1, numpy_element)), const([1], DType.INT8, np.zeros(1, np.int8))]
    y = graph.addIntermediate(ofm, accumulator)
    attribute = ts.TosaSerializerAttribute()
    make = attribute.DepthwiseConv2dAttribute if depthwise else attribute.Conv2dAttribute
    make([0, 0, 0, 0], stride, dilation, False, accumulator)
    graph.addOperator(Op.DEPTHWISE_CONV2D if depthwise else Op.CONV2D, operands, [y.name], attribute)
    multiplier = (DType.INT16, np.array([20000], np.int16)) if wide else (DType.INT32, np.array([1 << 30], np.int32))
    out = graph.addOutput(ofm, element)
    operands = [y.name, const([1], *multiplier), const([1], DType.INT8, np.array([30 if wide else 38], np.int8)),
                const([1], accumulator, np.zeros(1, numpy_accumulator)), const([1], element, np.zeros(1, numpy_element))]
    attribute = ts.TosaSerializerAttribute()
    attribute.RescaleAttribute(not wide, 1, False, False, False)
    graph.addOperator(Op.RESCALE, operands, [out.name], attribute)
    path.write_bytes(graph.serialize())


def command_words(payload):
    """The configuration word and the command words of a COP1 payload."""
    words = np.frombuffer(payload, np.uint32)
    at, config = 1, None
    while True:
        action = int(words[at])
        kind = action & 0xFF
        if kind == 2:
            count = action >> 16 | (action >> 8 & 0xFF) << 16
            return config, words[at + 1:at + 1 + count]
        if kind == 1:
            config = int(words[at + 1])
        at += {1: 3, 5: 1}[kind]


def operations(words):
    """(operation, parameter, cmd0 registers, cmd1 registers with 40-bit values) of each operation."""
    cmd0, cmd1, at = {}, {}, 0
    while at < len(words):
        word = int(words[at])
        code, parameter = word & 0x3FF, word >> 16
        if word >> 14 & 3:
            cmd1[code] = int(words[at + 1]) | (parameter & 0xFF) << 32
            at += 2
            continue
        at += 1
        if code >= 0x100:
            cmd0[code] = parameter
        else:
            yield code, parameter, cmd0, cmd1


def stream(blob, copies, region, base, length):
    """The bytes of a stream, followed back through the DMA copies to the constants."""
    while region != 0:
        region, base = next((source_region, source + base - target)
                            for target_region, target, source_region, source, size in reversed(copies)
                            if target_region == region and target <= base and base + length <= target + size)
    return blob[base:base + length]


def vectors(archive, seed, style, shape, depthwise):
    """A record for each convolution of a compiled graph; none where Vela has changed the kernel's shape."""
    config, words = command_words(archive["cmd_data"].tobytes())
    blob = archive["weight_data"].tobytes()
    product, macs = config >> 28, 1 << (config & 15)
    cores = U85_CORES[macs] if product == 2 else 2 if macs == 512 else 1
    total = shape[2] * shape[3] if depthwise else shape[0]
    expected = (shape[0], shape[1], 1) if depthwise else tuple(shape[1:])
    copies, offset = [], 0
    for code, parameter, cmd0, cmd1 in operations(words):
        if code == 0x10 and not cmd0[0x131] >> 8 & 1:
            copies.append((cmd0[0x131] & 7, cmd1[0x31], cmd0[0x130] & 7, cmd1[0x30], cmd1[0x32]))
        if code not in (2, 3):
            continue
        kernel = cmd0[0x122]
        dilation_x, dilation_y = 1 + (kernel >> 3 & 1), 1 + (kernel >> 4 & 1)
        stride_x, stride_y = 1 + (kernel & 1) + (kernel >> 6 & 1) * 2, 1 + (kernel >> 1 & 1) + (kernel >> 9 & 1) * 2
        width, height = cmd0[0x120] // dilation_x + 1, cmd0[0x121] // dilation_y + 1
        ifm_depth = 1 if depthwise else cmd0[0x104] + 1
        if (height, width, ifm_depth) != expected:
            return
        depth = cmd0[0x113] + 1
        format_register = cmd0.get(0x12E, 0)
        micro_block = MICRO_BLOCK_DEPTH[macs][cmd0[0x124] >> 8 & 7] if product == 2 else 4 if macs == 32 else 8
        bases = [0x20, 0x90, 0x92, 0x94][:cores]
        data = [stream(blob, copies, cmd0[0x128] & 7, cmd1[base], cmd1[base + 1]) if cmd1.get(base + 1) else b""
                for base in bases]
        lengths = [len(d) for d in data] + [0] * (4 - cores)
        offset %= total
        yield struct.pack("<25i", product == 2, DEPTHWISE if code == 3 else kernel >> 2 & 1, depth, height, width,
                          ifm_depth, dilation_y, dilation_x, stride_y, stride_x, 8 << (cmd0[0x105] >> 2 & 3),
                          cmd0[0x117] + 1, micro_block, macs, cores, format_register >> 4 & 1, format_register & 1,
                          seed, style, offset, total, *lengths) + b"".join(data)
        offset += depth


def compiled(count, rng, folder, fast):
    """Records of random convolutions; `fast`: full micro-blocks of hardly compressible weights, for U85."""
    choices = U85 if fast else ACCELERATORS
    for number in range(count):
        depthwise = not fast and rng.random() < 0.25
        style, seed = rng.choice([0, 0, 0, 1, 2, 3, 4]), rng.randrange(1, 1 << 31)
        if fast:
            style = rng.choice([0, 5, 6])
            height, width = rng.choice([(1, 1), (1, 1), (5, 1), (3, 3), (5, 2), (2, 5)])
            ifm_depth = 16 * (rng.randrange(1, 9) if height * width == 1 else 1)
            depth = 16 * rng.randrange(1, 9) - rng.randrange(2)
        else:
            height, width = rng.choice([(1, 1), (3, 3), (5, 2), (7, 7), (2, 9), (1, 5), (8, 8), (9, 2)])
            ifm_depth, depth = rng.choice([16, 32, 64, rng.randrange(1, 90)]), rng.choice([16, 64, rng.randrange(1, 90)])
            if height * width * ifm_depth * depth > 16000:
                ifm_depth, depth = max(1, ifm_depth // 8), max(1, depth // 4)
        stride = rng.choice([[1, 1], [1, 1], [2, 2], [2, 1], [3, 3], [1, 3]])
        dilation = rng.choice([[1, 1], [1, 1], [2, 2], [1, 2]])
        shape = [height, width, ifm_depth, 1] if depthwise else [depth, height, width, ifm_depth]
        extent = [(rng.randrange(0, 19)) * stride[a] + ((height, width)[a] - 1) * dilation[a] + 1 for a in (0, 1)]
        values = weights(seed, int(np.prod(shape)), style)
        source, target = folder / "graph.tosa", folder / "graph_vela.npz"
        write_graph(source, depthwise, [1, *extent, ifm_depth], shape, values, stride, dilation, rng.random() < 0.3)
        target.unlink(missing_ok=True)
        extra = ["--optimise", rng.choice(["Size", "Performance"])] if fast else []
        subprocess.run([pathlib.Path(sys.executable).parent / "vela", "--accelerator-config",
                        choices[number % len(choices)], "--output-format", "raw", "--output-dir", folder, *extra, source],
                       capture_output=True, check=False)
        if target.exists():
            with np.load(target, allow_pickle=True) as archive:
                yield from vectors(archive, seed, style, shape, depthwise)


def encoded(count, rng):
    """Records straight from the encoder, Ethos-U55 and U65."""
    for _ in range(count):
        macs, cores, micro_block = rng.choice([(32, 1, 4), (64, 1, 8), (128, 1, 8), (256, 1, 8), (512, 2, 8)])
        traversal, bits = rng.randrange(3), rng.choice([8, 8, 16])
        style, seed = rng.randrange(5), rng.randrange(1, 1 << 31)
        height, width = rng.choice([(1, 1), (3, 3), (5, 2), (1, 7), (9, 1), (4, 4), (11, 9)])
        ifm_depth, depth = rng.randrange(1, 70), rng.randrange(2, 70)
        if height * width * ifm_depth * depth > 6000:
            ifm_depth, depth = max(1, ifm_depth // 8), max(2, depth // 8)
        dilation_y, dilation_x = rng.choice([(1, 1), (2, 2), (1, 2)])
        block = rng.choice([8, 16, 24, 32, 64]) * cores
        if traversal == DEPTHWISE:
            ifm_depth = 1
            values = weights(seed, height * width * depth, style).reshape(height, width, depth, 1).transpose(2, 0, 1, 3)
        else:
            values = weights(seed, depth * height * width * ifm_depth, style).reshape(depth, height, width, ifm_depth)
        data = [bytes(mlw_codec.reorder_encode(8, micro_block, np.ascontiguousarray(values[core::cores]),
                                               (block + cores - 1 - core) // cores, int(traversal == DEPTHWISE),
                                               int(traversal == PART_KERNEL), bits, 8 // dilation_y, 8 // dilation_x)[0])
                for core in range(cores)]
        lengths = [len(d) for d in data] + [0] * (4 - cores)
        yield struct.pack("<25i", 0, traversal, depth, height, width, ifm_depth, dilation_y, dilation_x, 1, 1, bits,
                          block, micro_block, macs, cores, 0, 0, seed, style, 0, depth, *lengths) + b"".join(data)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("output", type=pathlib.Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=330)
    parser.add_argument("--all", action="store_true")
    arguments = parser.parse_args()
    rng = random.Random(arguments.seed)
    records, kept = [], {}
    with tempfile.TemporaryDirectory() as folder:
        for source in (compiled(arguments.count, rng, pathlib.Path(folder), False),
                       compiled(arguments.count // 2, rng, pathlib.Path(folder), True), encoded(arguments.count // 3, rng)):
            for record in source:
                words = struct.unpack("<25i", record[:100])
                kind = (words[0], words[1], words[10], *words[13:17])
                if not arguments.all and (len(record) > (20000 if words[16] else 2500) or kept.get(kind, 0) >= 4):
                    continue
                kept[kind] = kept.get(kind, 0) + 1
                records.append(record)
    arguments.output.write_bytes(b"NSWV" + struct.pack("<i", len(records)) + b"".join(records))
    print(f"{len(records)} records of {len(kept)} kinds, {arguments.output.stat().st_size} bytes")


if __name__ == "__main__":
    main()
