"""The environment that `make deploy` and `make destroy` mean: cdk.json's, with another model, Region or name."""

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any

import typer

from lambdas.domain.models.catalogue import base_model, catalogue
from local.checkout import CHECKOUT
from local.terminal import failed
from stacks.settings import CONTEXT_KEY, Settings, settings_from

Model = Annotated[str | None, typer.Option(help="The base model's id; default: cdk.json's. It brings its Region.")]
Region = Annotated[str | None, typer.Option(help="The AWS Region; default: one where the model is tuned.")]
Name = Annotated[str | None, typer.Option(help="The setting `deployment`; default: cdk.json's.")]


@dataclass(frozen=True)
class RequestedEnvironment:
    """An environment's settings, and those of them that cdk.json does not have."""

    settings: Settings
    given: Mapping[str, str]
    qualifier: str = "hnb659fds"

    @property
    def context(self) -> list[str]:
        """What is given, as options of the CDK CLI."""
        return [word for name, value in self.given.items() for word in ("--context", f"{CONTEXT_KEY}:{name}={value}")]

    def with_settings(self, settings: Mapping[str, str]) -> "RequestedEnvironment":
        """With further settings in place of cdk.json's. Raises SettingsError."""
        given = {**self.given, **settings}
        changed = settings_from({**_context(), **{f"{CONTEXT_KEY}:{name}": value for name, value in given.items()}})
        return replace(self, settings=changed, given=given)


def target_of(
    model: str | None, region: str | None, deployment: str | None, *, any_model: bool = False
) -> RequestedEnvironment:
    """The environment with these instead of cdk.json's settings.

    A model brings a Region where it is tuned. With `any_model` a Region brings a model that is tuned in it, which is
    enough to delete stacks. Raises SettingsError and UnknownBaseModelError.
    """
    context = _context()
    usual = settings_from(context)
    if model is not None:
        entry = base_model(model)
        model, regions = entry.customization_id, entry.customization_regions
        region = region or (usual.region if usual.region in regions else regions[0])
    elif any_model and region is not None and region not in base_model(usual.base_model).customization_regions:
        model = next((each.customization_id for each in catalogue() if region in each.customization_regions), None)
    chosen = {"deployment": deployment, "region": region, "base_model": model}
    given = {name: value for name, value in chosen.items() if value is not None}
    settings = settings_from({**context, **{f"{CONTEXT_KEY}:{name}": value for name, value in given.items()}})
    return RequestedEnvironment(
        settings, given, context.get("@aws-cdk/core:bootstrapQualifier", RequestedEnvironment.qualifier)
    )


def _context() -> dict[str, Any]:
    return dict(json.loads((CHECKOUT / "cdk.json").read_text())["context"])


# What goes on behind the CDK CLI when it is interrupted.
_GOES_ON = {
    "deploy": "CloudFormation finishes or rolls back the stack that it has begun, and begins no other. Repeat the "
    "command, or take all of it away again with `make destroy`.",
    "destroy": "CloudFormation finishes the deletion of the stack that it has begun, and begins no other. Repeat the "
    "command until it says what stays.",
}


def run_cdk(command: str, target: RequestedEnvironment) -> int:
    """The exit status of the CDK CLI's command on all stacks. Says after Ctrl-C what goes on, and raises typer.Exit."""
    # What was told stands before what the CDK CLI writes, in a pipe, too.
    sys.stdout.flush()
    words = ["cdk", command, "--all", *target.context]
    try:
        return subprocess.run(words, cwd=CHECKOUT, check=False).returncode
    except KeyboardInterrupt:
        raise failed(f"Stopped. {_GOES_ON[command]}", 130) from None
