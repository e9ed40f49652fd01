#!/usr/bin/env python3
"""scripts/check-parameters finds planted breaches. Argument: the source folder."""
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

SOURCE = pathlib.Path(sys.argv[1])
EIGHT = ", ".join(f"int p{i}" for i in range(8))


class CheckParameters(unittest.TestCase):
    def check(self, text):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            (root / "scripts").mkdir()
            (root / "src").mkdir()
            shutil.copy(SOURCE / "scripts/check-parameters", root / "scripts")
            (root / "src/planted.c").write_text(text)
            done = subprocess.run([root / "scripts/check-parameters"], capture_output=True, text=True)
            return done.returncode, done.stdout

    def assert_breach(self, text, line, name, count):
        self.assertEqual(self.check(text), (
            1, f"src/planted.c:{line}: {name} takes {count} parameters, at most 8 are allowed\n"))

    def assert_none(self, text):
        self.assertEqual(self.check(text), (0, "no function takes more than 8 parameters\n"))

    def test_as_it_is(self):
        done = subprocess.run([SOURCE / "scripts/check-parameters"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_eight(self):
        self.assert_none(f"int eight({EIGHT});\n")

    def test_a_definition(self):
        self.assert_breach(f"\nint nine({EIGHT},\n         const char *const *names)\n{{\n}}\n", 2, "nine", 9)

    def test_a_declaration_with_a_callback_and_an_array(self):
        self.assert_breach(f"int ten({EIGHT}, int (*call)(void *context, int a), const int list[4]);\n", 1, "ten", 10)

    def test_a_function_pointer(self):
        self.assert_breach(f"typedef int (*hook)({EIGHT}, ...);\n", 1, "hook", 9)

    def test_a_call_and_a_comment(self):
        self.assert_none("int x = f(1, 2, 3, 4, 5, 6, 7, 8, 9);\nint y = f(a, b, c, d, e, f, g, h, i);\n"
                         f"/* int nine({EIGHT}, int last); */\n")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
