"""The base models that can be fine-tuned, a JSON file each, and their hyperparameters. Start at `catalogue.py`."""
