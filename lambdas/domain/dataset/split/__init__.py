"""How the split is made: groups of records with one context, then whole groups to each set.

Start at `holdout.py`.
"""
