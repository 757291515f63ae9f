"""The commands of `fine-tune` as typer sees them, a file each: options, refusals and exit statuses.

A command imports what it needs when it is called, so that `fine-tune --help` starts fast. `cli/main.py` lists them.
"""
