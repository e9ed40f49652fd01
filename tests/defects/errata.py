#!/usr/bin/env python3
"""docs/errata.md has the table of known defects as `npuscope lint --list` prints it."""
import os
import pathlib
import subprocess

page = (pathlib.Path(__file__).resolve().parents[2] / "docs" / "errata.md").read_text()
table = subprocess.run([os.environ["NPUSCOPE"], "lint", "--list"], capture_output=True, text=True, check=True).stdout
shown = page.split("<!-- lint --list -->\n")[1].split("<!-- end -->")[0]
assert shown == table, "docs/errata.md: put the output of `npuscope lint --list` between its marks"
