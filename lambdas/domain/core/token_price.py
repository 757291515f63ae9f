"""What a model's tokens cost, in USD."""

from typing import Annotated

from pydantic import Field

from lambdas.domain.core.settings_model import SettingsModel

# Infinity is no price; the JSON reader would take it, and NaN, as a number.
Price = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class TokenPrice(SettingsModel):
    """What a model's tokens cost, per 1,000."""

    input: Price
    output: Price
