"""The base models that can be fine-tuned, a JSON file each, and their hyperparameters.

Every room but core may import it. Start at `catalogue.py`.
"""
