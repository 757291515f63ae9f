"""The price file: what AWS charges, in USD, as far as it is known.

`prices.json` beside this module is the default; an object `prices.json` at the root of the input bucket replaces it, as
a whole; `fine-tune prices` makes one from AWS's Price List. A price that is not known is null, and is then said to be
unknown, never guessed. Nothing else has prices:
the setting `model_unit_price_per_hour` and, in a run's report alone, run.json's `evaluation.prices` replace single
ones (`Prices.replaced`).
"""

from collections.abc import Mapping
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, ValidationError
from pydantic_core import from_json

from lambdas.domain.core.finding import Finding
from lambdas.domain.core.settings_model import SettingsModel
from lambdas.domain.core.token_price import Price, TokenPrice
from lambdas.domain.models.catalogue import catalogue

FILE_NAME = "prices.json"
CHECK = "prices"
# The shipped file has about 14 KB.
LARGEST_FILE_BYTES = 1 << 18


class SourcedPrice(SettingsModel):
    """Where a price is from, and when it was in force; null where it is as the file says.

    `confirmed` says that AWS's Price List has the price and that no source says otherwise.
    """

    source: str | None = Field(default=None, exclude_if=lambda source: source is None)
    # Behind a validator of Python's, a date in JSON is no date to the strict mode.
    as_of: Annotated[date | None, Field(strict=False)] = Field(default=None, exclude_if=lambda as_of: as_of is None)
    confirmed: bool = True


class UnitPrice(SourcedPrice):
    """The price of one unit of something."""

    usd: Price


class SourcedTokenPrice(TokenPrice, SourcedPrice):
    """What a model's tokens cost, per 1,000, and where that is from.

    `batch` is what they cost in a batch job; null where that is a share of the price on demand (`batch_price`).
    """

    batch: TokenPrice | None = Field(default=None, exclude_if=lambda batch: batch is None)


def _sourced(price: object) -> object:
    """A number alone is a price of the file's own source."""
    return {"usd": price} if isinstance(price, int | float) and not isinstance(price, bool) else price


KnownUnitPrice = Annotated[UnitPrice | None, BeforeValidator(_sourced)]


class BaseModelPrices(SettingsModel):
    """What tuning a base model costs: per 1,000 trained tokens, per custom model and month, per model unit and hour.

    `model_unit_per_hour` is without commitment, `on_demand` that of the custom model. `note` says why prices are
    unknown or not confirmed.
    """

    training_per_1000_tokens: KnownUnitPrice
    storage_per_month: KnownUnitPrice
    model_unit_per_hour: KnownUnitPrice
    on_demand: SourcedTokenPrice | None
    note: str = ""


class Prices(SettingsModel):
    """A price file. `base_models` are by customization id, `foundation_models` by the id that is asked.

    No price is older than `as_of`. A throughput's time is billed in steps of `throughput_billing_seconds`, a begun step
    as a whole one: AWS says "Billing occurs hourly" (CreateProvisionedModelThroughput, API reference).
    """

    as_of: date
    source: str = Field(pattern=r"^https://\S+$")
    currency: Literal["USD"]
    throughput_billing_seconds: int = Field(ge=1)
    base_models: dict[str, BaseModelPrices]
    foundation_models: dict[str, SourcedTokenPrice | None]

    def replaced(
        self, tokens: Mapping[str, TokenPrice], base_model: str, model_unit_per_hour: float | None
    ) -> "Prices":
        """The prices with those that a run (`tokens`, by model id) and its environment (a model unit) have set."""
        model = self.base_models[base_model]
        if model_unit_per_hour is not None:
            model = model.model_copy(update={"model_unit_per_hour": UnitPrice(usd=model_unit_per_hour)})
        own = {model_id: SourcedTokenPrice(input=each.input, output=each.output) for model_id, each in tokens.items()}
        return self.model_copy(
            update={
                "base_models": {**self.base_models, base_model: model},
                "foundation_models": {**self.foundation_models, **own},
            }
        )


@cache
def default_prices() -> Prices:
    """The prices that are shipped."""
    return Prices.model_validate_json(files(__package__ or "").joinpath(FILE_NAME).read_bytes())


def parse_prices(text: bytes) -> Prices | list[Finding]:
    """Reads a price file; gives all findings where it has any: a missing price is an error, a null is not."""
    try:
        prices = Prices.model_validate_json(text)
    except ValidationError as error:
        found = [_finding("/" + "/".join(map(str, each["loc"])), each["msg"]) for each in error.errors()]
        return [*found, *_wrong_models(_read(text))]
    return _wrong_models({"base_models": prices.base_models, "foundation_models": prices.foundation_models}) or prices


def too_large(size_bytes: int) -> Finding:
    """The finding on a file that is too large to be read."""
    return _finding("/", f"The file has {size_bytes} bytes, at most {LARGEST_FILE_BYTES} are read")


def _read(text: bytes) -> Mapping[str, object]:
    """A file with errors, as far as it can be read."""
    try:
        file = from_json(text)
    except ValueError:
        return {}
    return file if isinstance(file, dict) else {}


def _wrong_models(file: Mapping[str, object]) -> list[Finding]:
    """Models of the catalogue that a part of the file lacks, and those that nobody can tune."""
    needed = {
        "base_models": {entry.customization_id for entry in catalogue()},
        "foundation_models": {entry.inference_id for entry in catalogue()},
    }
    given = {part: set(models) for part in needed if isinstance(models := file.get(part), dict)}
    return [
        *(
            _finding(f"/{part}/{model_id}", "Prices of this model are missing")
            for part, models in given.items()
            for model_id in sorted(needed[part] - models)
        ),
        *(
            _finding(f"/base_models/{model_id}", "No such model can be tuned")
            for model_id in sorted(given.get("base_models", set()) - needed["base_models"])
        ),
    ]


def _finding(pointer: str, message: str) -> Finding:
    return Finding(
        check=CHECK,
        severity="error",
        message=f"{FILE_NAME}, {pointer}: {message}.",
        remedy=(
            f"Correct it in {FILE_NAME} at the root of the input bucket (docs/cost.md tells its form; a price that you "
            "do not know is null), or delete that object to use the shipped prices."
        ),
    )
