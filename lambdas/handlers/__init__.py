"""The entry of each Task state and of the functions behind the runs: parse, step, dump.

Nothing imports a handler. Start at `composition.py`.
"""
