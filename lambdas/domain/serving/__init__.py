"""Serving a tuned model, by throughput or deployment: slots, leases, deletion, reconciliation.

Start at `kinds.py`; `lease.py` says what may exist.
"""
