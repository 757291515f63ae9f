"""Injected faults: runs of the pipeline in which something fails, each followed until nothing of it is left.

The command line and tests import it. Start at `cases.py`. How it works and what it measures: docs/fault-injection.md.
"""
