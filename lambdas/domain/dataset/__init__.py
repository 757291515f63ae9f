"""From a file to the sets that a run trains, validates and tests on.

Every room above it may import it; `steps/data_gate.py` drives it.
Start at `checking.py` (reading and checking) and `preparation.py` (splitting).
"""
