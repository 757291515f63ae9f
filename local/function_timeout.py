"""How a Lambda function's timeout ends its worker where its clock is scaled (`local.function_clock`)."""

import signal

# Nothing else ends a worker by this signal, so that its exit status tells a timeout from a crash.
TIMEOUT_SIGNAL = signal.SIGALRM
