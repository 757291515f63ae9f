"""Injected faults: runs of the pipeline in which something fails, each followed until its throughput is gone.

How it works and what it measures: docs/fault-injection.md.
"""
