"""The settings of this checkout's environment, from cdk.json."""

import json

from local.checkout import CHECKOUT
from stacks.settings import Settings, settings_from


def settings_here() -> Settings:
    """As `make deploy` reads them; raises SettingsError."""
    return settings_from(json.loads((CHECKOUT / "cdk.json").read_text())["context"])
