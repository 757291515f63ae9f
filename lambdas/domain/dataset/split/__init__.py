"""How the split is made: groups of records with one context, then whole groups to each set.

The data set's room imports it. Start at `holdout.py`.
"""
