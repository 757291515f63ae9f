"""The checks of a run before anything is spent, pure functions of facts.

The report and steps may import it. Start at `checks.py`.
"""
