"""From stored answers to a verdict: arms, scores, comparisons, the gate, the champion.

Plan, cost, settings, preflight and report may import it. Start at `evaluate.py`.
"""
