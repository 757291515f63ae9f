"""What a run will cost and has cost, from a price file. Start at `estimate.py`."""
