"""How long to wait before a state of AWS is asked for again, in seconds.

A standard execution's history holds 25,000 events (Step Functions quotas), and a turn of a polling loop costs about ten
of them: what may take days is asked for less and less often. The waits grow from turn to turn, not with the clock, so
that the budget holds as well where an emulator shortens the waits.
"""

from math import ceil

# Creating takes 20-30 minutes (AWS's own notebook on Claude 3 Haiku) and bills from then on: ask each minute, and
# twice as often from when it may be ready, so that finding it and deleting it fit into one interval of a minute.
THROUGHPUT_WAIT_SECONDS = 60
THROUGHPUT_SOON_SECONDS = 15 * 60
THROUGHPUT_SOON_WAIT_SECONDS = 30
LONGEST_THROUGHPUT_CREATION_SECONDS = 2 * 60 * 60

# A deployment reserves no capacity, so that it is ready within minutes. AWS names no figure: an hour is far beyond all.
DEPLOYMENT_WAIT_SECONDS = 20
LONGEST_DEPLOYMENT_CREATION_SECONDS = 60 * 60

# A run that waits for a slot bills nothing: it may learn ten minutes late that one is free.
FIRST_SLOT_WAIT_SECONDS = 60
LONGEST_SLOT_WAIT_SECONDS = 600
# A run that waits for a quota, too; each of its turns costs more events, since it asks for the purchase again.
LONGEST_QUOTA_WAIT_SECONDS = 900
SLOT_WAIT_GROWTH = 1.5
# A purchase that a quota refuses although nothing in the account counts in it: more than an hour, since what was just
# deleted may count for a while, and no longer, since such a quota is too small, not in use.
MOST_QUOTA_REFUSALS = 12

# At first soon, since a throttled deletion bills; then every 30 s: 180 attempts are nearly an hour and a half before a
# person is asked to delete it.
FIRST_DELETION_WAIT_SECONDS = 5
EARLY_DELETION_ATTEMPTS = 6
DELETION_WAIT_SECONDS = 30
DELETION_ATTEMPTS = 180
DELETE_AGAIN_EVERY_ATTEMPTS = 6
# From this attempt on, half a minute after the first, the alarm tells a person of every one that fails.
FIRST_ALARMING_DELETION_ATTEMPT = 6
# A refusal by permissions or validation rarely heals: five minutes cover an IAM change that is still spreading.
DELETION_ATTEMPTS_IF_REFUSED = 10


def next_throughput_wait(waited_seconds: int) -> int:
    """The next wait for a throughput to get in service."""
    return THROUGHPUT_WAIT_SECONDS if waited_seconds < THROUGHPUT_SOON_SECONDS else THROUGHPUT_SOON_WAIT_SECONDS


def next_deletion_wait(attempts: int) -> int:
    """The wait after so many attempts to delete a throughput."""
    return FIRST_DELETION_WAIT_SECONDS if attempts <= EARLY_DELETION_ATTEMPTS else DELETION_WAIT_SECONDS


def next_slot_wait(previous_wait_seconds: int, side_by_side: int = 1) -> int:
    """The next wait for a throughput slot: half as long again, ten minutes at most; 0 comes before the first.

    So many of a run may wait `side_by_side`: they share one history, and the longest wait is longer.
    """
    return min(LONGEST_SLOT_WAIT_SECONDS * _share(side_by_side), _longer(previous_wait_seconds))


def next_quota_wait(previous_wait_seconds: int, side_by_side: int = 1) -> int:
    """The next wait for room in a quota: as that for a slot, but a quarter of an hour at most."""
    return min(LONGEST_QUOTA_WAIT_SECONDS * _share(side_by_side), _longer(previous_wait_seconds))


def _share(side_by_side: int) -> int:
    """1, 3, 5 …: several candidates' leases write into the history, too, so that their waits get less than a part."""
    return 2 * side_by_side - 1


def _longer(wait_seconds: int) -> int:
    return ceil(wait_seconds * SLOT_WAIT_GROWTH) or FIRST_SLOT_WAIT_SECONDS
