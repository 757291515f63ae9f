"""What people read of a run: report.json, its page, and the messages of success, failure and approval.

No other room imports it. Start at `run_report.py`.
"""
