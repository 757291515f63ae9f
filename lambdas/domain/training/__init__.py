"""The models that a run trains: candidates, their jobs, losses and the training curve.

Serving and the rooms above it may import it. Start at `candidates.py`.
"""
