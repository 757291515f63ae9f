"""The entry of each Task state and of the functions behind the runs: parse, step, dump.

Nothing imports a handler. Start at `composition.py`.
"""

import gc

# What a handler imports stays, and looking through it for garbage takes a third of its import. `observed` turns the
# collection on again.
gc.disable()
