"""The rules for lines, records and sets. Start at `table.py`, which lists them with their remedies."""
