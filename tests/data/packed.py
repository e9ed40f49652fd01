#!/usr/bin/env python3
"""Every set of test data is packed as scripts/recording/sets.py packs, and has its row in docs/test-data.md; the checkout is small.

Not the compressed bytes: they depend on the release of zlib.
"""
import io
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
# A set's members are deflated, but those that deflate makes no smaller (advzip -z -4, by which some sets are denser); a
# part's are stored.
SET, PART = (zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED), (zipfile.ZIP_STORED,)
ZIPS = sorted(sets.DATA.glob("*.zip"))


class Sets(unittest.TestCase):
    def check_members(self, data, methods, where):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            self.assertEqual([m.filename for m in members], sorted({m.filename for m in members}), where)
            for member in members:
                self.assertEqual(member.date_time, sets.TIME, f"{where} {member.filename}")
                self.assertIn(member.compress_type, methods, f"{where} {member.filename}")
                if member.filename.endswith(".zip"):
                    self.check_members(archive.read(member), PART, f"{where} {member.filename}")

    def test_members(self):
        """In the order of their names, of one time, deflated; parts stored within."""
        self.assertGreater(len(ZIPS), 10)
        for path in ZIPS:
            self.check_members(path.read_bytes(), SET, path.name)

    def test_a_set_is_read_as_it_was_written(self):
        """With parts and without them."""
        files = {"index.json": b"{}", "one/a.npy": b"x" * 999, "one/b/c.npy": b"", "two/a.npy": b"x" * 999}
        for parts in (False, True):
            with tempfile.TemporaryDirectory() as folder:
                path = pathlib.Path(folder) / "set.zip"
                sets.write(path, dict(reversed(files.items())), parts)
                self.assertEqual(sets.read(path), files)
                self.check_members(path.read_bytes(), SET, "set.zip")

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
