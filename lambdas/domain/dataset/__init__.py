"""From a file to the sets that a run trains, validates and tests on.

Start at `record_set.py` (reading and checking) and `preparation.py` (splitting).
"""
