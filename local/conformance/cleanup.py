"""Deletes what the checks have created, by the reconciler's code, and proves it.

What an earlier start has left goes the same way: one that was killed could not clean up.
"""

import json
from collections.abc import Iterator

from botocore.exceptions import BotoCoreError, ClientError

from lambdas.adapters.adapters import Adapters
from lambdas.adapters.aws.service_errors import Refused
from lambdas.domain.core.errors import ServiceBusy
from lambdas.domain.core.run import candidate_of_bedrock_name, sweep_key
from lambdas.domain.serving.kinds import KINDS, noun
from lambdas.domain.serving.lease import Terms
from lambdas.domain.serving.reconciliation import Scope
from lambdas.steps.reconcile import reconcile
from local.conformance.belongings import (
    CANDIDATE,
    ENVIRONMENT,
    LEASE_HOURS,
    Belongings,
    buckets,
    delete_bucket,
    delete_role,
    roles,
)
from local.conformance.pace import Pace, Time

# What exists beside Bedrock's resources.
BUCKET, ROLE = "bucket", "role"
# Jobs in these cannot go on to make a model unseen.
_ENDED = ("Completed", "Failed", "Stopped")


class Cleaner:
    """Of one account and Region."""

    def __init__(self, adapters: Adapters, own: Belongings, pace: Pace, time: Time) -> None:
        self._adapters = adapters
        self._own = own
        self._pace = pace
        self._time = time
        # BUCKET and ROLE, as soon as they may exist.
        self.made: set[str] = set()
        terms = Terms(ENVIRONMENT, longest_lease_hours=LEASE_HOURS, longest_run_hours=LEASE_HOURS, settle_seconds=0)
        self._scope = Scope(terms, bucket=own.bucket, state_machine_arn="")

    def clean_bedrock(self) -> list[str]:
        """Stops jobs, deletes deployments and models, and waits until all are gone; returns what is left.

        It needs the bucket, in which the reconciler reads whose what is.
        """
        deadline = self._time.now() + self._pace.cleanup
        while True:
            left = [*self._settle(deadline), *self._left()]
            if not left or self._time.now() >= deadline:
                return left
            self._time.sleep(self._pace.poll)

    def settle_interrupted(self) -> list[str]:
        """Once more, after a request whose answer nobody has waited for has taken effect, if it does."""
        self._time.sleep(self._pace.settle)
        return self.clean_bedrock()

    def clean_rest(self) -> list[str]:
        """Deletes the bucket and the role, as far as they may exist; returns what is left."""
        s3, iam = self._adapters.clients.s3, self._adapters.clients.iam
        try:
            if BUCKET in self.made:
                delete_bucket(s3, self._own.bucket)
            if ROLE in self.made:
                delete_role(iam, self._own.bucket)
        except (ClientError, BotoCoreError) as error:
            return [f"bucket or role {self._own.bucket}: {error}"]
        return []

    def clean_earlier(self) -> list[str]:
        """Deletes the buckets and roles of earlier starts; returns what is left."""
        s3, iam = self._adapters.clients.s3, self._adapters.clients.iam
        try:
            for bucket in set(buckets(s3, self._own)) - {self._own.bucket}:
                delete_bucket(s3, bucket)
            for role in set(roles(iam, self._own)) - {self._own.bucket}:
                delete_role(iam, role)
        except (ClientError, BotoCoreError) as error:
            return [f"bucket or role: {error}"]
        return []

    def _settle(self, deadline: float) -> list[str]:
        """One reconciliation; returns its problems."""
        try:
            for run_id in self._run_ids():
                # The reconciler deletes the models that were not chosen: here, all.
                choice = {"chosen": CANDIDATE + 1, "model_arn": "none"}
                self._adapters.objects.write(self._own.bucket, sweep_key(run_id), json.dumps(choice).encode())
            turn = reconcile(
                self._scope,
                lambda: deadline - self._time.now(),
                adapters=self._adapters,
                sleep=self._time.sleep,
            )
        except (Refused, ServiceBusy) as error:
            return [str(error)]
        return turn.problems

    def _run_ids(self) -> set[str]:
        """Of all starts that still have a model."""
        names = [one.name for one in self._adapters.bedrock.list_custom_models()]
        found = [candidate_of_bedrock_name(ENVIRONMENT, name) for name in names]
        return {self._own.run_id, *(one[0] for one in found if one)}

    def _left(self) -> list[str]:
        """What this start has made and Bedrock still finds by its name, whatever the lists tell."""
        try:
            return list(self._found())
        except (Refused, ServiceBusy) as error:
            return [str(error)]

    def _found(self) -> Iterator[str]:
        job = self._adapters.bedrock.find_customization_job(self._own.job_name)
        if job is not None and job.status not in _ENDED:
            yield f"customization job {job.name} ({job.status})"
        if self._adapters.bedrock.find_custom_model(self._own.job_name) is not None:
            yield f"custom model {self._own.job_name}"
        for kind in KINDS:
            if self._adapters.served_models.find(kind, self._own.name) is not None:
                yield f"{noun(kind)} {self._own.name}"
