"""Pairwise judging by models, and how far judges agree. Start at `pairwise.py`."""
