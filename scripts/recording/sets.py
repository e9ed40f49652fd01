"""Sets of test data: tests/data/SET.zip, made anew by scripts/record-SET (docs/test-data.md).

The same files give the same bytes: members stand in the order of their names, all of one time and deflated at level 9.
"""
import hashlib
import io
import pathlib
import zipfile

DATA = pathlib.Path(__file__).resolve().parents[2] / "tests" / "data"
TIME = (2026, 1, 1, 0, 0, 0)


def pack(files, stored=False):
    """The bytes of a zip file of {name: bytes}."""
    method = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name in sorted(files):
            member = zipfile.ZipInfo(name, TIME)
            member.compress_type = method
            archive.writestr(member, files[name], compresslevel=9)
    return buffer.getvalue()


def in_parts(files):
    """{PART/FILE: bytes} as {PART.zip: bytes}, each part stored within, so that deflate sees files that are alike at once."""
    parts, rest = {}, {}
    for name, data in files.items():
        part, slash, file = name.partition("/")
        (parts.setdefault(part, {}) if slash else rest)[file if slash else name] = data
    return {**rest, **{f"{part}.zip": pack(members, stored=True) for part, members in parts.items()}}


def write(path, files, parts=False):
    """Writes {name: bytes} as a set. `parts`: the files of one folder lie in a zip file of their own (in_parts)."""
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(pack(in_parts(files) if parts else files))


def unpack(data):
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist() if not name.endswith("/")}


def read(path):
    """{name: bytes} of a set, with the files of its parts."""
    files = {}
    for name, data in unpack(pathlib.Path(path).read_bytes()).items():
        if name.endswith(".zip"):
            files.update({f"{name[:-4]}/{file}": inner for file, inner in unpack(data).items()})
        else:
            files[name] = data
    return files


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
