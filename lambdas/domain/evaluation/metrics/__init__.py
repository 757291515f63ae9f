"""How an answer is scored against its reference, a file for each metric.

The evaluation's room and the report import it. Start at `scoring.py`, which knows which metric a task has.
"""
