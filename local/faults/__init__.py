"""Injected faults: runs of the pipeline in which something fails, each followed until nothing of it is left.

How it works and what it measures: docs/fault-injection.md.
"""
