"""A file for each AWS service: calls with named errors, and no rules.

`adapters.py`, `stores` and steps import it. Start at `bedrock.py`; `service_errors.py` has the errors.
"""
