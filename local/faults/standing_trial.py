"""A case of what serves applications: a run that succeeds, then serving its model by the product's own steps."""

import time
from collections.abc import Callable
from functools import cached_property
from types import SimpleNamespace
from typing import Any

from lambdas.adapters.adapters import Adapters
from lambdas.adapters.aws.clients import Clients
from lambdas.adapters.aws.service_errors import Refused
from lambdas.domain.core.errors import ServiceBusy
from lambdas.domain.core.timestamps import later, now
from lambdas.domain.serving.kinds import ON_DEMAND, PROVISIONED, ServedModel
from lambdas.domain.serving.standing import (
    SETTLE_SECONDS,
    AlreadyServedError,
    NotEndedError,
    NotServedError,
    StandingRequest,
)
from lambdas.steps.serve_model import begin_serving, find_standing, wait_in_service
from lambdas.steps.unserve_model import begin_end, end_serving, find_own_standing, find_settled
from local.faults import dataset
from local.faults.aftermath import wait_for_zero
from local.faults.bench import Bench
from local.faults.run import SECONDS_TO_END
from local.faults.standing_cases import StandingCase, StandingCourse
from local.faults.trial import Trial

# Real seconds: some turns of the reconciler, each of which comes after 15.
LEASE_SECONDS = 25
TURNS = 2
SLOTS = 500


class StandingTrial(Trial):
    """Serves the model of the case's run."""

    def __init__(self, bench: Bench, case: StandingCase, marker: str, *, delay_seconds: float = 0) -> None:
        super().__init__(bench, case, marker, delay_seconds=delay_seconds)
        self._course = case.course

    @cached_property
    def _adapters(self) -> Adapters:
        aws = self._bench.aws
        maker: Any = SimpleNamespace(client=lambda service, config=None: aws.client(service, config=config))
        return Adapters(Clients(maker))

    def _try(self, holder: str | None) -> None:
        try:
            self._serve_and_end()
        except (NotServedError, NotEndedError, Refused, ServiceBusy) as error:
            self._problem(f"the course was cut off: {type(error).__name__}: {error}")

    def _serve_and_end(self) -> None:
        run = self._run
        execution = run.start()
        run.wait_for_end(execution)
        run.result.status = run.status(execution)
        if run.result.status != "SUCCEEDED":
            run.result.problems.append(f"the run ended as {run.result.status}")
            return
        # What of the run serves its model is gone before its model is served for applications.
        self._bench.until(lambda: not run.leftovers(), SECONDS_TO_END)
        self._put_rules()
        free_at = self._take()
        if self._case.lifts:
            self._bench.until(lambda: run.simulation.hits(run.marker)[0] > 0, SECONDS_TO_END)
            self._note_hits()
            run.simulation.remove_faults(run.marker)
            free_at = time.time()
        wait_for_zero(run, execution, free_at)
        if self._case.rules and not self._case.lifts:
            self._note_hits()
        if self._course is not StandingCourse.DESTROYED:
            self._check_slots()

    def _request(self, seconds: float | None) -> StandingRequest:
        run = self._run
        report = run.stored("report.json") or {}
        return StandingRequest(
            environment=run.deployment_name,
            run_id=str(run.run_id()),
            kind=ON_DEMAND if self._case.dataset is dataset.ON_DEMAND else PROVISIONED,
            model_arn=report["custom_model_arn"],
            model_units=1,
            lease_ends_at=None if seconds is None else later(now(), seconds),
        )

    def _take(self) -> float:
        """Takes the course; returns when (epoch seconds) nothing may be left from."""
        request = self._request(None if self._is_kept else LEASE_SECONDS)
        began = time.time()
        try:
            arn = self._begin(request)
        except NotServedError as error:
            if self._course is not StandingCourse.REFUSED:
                self._problem(f"it was not served: {error}")
            return time.time()
        match self._course:
            case StandingCourse.REFUSED:
                self._problem("it was served although the purchase was refused")
            case StandingCourse.KILLED_AFTER_PURCHASE:
                pass
            case StandingCourse.TWO_AT_ONCE:
                self._serve_again(request)
            case StandingCourse.KEPT:
                self._wait(request, arn)
                self._keep()
                return self._end(request)
            case StandingCourse.UNSERVE_CUT_OFF | StandingCourse.UNSERVE_KILLED:
                self._wait(request, arn)
                return self._cut_off(request, arn)
            case StandingCourse.DELETED_BY_HAND:
                self._wait(request, arn)
                self._bench.bedrock.delete_provisioned_model_throughput(provisionedModelId=arn)
                self._until(lambda: not find_standing(request.environment, request.run_id, self._adapters))
                return self._end(request)
            case StandingCourse.DESTROYED:
                self._wait(request, arn)
                return self._destroy()
            case _:
                self._wait(request, arn)
        return began + LEASE_SECONDS

    @property
    def _is_kept(self) -> bool:
        return self._course in (
            StandingCourse.KEPT,
            StandingCourse.UNSERVE_CUT_OFF,
            StandingCourse.UNSERVE_KILLED,
            StandingCourse.DELETED_BY_HAND,
            StandingCourse.DESTROYED,
        )

    def _begin(self, request: StandingRequest) -> str:
        """As somebody serves it who repeats the command where AWS is busy."""
        bucket = self._run.deployment.output_bucket
        while True:
            try:
                return begin_serving(request, bucket=bucket, slots=SLOTS, adapters=self._adapters)
            except ServiceBusy:
                self._pause()

    def _wait(self, request: StandingRequest, arn: str) -> None:
        """As whoever serves it waits; the reconciler comes by meanwhile."""
        bucket = self._run.deployment.output_bucket
        wait_in_service(request, arn, bucket=bucket, adapters=self._adapters, pause=self._pause)

    def _serve_again(self, request: StandingRequest) -> None:
        try:
            self._begin(request)
        except AlreadyServedError:
            return
        self._problem("it was bought a second time")

    def _keep(self) -> None:
        """It stands while the reconciler comes by."""
        seen = len(self._run.reconciliations())
        self._until(lambda: len(self._run.reconciliations()) >= seen + TURNS)
        if not self._run.leftovers():
            self._problem("the reconciler has deleted what is kept")

    def _end(self, request: StandingRequest) -> float:
        run_id, bucket = request.run_id, self._run.deployment.output_bucket
        found = self._begin_end(request)
        for one in found:
            end_serving(run_id, one, bucket=bucket, adapters=self._adapters, pause=self._pause)
        return time.time()

    def _cut_off(self, request: StandingRequest, arn: str) -> float:
        if self._course is StandingCourse.UNSERVE_KILLED:
            self._begin_end(request)
        else:
            self._adapters.served_models.delete(request.kind, arn)
        return time.time()

    def _begin_end(self, request: StandingRequest) -> list[ServedModel]:
        environment, run_id, bucket = request.environment, request.run_id, self._run.deployment.output_bucket
        found = find_own_standing(environment, run_id, bucket=bucket, adapters=self._adapters) or find_settled(
            environment, run_id, bucket=bucket, adapters=self._adapters, pause=self._pause
        )
        begin_end(environment, run_id, found, adapters=self._adapters, pause=self._pause)
        return found

    def _destroy(self) -> float:
        # A slot is not freed while a purchase may be under way, and what holds one keeps the stack.
        if self._case.dataset is not dataset.ON_DEMAND:
            self._bench.interrupted.wait(SETTLE_SECONDS)
        stack = f"{self._run.deployment_name}-pipeline"
        self._bench.deployments.delete(stack)
        self._bench.deployments.wait(stack, "DELETE")
        if left := self._run.leftovers():
            self._problem(f"the stack is gone, and {', '.join(map(str, left))} is left")
        return time.time()

    def _check_slots(self) -> None:
        """No slot is left; one from which nothing came is freed once no purchase can be under way."""
        self._bench.until(lambda: not self._held(), SECONDS_TO_END)
        if self._held():
            self._problem("its slot is still held")

    def _held(self) -> bool:
        try:
            slots = self._adapters.slots.held(self._run.deployment.output_bucket)
        except (Refused, ServiceBusy):
            return True
        return any(each.holder.run_id == self._run.run_id() for each in slots)

    def _until(self, enough: Callable[[], object]) -> None:
        self._bench.until(enough, SECONDS_TO_END)

    def _pause(self) -> bool:
        return not self._bench.interrupted.wait(0.3)

    def _problem(self, text: str) -> None:
        self._run.result.problems.append(text)
