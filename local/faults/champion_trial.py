"""A case of the champion that the environment serves by itself: two runs, and what its endpoint names meanwhile."""

import json
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from lambdas.adapters.stores.champion_parameter import parameter_name
from lambdas.adapters.stores.endpoint_parameter import endpoint_name
from lambdas.domain.core.run import prefix
from lambdas.domain.core.timestamps import now
from local.deployment import DeployedEnvironment
from local.faults.aftermath import wait_for_zero
from local.faults.bench import Bench
from local.faults.champion_cases import ChampionCase, ChampionCourse
from local.faults.deployments import Variant
from local.faults.run import SECONDS_TO_END, FaultRun
from local.faults.trial import Trial


class ChampionTrial(Trial):
    """On an environment of its own: it has one champion."""

    def __init__(self, bench: Bench, case: ChampionCase, marker: str, *, delay_seconds: float = 0) -> None:
        super().__init__(bench, case, marker, delay_seconds=delay_seconds)
        self._course = case.course
        self._ssm = bench.aws.client("ssm")

    def _deploy(self, name: str) -> DeployedEnvironment:
        deployment = self._bench.deployments.create(Variant(name, self._bench.alone, serves_champion=True))
        self._bench.observer.watch(deployment.state_machine)
        return deployment

    def _try(self, holder: str | None) -> None:
        first = self._run
        second = replace(first, marker=f"g{first.marker[1:]}")
        # Their own leases are over before the champion's begins: what the faults hit is the champion's alone.
        executions = [run.start() for run in (first, second)]
        for run, execution in zip((first, second), executions, strict=True):
            run.wait_for_end(execution)
            first.result.status = run.status(execution)
            if first.result.status != "SUCCEEDED":
                self._problem(f"a run ended as {first.result.status}")
                return
        self._take(first, second)
        self._destroy()
        wait_for_zero(first, executions[0], time.time())
        if self._case.rules:
            # The rules still hold: their counts end with them.
            self._note_hits()

    def _take(self, first: FaultRun, second: FaultRun) -> None:
        if self._course is ChampionCourse.DESTROYED_IN_CREATION:
            self._put_rules()
            self._name(first)
            self._until(self._deployments, "it was never deployed")
            return
        self._name(first)
        self._wait_until_served(first)
        self._put_rules()
        if self._course is ChampionCourse.DELETED_BY_HAND:
            gone = self._endpoint()["target_arn"]
            self._bench.bedrock.delete_custom_model_deployment(customModelDeploymentIdentifier=gone)
            self._until(lambda: self._endpoint()["target_arn"] is None, "the endpoint names what was deleted")
            self._wait_until_served(first)
            return
        self._name(second)
        if self._course is ChampionCourse.DESTROYED_IN_UPDATE:
            self._until(self._is_updating, "the update has not begun")
            return
        self._wait_until_served(second, meanwhile=self._check_target)

    def _name(self, run: FaultRun) -> None:
        """Its model becomes the champion, as where a person names an earlier one."""
        run_id, report = str(run.run_id()), run.stored("report.json") or {}
        bucket = run.deployment.output_bucket
        champion = {
            "model_arn": report["custom_model_arn"],
            "run_id": run_id,
            "bucket": bucket,
            "prefix": prefix(run_id),
            "report": f"s3://{bucket}/{prefix(run_id)}report.json",
            "base_model": report["base_model"],
            "simulated": True,
            "promoted_at": now(),
        }
        name = parameter_name(run.deployment_name)
        self._ssm.put_parameter(Name=name, Value=json.dumps(champion), Type="String", Overwrite=True)

    def _wait_until_served(self, run: FaultRun, meanwhile: Callable[[], object] = lambda: None) -> None:
        run_id, model = run.run_id(), (run.stored("report.json") or {})["custom_model_arn"]

        def is_served() -> bool:
            meanwhile()
            endpoint = self._endpoint()
            target = endpoint["target_arn"]
            return endpoint["run_id"] == run_id and target is not None and self._served_by(target) == model

        self._until(is_served, f"the model of run {run_id} is not what the endpoint names")

    def _check_target(self) -> None:
        target = self._endpoint()["target_arn"]
        if target is None or self._served_by(target) is None:
            text = f"the endpoint names {target}, which serves nothing"
            if text not in self._run.result.problems:
                self._problem(text)

    def _served_by(self, arn: str) -> str | None:
        """The model that a deployment answers as; it is no call of a run, and no fault hits it."""
        state = self._run.simulation.state()["custom_model_deployments"]
        found = [one for one in state if one["customModelDeploymentArn"] == arn and one["status"] == "Active"]
        return str(found[0]["modelArn"]) if found else None

    def _deployments(self) -> list[str]:
        live = self._bench.observer.live_of(f"{self._run.deployment_name}-champion")
        return [thing.name for thing in live if thing.kind == "deployment"]

    def _is_updating(self) -> bool:
        found = self._bench.bedrock.get_custom_model_deployment(
            customModelDeploymentIdentifier=f"{self._run.deployment_name}-champion"
        )
        return "updateDetails" in found

    def _endpoint(self) -> dict[str, Any]:
        name = endpoint_name(self._run.deployment_name)
        try:
            return dict(json.loads(self._ssm.get_parameter(Name=name)["Parameter"]["Value"]))
        except self._ssm.exceptions.ParameterNotFound:
            return {"run_id": None, "target_arn": None}

    def _destroy(self) -> None:
        """The reconciler ends it with the stack; where Bedrock is still at it, the deletion is asked for again."""
        name = f"{self._run.deployment_name}-pipeline"
        self._bench.deployments.delete(name)
        self._bench.deployments.wait(name, "DELETE")
        if left := self._deployments():
            self._problem(f"the stack is gone, and {', '.join(left)} is left")
        if target := self._endpoint()["target_arn"]:
            self._problem(f"the stack is gone, and its endpoint names {target}")

    def _until(self, enough: Callable[[], object], otherwise: str) -> None:
        if not self._bench.until(enough, SECONDS_TO_END / 6):
            self._problem(otherwise)

    def _problem(self, text: str) -> None:
        self._run.result.problems.append(text)
