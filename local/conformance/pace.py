"""How fast what takes minutes on AWS is looked at, and how long it is waited for."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Pace:
    """Seconds: between two looks; the longest waits for a job, a deployment, a role and a clean-up.

    `settle` is how long a request that was interrupted may still take effect.
    """

    poll: float
    job: float
    deployment: float
    role: float
    cleanup: float
    settle: float


# A job queues for hours at times, a deployment takes minutes.
ON_AWS = Pace(poll=30, job=6 * 3600, deployment=3600, role=90, cleanup=3600, settle=60)
SIMULATED = Pace(poll=0.02, job=60, deployment=30, role=0.1, cleanup=60, settle=0.1)
