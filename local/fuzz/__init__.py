"""`make fuzz`: bytes that nobody would write go through the data gate, for a bounded time; none may raise.

Nothing imports it. Start at `__main__.py`.
"""
