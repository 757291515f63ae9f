"""How long a Lambda function may take where its clock is scaled (`local.function_clock`)."""

# No function is ended sooner than this: on a busy machine its first call alone takes seconds.
SHORTEST_TIMEOUT_SECONDS = 10.0


def scaled_timeout(seconds: float, scale: float) -> float:
    """A function's timeout of so many seconds in real ones."""
    return max(SHORTEST_TIMEOUT_SECONDS, seconds * scale)
