"""Commands of our own for gdb: `source tools/gdb/onering.py`, which `make gdb` does.

They are in the folder onering_gdb; `onering` lists them, `help NAME` explains one.
"""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True

import onering_gdb  # noqa: E402

onering_gdb.install()
