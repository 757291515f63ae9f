"""The models that a run trains: candidates, their jobs, losses and the training curve.

Start at `candidates.py`.
"""
