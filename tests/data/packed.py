#!/usr/bin/env python3
"""Every set of test data is packed as scripts/recording/sets.py packs, and has its row in docs/test-data.md; the checkout is small.

Not the compressed bytes: they depend on the release of xz.
"""
import io
import lzma
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest
import zipfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts" / "recording"))
import sets

FILES, MEGABYTES = 1200, 12
ZIPS = sorted(sets.DATA.glob("*.zip"))


class Sets(unittest.TestCase):
    def check_members(self, data, orders, where):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = [member.filename for member in archive.infolist()]
            self.assertTrue(any(names == sorted(set(names), key=order) for order in orders), where)
            for member in archive.infolist():
                self.assertEqual((member.date_time, member.compress_type), (sets.TIME, zipfile.ZIP_STORED), f"{where} {member.filename}")
            return {name: archive.read(name) for name in names}

    def check_set(self, path):
        """One member, xz: the files, of one time, stored, in one of the orders."""
        files = self.check_members(path.read_bytes(), [sets.by_name], path.name)
        self.assertEqual(list(files), [sets.ALL])
        return self.check_members(lzma.decompress(files[sets.ALL]), sets.ORDERS, path.name)

    def test_members(self):
        self.assertGreater(len(ZIPS), 10)
        for path in ZIPS:
            self.check_set(path)

    def test_a_set_is_read_as_it_was_written(self):
        files = {"index.json": b"{}", "one/a.npy": b"x" * 999, "one/b/c.npy": b"", "two/a.npy": b"x" * 999}
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "set.zip"
            sets.write(path, dict(reversed(files.items())))
            self.assertEqual(sets.read(path), files)
            self.assertEqual(self.check_set(path), files)

    def test_every_set_has_its_row(self):
        rows = re.findall(r"^\| (.*?) \|", (ROOT / "docs" / "test-data.md").read_text(), re.MULTILINE)
        named = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
        self.assertEqual(named, {path.stem for path in ZIPS})

    def test_checkout_is_small(self):
        result = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True)
        if result.returncode:
            self.skipTest("not a git checkout")
        files = [ROOT / name for name in result.stdout.decode().split("\0") if name]
        self.assertLess(len(files), FILES)
        self.assertLess(sum(file.stat().st_size for file in files if file.is_file()), MEGABYTES * 1000000)


if __name__ == "__main__":
    unittest.main()
