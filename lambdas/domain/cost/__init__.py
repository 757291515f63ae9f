"""What a run will cost and has cost, from a price file.

Settings, preflight and report import it; steps do, too. Start at `estimate.py`.
"""
