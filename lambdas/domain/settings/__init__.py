"""run.json as a user writes it, and what the environment lets a user choose.

Preflight and report may import it. Start at `run_settings.py`.
"""
