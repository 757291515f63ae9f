"""The simulated models: they read a prompt and answer it.

The service knows them by `answer(system, turns)` alone. Start at `base.py`, then `tuned.py`.
"""
