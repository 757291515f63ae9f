"""`fine-tune`: the commands for a person, on an account or on the embedded AWS.

Nothing imports it. Start at `main.py`.
"""
