"""How long to wait before a customization job is asked for again, in seconds."""

from math import ceil

# A job queues and trains for hours: to learn of its end ten minutes late costs nothing, since nothing bills meanwhile.
FIRST_JOB_WAIT_SECONDS = 60


LONGEST_JOB_WAIT_SECONDS = 600


JOB_WAIT_GROWTH = 1.1


# A sweep's job that finds no room although none of its run's own trains waits for other runs': some hours, then the
# sweep goes on without it.
MOST_START_REFUSALS = 36


def next_job_wait(previous_wait_seconds: int) -> int:
    """The next wait for a customization job: a tenth longer than the previous one, ten minutes at most."""
    return min(LONGEST_JOB_WAIT_SECONDS, ceil(previous_wait_seconds * JOB_WAIT_GROWTH))
