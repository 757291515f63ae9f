"""What a run is to do, made of its data set and its run.json: `plan.py`."""
