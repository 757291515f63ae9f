"""run.json as a user writes it, and what the environment lets a user choose. Start at `run_settings.py`."""
