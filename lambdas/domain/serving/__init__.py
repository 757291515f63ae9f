"""Serving a tuned model, by throughput or deployment: slots, leases, deletion, reconciliation.

Evaluation and the rooms above it may import it. Start at `kinds.py`; `lease.py` says what may exist.
"""
