"""Reads the register commands of a compiled stream, far enough to say which features it uses.

    python tests/conformance/streams.py FOLDER [TEXT]      counts per feature, of streams whose target contains TEXT
"""
import collections
import json
import pathlib
import struct
import sys

import numpy

OPERATIONS = {0x02: "CONV", 0x03: "DEPTHWISE", 0x05: "POOL", 0x06: "ELEMENTWISE", 0x07: "RESIZE", 0x10: "DMA"}
# Registers (cmd0) whose values choose a mode, with the bits that do.
MODES = {0x105: ("IFM_PRECISION", 0xFFFF), 0x107: ("IFM_UPSCALE", 3), 0x108: ("IFM_BROADCAST", 15), 0x114: ("OFM_PRECISION", 0xFFFF),
         0x122: ("KERNEL_STRIDE", 0xFFFF), 0x123: ("PARALLEL_MODE", 1), 0x124: ("ACC_FORMAT", 0xFFFF), 0x125: ("ACTIVATION", 0xFFFF),
         0x12E: ("WEIGHT_FORMAT", 0xFFFF), 0x180: ("IFM2_BROADCAST", 0xFF), 0x185: ("IFM2_PRECISION", 0xFFFF),
         0x130: ("DMA0_SRC_REGION", 0xFFFF), 0x131: ("DMA0_DST_REGION", 0xFFFF)}
TILES = {0x001: "IFM_BASE1", 0x002: "IFM_BASE2", 0x003: "IFM_BASE3", 0x011: "OFM_BASE1", 0x012: "OFM_BASE2", 0x013: "OFM_BASE3",
         0x081: "IFM2_BASE1", 0x082: "IFM2_BASE2", 0x083: "IFM2_BASE3"}
SCALES = {0x024: "OFM_SCALE", 0x025: "OPA_SCALE", 0x026: "OPB_SCALE"}
# Which mode registers an operation reads; the others may be left over from an earlier one.
COMMON = {0x105, 0x107, 0x108, 0x114, 0x124, 0x125}
READS = {"CONV": COMMON | {0x122, 0x123, 0x12E}, "DEPTHWISE": COMMON | {0x122, 0x12E}, "POOL": COMMON | {0x122},
         "ELEMENTWISE": COMMON | {0x180, 0x185}, "RESIZE": COMMON, "DMA": {0x130, 0x131}}


def words_of(npz):
    """The command words of a Vela npz."""
    with numpy.load(npz, allow_pickle=False) as arrays:
        payload = arrays["cmd_data"].tobytes()
    words = struct.unpack(f"<{len(payload) // 4}I", payload[: len(payload) // 4 * 4])
    if payload[:4] == b"COP2":  # 16 bytes, entry type and length, metadata length, "VEUM", ..., padding to 16 bytes
        length = words[6]
        start = (28 + length + 15) // 16 * 4
        return words[start:]
    at = 1
    while at < len(words):
        action = words[at] & 0xFF
        if action == 0x02:
            length = (words[at] >> 16) | ((words[at] >> 8 & 0xFF) << 16)
            return words[at + 1: at + 1 + length]
        at += 3 if action == 0x01 else 1
    return ()


def features(npz):
    """A set of texts: operations with their modes, multiple tiles, branches."""
    found, modes, wide = set(), {}, {}
    words, at = words_of(npz), 0
    while at < len(words):
        word = words[at]
        code, parameter = word & 0x3FF, word >> 16
        if word >> 14 & 3 == 0:
            at += 1
            if code in MODES:
                modes[code] = parameter & MODES[code][1]
            elif code in OPERATIONS:
                operation(found, OPERATIONS[code], parameter, modes, wide)
        else:
            if code == 0x100 and word >> 14 & 3 == 1:
                found.add(f"BRANCH {parameter & 1}")
            else:
                wide[code] = (parameter, words[at + 1])
            at += 2
    return found


def operation(found, name, parameter, modes, wide):
    kind = f"{name} {parameter}" if name != "DMA" else name
    found.add(kind)
    for code in READS[name] & modes.keys():
        found.add(f"{kind} {MODES[code][0]}={modes[code]:#x}")
    if name == "DMA":
        return
    for code in TILES.keys() & wide.keys():
        if wide[code][1]:
            found.add(f"{kind} {TILES[code]}")
    for code in SCALES.keys() & wide.keys():
        found.add(f"{kind} {SCALES[code]} high={wide[code][0] >> 13 & 7}")


def main():
    corpus = pathlib.Path(sys.argv[1])
    text = sys.argv[2] if len(sys.argv) > 2 else ""
    counts, streams = collections.Counter(), 0
    for entry in json.loads((corpus / "index.json").read_text())["graphs"]:
        for target, stream in entry["streams"].items():
            if stream["status"] == "ok" and text in target:
                streams += 1
                counts.update(f"{target.split('-')[1]} {feature}" for feature in
                              features(corpus / entry["name"] / f"{target}_vela.npz"))
    print(f"{streams} streams")
    for feature, count in sorted(counts.items()):
        print(f"{count:6} {feature}")


if __name__ == "__main__":
    main()
