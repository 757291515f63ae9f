"""From stored answers to a verdict: arms, scores, comparisons, the gate, the champion. Start at `evaluate.py`."""
