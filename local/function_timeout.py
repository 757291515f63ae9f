"""How a Lambda function's worker ends by its function's limits, told by a signal of its own.

Nothing else ends a worker by these signals, so that its exit status tells a limit from a crash.
"""

import signal

# The function's timeout.
TIMEOUT_SIGNAL = signal.SIGALRM
# The limit of an initialization (`local.function_limits`).
INIT_SIGNAL = signal.SIGVTALRM
