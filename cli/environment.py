"""An environment: what the app's stacks have made in one account and Region, by the stacks' outputs."""

from dataclasses import dataclass
from functools import cached_property

from pydantic import ValidationError

from cli.account import Account
from cli.stack_outputs import outputs_of
from lambdas.adapters.adapters import Adapters
from local.deployment import setting
from stacks.limits import OUTPUT, DeployedLimits

# Of the pipeline's stack; it names the model of runs whose run.json names none.
BASE_MODEL = "BaseModel"


class NoEnvironmentError(Exception):
    """The account has no such environment in this Region; the message says what to do."""


@dataclass(frozen=True)
class Environment:
    """`name` is the setting `deployment`. `preamble` is what a person's shell needs before it can call this AWS."""

    name: str
    account: Account
    input_bucket: str
    output_bucket: str
    state_machine: str
    base_model: str
    preamble: str = ""
    # None: the stack is of an earlier version.
    limits: DeployedLimits | None = None

    @property
    def adapters(self) -> Adapters:
        """What calls the account."""
        return self.account.adapters

    @cached_property
    def options(self) -> str:
        """The options that name this environment, as far as cdk.json does not."""
        given = {"deployment": self.name, "region": self.account.region}
        return "".join(f" --{name} {value}" for name, value in given.items() if value != setting(name))

    def command(self, words: str) -> str:
        """A `fine-tune` command on this environment, as a person types it in another terminal."""
        command = f"fine-tune {words}{self.options}"
        return f"({self.preamble} && {command})" if self.preamble else command


def environment_of(account: Account, name: str) -> Environment:
    """The environment of that name. Raises NoEnvironmentError."""
    stacks = account.client("cloudformation")
    outputs: dict[str, str] = {}
    for part in ("data", "pipeline"):
        found = outputs_of(stacks, f"{name}-{part}")
        if found is None:
            raise NoEnvironmentError(
                f"There is no stack {name}-{part} in the account of {account.caller} in {account.region}: deploy it "
                "(`make deploy`), or check the credentials, --deployment and --region."
            )
        outputs |= found
    try:
        return Environment(
            name=name,
            account=account,
            input_bucket=outputs["InputBucket"],
            output_bucket=outputs["OutputBucket"],
            state_machine=outputs["StateMachineArn"],
            base_model=outputs.get(BASE_MODEL) or setting("base_model"),
            limits=DeployedLimits.model_validate_json(outputs[OUTPUT]) if OUTPUT in outputs else None,
        )
    except ValidationError:
        raise NoEnvironmentError(
            f"The output {OUTPUT} of the stack {name}-pipeline is of another version of this project: use the version "
            "that deployed it, or repeat `make deploy`."
        ) from None
    except KeyError as missing:
        raise NoEnvironmentError(
            f"The stacks of {name} have no output {missing}: wait until `make deploy` has ended, or repeat it."
        ) from None
