"""A file for each AWS service: calls with named errors, and no rules."""
