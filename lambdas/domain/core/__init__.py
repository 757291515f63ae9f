"""What every room knows: the run and its names, errors, timestamps, findings, the base of facts.

It imports no other room. Start at `run.py`.
"""
