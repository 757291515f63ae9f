"""How long to wait before a state of AWS is asked for again, in seconds.

A standard execution's history holds 25,000 events (Step Functions quotas), and a turn of a polling loop costs about ten
of them: what may take days is asked for less and less often. The waits grow from turn to turn, not with the clock, so
that the budget holds as well where an emulator shortens the waits.
"""

from math import ceil

# A job queues and trains for hours: to learn of its end ten minutes late costs nothing, since nothing bills meanwhile.
FIRST_JOB_WAIT_SECONDS = 60
LONGEST_JOB_WAIT_SECONDS = 600
JOB_WAIT_GROWTH = 1.1

# Creating takes 20-30 minutes (AWS's own notebook on Claude 3 Haiku) and bills from then on: ask each minute.
THROUGHPUT_WAIT_SECONDS = 60
LONGEST_THROUGHPUT_CREATION_SECONDS = 2 * 60 * 60

# 30 s x 180 attempts: an hour and a half before a person is asked to delete it.
DELETION_WAIT_SECONDS = 30
DELETION_ATTEMPTS = 180
# A refusal by permissions or validation rarely heals: five minutes cover an IAM change that is still spreading.
DELETION_ATTEMPTS_IF_REFUSED = 10


def next_job_wait(previous_wait_seconds: int) -> int:
    """The next wait for a customization job: a tenth longer than the previous one, ten minutes at most."""
    return min(LONGEST_JOB_WAIT_SECONDS, ceil(previous_wait_seconds * JOB_WAIT_GROWTH))
