"""Pairwise judging by models, and how far judges agree.

The evaluation's room and the report import it. Start at `pairwise.py`.
"""
