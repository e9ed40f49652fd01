"""Makes the module that tells cffi what the library's functions and structs are, from the public headers.

  make_interface.py OUT.py COMPILER.. -I FOLDER..
"""
import re
import subprocess
import sys

import cffi


def declarations(compiler):
    """What the public headers declare, preprocessed; what they include from the system is left out."""
    text = subprocess.run([*compiler, "-E", "-xc", "-D__attribute__(x)=", "-"], check=True, capture_output=True,
                          text=True, input='#include "npuscope/npuscope.h"\n').stdout
    lines, ours = [], False
    for line in text.splitlines():
        marker = re.match(r'# \d+ "([^"]*)"', line)
        if marker:
            ours = "/npuscope/" in marker[1]
        elif ours:
            lines.append(line)
    return "\n".join(lines)


def main():
    ffi = cffi.FFI()
    ffi.set_source("npuscope._interface", None)
    ffi.cdef(declarations(sys.argv[2:]))
    ffi.emit_python_code(sys.argv[1])


main()
