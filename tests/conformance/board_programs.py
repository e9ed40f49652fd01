#!/usr/bin/env python3
"""scripts/board-programs: says equal or not of each program, by every byte of every output; NPUSCOPE names the program."""
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts" / "recording"))
import sets

MODELS = {name: data for name, data in sets.read(sets.DATA / "tflite.zip").items()}


def payload(npy):
    return npy[10 + int.from_bytes(npy[8:10], "little"):]


class Programs(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def add(self, name, case, outputs=None):
        place = self.folder / name
        place.mkdir()
        for file, data in MODELS.items():
            if file.startswith(case + "/") and "/out" not in file:
                (place / file.split("/")[1].replace("in", "input", 1)).write_bytes(data)
        for k, data in enumerate(outputs or [payload(MODELS[f"{case}/out0.npy"])]):
            (place / f"output{k}.bin").write_bytes(data)
        return place

    def run_script(self, code):
        result = subprocess.run([ROOT / "scripts" / "board-programs", self.folder], capture_output=True, text=True,
                                env={**os.environ, "NPUSCOPE": os.environ["NPUSCOPE"]})
        self.assertEqual(result.returncode, code, result.stdout + result.stderr)
        return result.stdout.splitlines()

    def test_equal(self):
        """Two inputs, in the order of the model; the accelerator is the program's."""
        self.add("ethos-u55-128_add", "add_unequal_int8_u55_v5.1.0")
        self.add("int16", "maximum_int16_u55_v4.5.0")
        self.assertEqual(self.run_script(0), ["equal    ethos-u55-128_add", "equal    int16", "2 programs equal, 0 not; 0 sources linted"])

    def test_one_byte_differs(self):
        data = bytearray(payload(MODELS["add_unequal_int8_u55_v5.1.0/out0.npy"]))
        data[9] ^= 1
        self.add("add", "add_unequal_int8_u55_v5.1.0", [bytes(data)])
        lines = self.run_script(1)
        self.assertIn("differ: byte 10", lines[0])
        self.assertEqual(lines[1], "0 programs equal, 1 not; 0 sources linted")

    def test_outputs_are_counted(self):
        """Also to their last byte, and their number."""
        data = payload(MODELS["add_unequal_int8_u55_v5.1.0/out0.npy"])
        self.add("longer", "add_unequal_int8_u55_v5.1.0", [data + b"\0"])
        self.add("two", "add_unequal_int8_u55_v5.1.0", [data, data])
        lines = self.run_script(1)
        self.assertTrue(all(line.startswith("WRONG") for line in lines[:2]), lines)
        self.assertIn("another number of outputs", lines[1])

    def test_another_accelerator(self):
        self.add("ethos-u55-256_add", "add_unequal_int8_u55_v5.1.0")
        self.assertIn("for ethos-u55-128", self.run_script(1)[0])

    def test_nothing_to_run(self):
        self.run_script(2)


if __name__ == "__main__":
    unittest.main()
