"""The only place that calls AWS.

Steps import it. Start at `adapters.py`, which makes each adapter at its first use.
"""
