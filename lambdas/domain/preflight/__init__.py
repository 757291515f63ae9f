"""The checks of a run before anything is spent, pure functions of facts. Start at `checks.py`."""
