"""`make bench`: what the promises on speed and memory rest on, measured on this machine.

Nothing imports it. Start at `__main__.py`.
"""
