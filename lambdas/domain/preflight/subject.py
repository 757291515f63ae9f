"""What is checked: a run as it stands after ValidateDataset, or one that a person thinks of."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lambdas.domain.preflight.callable_models import Asked


@dataclass(frozen=True)
class Deployment:
    """What a deployment has for its runs; `prefix` is that of the run's objects in the output bucket.

    `starter_role_arn` is the role that starts jobs and passes `role_arn` to Bedrock; None if it is not deployed yet.
    """

    input_bucket: str
    output_bucket: str
    prefix: str
    role_arn: str
    starter_role_arn: str | None
    key_arn: str | None

    @property
    def partition(self) -> str:
        """`aws`, or that of other clouds of AWS's."""
        return self.role_arn.split(":")[1]

    @property
    def account(self) -> str:
        """The account's number."""
        return self.role_arn.split(":")[4]

    @property
    def output_bucket_arn(self) -> str:
        """The ARN of the output bucket."""
        return f"arn:{self.partition}:s3:::{self.output_bucket}"

    def object_arn(self, key: str) -> str:
        """The ARN of an object of the run."""
        return f"{self.output_bucket_arn}/{self.prefix}{key}"


@dataclass(frozen=True)
class Names:
    """The names that a run gives to what it makes in Bedrock, and by what its own is known."""

    deployment: str
    run_id: str
    training_uri: str
    names: tuple[str, ...]


@dataclass(frozen=True)
class Subject:
    """A run: its plan, of which a person's may lack what only its data set tells.

    Where there is no deployment, for the reason in `not_deployed`, or no run, what hangs on it is not checked.
    """

    plan: Mapping[str, Any]
    deployment: Deployment | None
    names: Names | None
    model_unit_price_per_hour: float | None
    not_deployed: str = "There is no deployment yet."

    @property
    def asked(self) -> tuple[Asked, ...]:
        """Each model that answers or judges, once; the tuned arms' model does not exist yet."""
        purposes: dict[str, str] = {}
        for name, arm in self.plan["arms"].items():
            if arm["model_id"]:
                purposes.setdefault(arm["model_id"], f"which answers as arm {name}")
        for judge in self.plan["evaluation"].get("judges", []):
            purposes.setdefault(judge, "a judge")
        return tuple(Asked(model_id, purpose) for model_id, purpose in purposes.items())
