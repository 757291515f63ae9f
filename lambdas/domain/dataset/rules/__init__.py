"""The rules for lines, records and sets.

The data set's room imports it. Start at `table.py`, which lists the rules with their remedies.
"""
