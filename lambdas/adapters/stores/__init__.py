"""What lies in the output bucket and in the parameter store, a file for each kind.

`adapters.py` and steps import it. Each store reads and writes one kind of object: start at the one you look for.
"""
