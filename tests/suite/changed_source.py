"""Prints a source file with one rule changed: a row of scripts/fault-injection, by its title.

    changed_source.py ROOT TITLE
"""
import importlib.machinery
import importlib.util
import pathlib
import sys

root, title = pathlib.Path(sys.argv[1]), sys.argv[2]
sys.dont_write_bytecode = True
loader = importlib.machinery.SourceFileLoader("fault_injection", str(root / "scripts/fault-injection"))
module = importlib.util.module_from_spec(importlib.util.spec_from_loader("fault_injection", loader))
loader.exec_module(module)
rows = [row for row in module.FAULTS if row[0] == title]
if len(rows) != 1:
    sys.exit(f"scripts/fault-injection has {len(rows)} rows with the title '{title}'")
_, file, old, new = rows[0]
text = (root / file).read_text()
if text.count(old) != 1:
    sys.exit(f"{file} has the text of '{title}' {text.count(old)} times")
print(text.replace(old, new), end="")
