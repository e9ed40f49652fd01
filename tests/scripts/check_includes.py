#!/usr/bin/env python3
"""scripts/check-includes and scripts/check-operator-names find planted breaches. Arguments: the source folder, the build folder, the compiler."""
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

SOURCE, BUILD = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
COMPILER = sys.argv[3:]


class CheckIncludes(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.root = pathlib.Path(self.folder.name)
        for name in ("src", "include", "scripts"):
            shutil.copytree(SOURCE / name, self.root / name, ignore=shutil.ignore_patterns("*.pte", "*.zip"))

    def check(self, build=BUILD):
        done = subprocess.run([self.root / "scripts/check-includes", build], capture_output=True, text=True)
        return done.returncode, done.stdout + done.stderr

    def plant(self, path, text):
        file = self.root / path
        file.write_text(text + (file.read_text() if file.exists() else ""))

    def assert_fault(self, text, build=BUILD):
        code, output = self.check(build)
        self.assertEqual(code, 1, output)
        self.assertIn(text, output)

    def test_as_it_is(self):
        self.assertEqual(self.check(), (0, "includes and calls point one way, public headers compile alone\n"))

    def test_an_include_upwards(self):
        self.plant("src/base/bytes.c", '#include "num/interface.h"\n')
        self.assert_fault("src/base/bytes.c:1: base must not include num/interface.h")

    def test_a_public_header_upwards(self):
        self.plant("src/npu/machine.c", '#include "npuscope/graph.h"\n')
        self.assert_fault("src/npu/machine.c:1: npu must not include npuscope/graph.h, which is tosa's")

    def test_between_public_headers(self):
        self.plant("include/npuscope/tensor.h", '#include "npuscope/npu.h"\n')
        self.assert_fault("include/npuscope/tensor.h:1: base must not include npuscope/npu.h, which is npu's")

    def test_an_unknown_room_and_an_absent_header(self):
        (self.root / "src/attic").mkdir()
        self.plant("src/attic/old.c", "")
        self.plant("src/base/file.c", '#include "base/gone.h"\n')
        self.assert_fault("src/attic/old.c: room 'attic' has no row")
        self.assert_fault("src/base/file.c:1: base/gone.h does not exist")

    def test_a_header_that_needs_another(self):
        self.plant("include/npuscope/cpu.h", "static inline ns_gone ns_use(void);\n")
        self.assert_fault("cpu.h does not compile alone with gcc -std=c11")

    def test_a_circle_of_includes(self):
        self.plant("src/base/bytes.h", '#include "base/interface.h"\n')
        self.assert_fault("2 stems need each other: ")

    def compile(self, path, text):
        """A source of the temporary tree, and its object where Meson would put it."""
        self.plant(path, text)
        objects = self.root / "objects/libnpuscope.a.p"
        objects.mkdir(parents=True, exist_ok=True)
        subprocess.run([*COMPILER, "-c", self.root / path, "-o", objects / (path.replace("/", "_") + ".o")], check=True)

    def test_a_circle_of_calls(self):
        self.compile("src/base/left.c", "void right(int); void left(int n); void left(int n) { right(n); }\n")
        self.compile("src/base/right.c", "void left(int); void right(int n); void right(int n) { left(n); }\n")
        self.assert_fault("2 stems need each other: src/base/right.c calls left; src/base/left.c calls right",
                          self.root / "objects")

    def test_a_call_upwards(self):
        self.compile("src/base/low.c", "void high(int); void low(int n); void low(int n) { high(n); }\n")
        self.compile("src/tosa/high.c", "void high(int n); void high(int n) { (void)n; }\n")
        self.assert_fault("src/base/low.c: base must not call high, which is tosa's", self.root / "objects")

    def test_an_operator_outside_its_room(self):
        """src/program is left out: it runs ExecuTorch's kernels, which a file calls by name."""
        for folder, code in (("program", 0), ("quant", 1)):
            self.plant(f"src/{folder}/planted.c", 'static const char *planted = "conv1d";\n')
            done = subprocess.run([self.root / "scripts/check-operator-names"], capture_output=True, text=True)
            self.assertEqual(done.returncode, code, done.stdout)
        self.assertEqual(done.stdout, "src/quant/planted.c:1: conv1d stands outside src/ops\n")

    def test_without_objects(self):
        code, output = self.check(self.root)
        self.assertEqual((code, "build first" in output), (1, True), output)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
