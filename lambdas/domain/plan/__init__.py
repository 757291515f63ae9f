"""What a run is to do, made of its data set and its run.json.

Cost, settings, preflight and report may import it. Start at `plan.py`.
"""
