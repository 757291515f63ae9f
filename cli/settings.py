"""The settings that commands go by: of this checkout's environment, from cdk.json, and of one that is deployed."""

import json
from typing import TYPE_CHECKING

from local.checkout import CHECKOUT
from stacks.settings import Settings, settings_from

if TYPE_CHECKING:
    from cli.environment import Environment


def settings_here() -> Settings:
    """As `make deploy` reads them; raises SettingsError."""
    return settings_from(json.loads((CHECKOUT / "cdk.json").read_text())["context"])


def settings_of(environment: "Environment") -> Settings:
    """The same with the limits that the environment was deployed with; stacks of earlier versions do not tell them."""
    here = settings_here()
    return here if environment.limits is None else here.model_copy(update=environment.limits.model_dump())
