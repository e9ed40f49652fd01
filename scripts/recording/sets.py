#!/usr/bin/env python3
"""Sets of test data: tests/data/SET.zip, made anew by scripts/record-SET (docs/test-data.md).

The files of a set are stored in one zip file, and that, as xz (preset 9e), is the only member of SET.zip: xz sees at once what is alike,
however far apart. The same files give the same bytes: members have one time and stand by name, or by kind and name, and xz looks at bytes
or at pairs of them (lc, lp, pb), whichever is smallest.

  scripts/recording/sets.py SET FOLDER     unpacks a set into a folder
"""
import hashlib
import io
import lzma
import pathlib
import re
import sys
import zipfile

DATA = pathlib.Path(__file__).resolve().parents[2] / "tests" / "data"
TIME = (2026, 1, 1, 0, 0, 0)
ALL = "all.zip.xz"
PRESET = 9 | lzma.PRESET_EXTREME
CONTEXTS = ((3, 0, 2), (3, 1, 1), (2, 1, 1), (1, 1, 1), (2, 2, 2))  # lc, lp, pb: the first is xz's own


def by_name(name):
    return name


def by_kind(name):
    """Files of one kind and name together, whatever their case; of them those together whose cases differ in the target only."""
    file = name.rpartition("/")[2]
    return file.rpartition(".")[2], file, re.sub("_u[568]5", "", name), name


ORDERS = (by_name, by_kind)


def pack(files, order):
    """The bytes of a zip file of {name: bytes}, which are stored."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files, key=order):
            archive.writestr(zipfile.ZipInfo(name, TIME), files[name])
    return buffer.getvalue()


def write(path, files):
    """Writes {name: bytes} as a set."""
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    packed = [compress(pack(files, order), context) for order in ORDERS for context in CONTEXTS]
    path.write_bytes(pack({ALL: min(packed, key=len)}, by_name))


def compress(data, context):
    lc, lp, pb = context
    return lzma.compress(data, filters=[{"id": lzma.FILTER_LZMA2, "preset": PRESET, "lc": lc, "lp": lp, "pb": pb}])


def unpack(data):
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist() if not name.endswith("/")}


def read(path):
    """{name: bytes} of a set."""
    return unpack(lzma.decompress(unpack(pathlib.Path(path).read_bytes())[ALL]))


def read_folder(folder):
    """{name: bytes} of the files below a folder."""
    folder = pathlib.Path(folder)
    return {str(file.relative_to(folder)): file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()}


def extract(path, folder):
    """Writes the files of a set into `folder`."""
    for name, data in read(path).items():
        file = pathlib.Path(folder) / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)


def differences(recorded, kept):
    """What differs between two {name: bytes}, as lines."""
    lines = [f"{name}: only in the record" for name in sorted(recorded.keys() - kept.keys())]
    lines += [f"{name}: only in the set" for name in sorted(kept.keys() - recorded.keys())]
    lines += [f"{name}: differs" for name in sorted(recorded.keys() & kept.keys()) if recorded[name] != kept[name]]
    return lines


def digest(files):
    """One number for {name: bytes}, whatever the zip's compression."""
    total = hashlib.sha256()
    for name in sorted(files):
        total.update(f"{name}\0{hashlib.sha256(files[name]).hexdigest()}\n".encode())
    return total.hexdigest()


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    extract(DATA / f"{sys.argv[1]}.zip", sys.argv[2])
