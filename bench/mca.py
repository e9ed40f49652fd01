#!/usr/bin/env python3
"""Cycles an element of the hand-written loops for AVX2 and AVX-512, by llvm-mca's model of a processor.

  bench/mca.py [CPU]      CPU as llvm-mca names it (icelake-server); CC as in the environment (gcc)

A model, no measurement: everything lies in the first-level cache, and no branch is mispredicted. Prints a table and
exits 1 where a loop for AVX-512 is slower than AVX2's. Needs objdump and llvm-mca.
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

SOURCES = pathlib.Path(__file__).resolve().parent.parent / "src"
AVX512 = "-mavx512f -mavx512bw -mavx512dq -mavx512vl -mprefer-vector-width=512"
FLAGS = {"avx2": "-mavx2 -mfma -DNS_KERNELS_AVX2", "avx512": AVX512 + " -DNS_KERNELS_AVX512",
         "avx512vbmi": AVX512 + " -mavx512vbmi -DNS_KERNELS_AVX512VBMI"}
TILES = AVX512 + " -mamx-tile -mamx-int8 -DNS_KERNELS_AMX"
PAIR = """void probe(const int16_t *a, const int16_t *b, int16_t *out, size_t count, const pair_constants *c)
{ pair_row(a, 1, b, 1, out, count, %s, c); }"""
# Of RESCALE: AVX2's loop by the upper half, or its general one; AVX-512's.
UPPER = """size_t probe(const high_loop *l, size_t count, __m256i *far)
{ return high_body(l, count, (high_kind){%s, 0, false, PRODUCT, true}, far); }"""
GENERAL = "bool probe(const rescale_row *r) { return body(r, (rescale_kind){%s, 0, true, %s}); }"
SPLIT = "void probe(const ns_gemm_i16_call *call) { split_rows(call, 0); }" # a second caller: it stays a function
FINISH = "void probe(const ns_gemm_i16_call *call, const parts *sums) { finish(call, sums, %d, 0, 0); }"
LOOP = """size_t probe(const rescale_row *r, const rescale_constants *c, __m512i *fault)
{ return loop(r, %s, %s, c, fault); }"""

# What it is; for each set: source, elements of a turn, function, what is compiled behind the source.
def pairs(op):
    return {"avx2": ("fused_x86.c", 16, "probe", PAIR % op), "avx512": ("fused_x86.c", 32, "probe", PAIR % op)}


def rescale(types, way, avx2, step):
    return {"avx2": ("rescale_avx2.c", step, "probe", avx2), "avx512": ("rescale_avx512.c", 32, "probe", LOOP % (types, way))}


LOOPS = {
    "RESCALE i32 to i16, shift >= 33": rescale("I32, I16", "UPPER", UPPER % "I32, I16", 16),
    "the same, shift <= 32, checked": rescale("I32, I16", "CHECKED", GENERAL % ("I32, I16", "false, true"), 8),
    "the same, DOUBLE_ROUND": rescale("I32, I16", "UPPER_DOUBLE", GENERAL % ("I32, I16", "true, false"), 8),
    "RESCALE i16 to i32": rescale("I16, I32", "UPPER", UPPER % "I16, I32", 8),
    "RESCALE, ADD, RESCALE; operands by powers of two": pairs("NS_FUSED_ADD"),
    "the same, operands by any scale": pairs("ADD_SCALED"),
    "MUL, RESCALE": pairs("NS_FUSED_MUL"),
    "TABLE": {"avx2": ("table_avx2.c", 8, "ns_table_row_avx2", ""), "avx512": ("table_avx512.c", 32, "ns_table_row_avx512", ""),
              "avx512vbmi": ("table_avx512.c", 64, "ns_table_row_avx512vbmi", "")},
    "TABLE, RESCALE": {"avx2": ("table_avx2.c", 16, "ns_fused_table_avx2", ""), "avx512": ("table_avx512.c", 32, "ns_fused_table_avx512", ""),
                       "avx512vbmi": ("table_avx512.c", 64, "ns_fused_table_avx512vbmi", "")},
    "RESCALE, REDUCE_SUM": {"avx2": ("fused_x86.c", 16, "run_sum", ""), "avx512": ("fused_x86.c", 32, "run_sum", "")},
    "MUL, checked": {"avx2": ("fused_x86.c", 8, "run_multiply", ""), "avx512": ("fused_x86.c", 16, "run_multiply", "")},
    "clip": {"avx2": ("fused_x86.c", 16, "run_clip", ""), "avx512": ("fused_x86.c", 32, "run_clip", "")},
    "depthwise, two taps": {"avx2": ("depthwise_avx2.c", 32, "ns_depthwise_scaled_avx2", ""),
                            "avx512": ("depthwise_avx512.c", 32, "ns_depthwise_scaled_avx512", "")},
    "requantise, by channel": {"avx2": ("requantise_x86.c", 8, "ns_requantise_rows_avx2", ""),
                               "avx512": ("requantise_x86.c", 16, "ns_requantise_rows_avx512", "")},
}


def run(command, text=None):
    return subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout


def main_loop(code):
    """The instructions of the longest loop that holds no other and no way out but its end, without its jump."""
    rows = [(int(at, 16), text) for at, text in re.findall(r"^\s*([0-9a-f]+):\t(.*?)\s*$", code, re.M)]
    index = {at: n for n, (at, _) in enumerate(rows)}
    loops = []
    for end, (_, text) in enumerate(rows):
        jump = re.match(r"j\w+\s+([0-9a-f]+)", text)
        begin = index.get(int(jump[1], 16), end + 1) if jump else end + 1
        if begin < end and not any(re.match("j|ret|call", inner) for _, inner in rows[begin:end]):
            loops.append([re.sub(r"\s*[#<].*", "", inner) for _, inner in rows[begin:end]])
    return max((loop for loop in loops if any("mm" in line for line in loop)), key=len)


def cycles(cpu, name, source, elements, function, behind, folder):
    (folder / "probe.c").write_text(f'#include "kernels/{source}"\n{behind}\n')
    run([os.environ.get("CC", "gcc"), "-O3", "-std=c17", "-w", *FLAGS.get(name, name).split(), "-I", str(SOURCES), "-c",
         str(folder / "probe.c"), "-o", str(folder / "probe.o")])
    code = run(["objdump", "-d", "--no-show-raw-insn", f"--disassemble={function}", str(folder / "probe.o")])
    report = run(["llvm-mca", f"-mcpu={cpu}", "-iterations=500"], "\n".join(main_loop(code)))
    return int(re.search(r"Total Cycles:\s+(\d+)", report)[1]) / 500 / elements


def products(cpu, folder):
    """Sixteen rows by 64 columns of k steps: AMX's tiles against vpdpwssd. The tiles' part is derived from the cycles of
    each instruction that Intel's optimization manual has (TDP 16, TILESTORED 16; the last TDP's latency 52)."""
    split = cycles(cpu, TILES, "gemm_amx.c", 1, "split_rows", SPLIT, folder)
    finish = [cycles(cpu, TILES, "gemm_amx.c", 1, "probe", FINISH % parts, folder) for parts in (2, 3)]
    print(f"\n| 16 rows by 64 columns, cycles (derived, {cpu}) | k = 64 | 128 | 256 | 576 | 1024 |\n|---|---|---|---|---|---|")
    print(f"| splitting 64 steps of a row {split:.1f}, a row of 16 sums {finish[0]:.1f} or {finish[1]:.1f} |||||")
    for what, halves in ("int16 by int8", 1), ("int16 by int16", 2):
        for name in "vpdpwssd", "AMX":
            figures = []
            for k in 64, 128, 256, 576, 1024:
                chunks = -(-k // 64)
                tiles = chunks * 2 * halves * 16 + (halves + 1) * 16 + 52 + 16 * finish[halves - 1]
                figures += [16 * 4 * k // 2 * halves / 2 if name == "vpdpwssd" else 4 * tiles + 16 * chunks * split]
            print(f"| {what}, {name} |", " | ".join(f"{figure:.0f}" for figure in figures), "|")


def main():
    cpu = sys.argv[1] if len(sys.argv) > 1 else "icelake-server"
    slower = []
    print(f"| loop (cycles an element, llvm-mca, {cpu}) | AVX2 | AVX-512 | with VBMI |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for what, versions in LOOPS.items():
            found = {name: cycles(cpu, name, *probe, pathlib.Path(folder)) for name, probe in versions.items()}
            print("|", what, "|", " | ".join(f"{found[name]:.2f}" if name in found else "" for name in FLAGS), "|", flush=True)
            slower += [what] if max(found.values()) > found["avx2"] else []
        products(cpu, pathlib.Path(folder))
    for what in slower:
        print(f"slower for AVX-512 than for AVX2: {what}", file=sys.stderr)
    return 1 if slower else 0


if __name__ == "__main__":
    sys.exit(main())
