"""`fine-tune models`: the custom models of an environment, what they cost a month, what uses them, and their end."""

from collections.abc import Iterator, Mapping, Sequence

from pydantic import Field
from rich.table import Table
from rich.text import Text

from cli.environment import Environment
from cli.runs import read_prices
from lambdas.adapters.adapters import Adapters
from lambdas.adapters.aws.bedrock import Listed
from lambdas.adapters.aws.service_errors import NotFound
from lambdas.domain.core.counted import counted
from lambdas.domain.core.did_you_mean import did_you_mean
from lambdas.domain.core.fact import Fact
from lambdas.domain.core.run import run_of_bedrock_name
from lambdas.domain.core.timestamps import now, seconds_between
from lambdas.domain.cost.estimate import amount
from lambdas.domain.cost.price_file import Prices
from lambdas.domain.serving.kinds import KINDS, ServedModel, noun
from lambdas.domain.training.model_age import DAY_SECONDS, is_ours
from local.terminal import Console


class UnknownModelError(Exception):
    """No model of the environment has this name; the message says what may be meant."""


class ModelInUseError(Exception):
    """The model must not go while it is used; the message says by what, and what to do."""


class UsedModel(Fact):
    """A custom model of the environment; null where the price is not known. `served_by` are ARNs.

    `served_usd_per_hour` is what all that serves it costs by the hour; deployments cost nothing.
    """

    name: str
    arn: str
    run_id: str | None
    base_model: str | None
    created_at: str
    age_days: float
    usd_per_month: float | None
    champion: bool
    served_by: list[str] = Field(default=[])
    served_usd_per_hour: float | None = 0.0


class ModelList(Fact):
    """The environment's models, newest first."""

    environment: str
    models: list[UsedModel]


def list_models(environment: Environment, unit_price: float | None = None) -> ModelList:
    """The models whose tags say that a run of the environment made them; `unit_price` replaces that of a model unit.

    Raises Refused, ServiceBusy, and UnreadableChampionError where nobody knows the champion.
    """
    adapters = environment.adapters
    found = [one for one in adapters.bedrock.list_custom_models() if _is_ours(one, environment)]
    prices, serving = read_prices(environment), served_by_model(adapters) if found else {}
    champion = adapters.champion.read_champion(environment.name) if found else None
    champion_arn = champion[0].model_arn if champion else None
    models = [_used(one, environment, prices, serving, champion_arn, unit_price) for one in found]
    return ModelList(environment=environment.name, models=sorted(models, key=lambda one: one.created_at, reverse=True))


def _is_ours(listed: Listed, environment: Environment) -> bool:
    if run_of_bedrock_name(environment.name, listed.name) is None:
        return False
    try:
        return is_ours(environment.adapters.bedrock.tags_of(listed.arn), environment.name)
    except NotFound:
        # The list lags behind its deletion.
        return False


def served_by_model(adapters: Adapters) -> dict[str, list[ServedModel]]:
    """What serves each custom model of the account, whoever made it, by the model's ARN."""
    serving: dict[str, list[ServedModel]] = {}
    for kind in KINDS:
        for listed in adapters.served_models.list_all(kind):
            if found := adapters.served_models.find(kind, listed.arn):
                serving.setdefault(found.model_arn, []).append(found)
    return serving


def _used(
    listed: Listed,
    environment: Environment,
    prices: Prices,
    serving: Mapping[str, list[ServedModel]],
    champion: str | None,
    unit_price: float | None,
) -> UsedModel:
    described = environment.adapters.bedrock.describe_custom_model(listed.arn)
    base_model = described.base_model if described else None
    own = prices.base_models.get(base_model or "")
    price, unit = (own.storage_per_month, own.model_unit_per_hour) if own else (None, None)
    served = serving.get(listed.arn, [])
    units = sum(one.model_units or 0 for one in served)
    hourly = unit_price if unit_price is not None else unit.usd if unit else None
    return UsedModel(
        name=listed.name,
        arn=listed.arn,
        run_id=run_of_bedrock_name(environment.name, listed.name),
        base_model=base_model,
        created_at=listed.created_at,
        age_days=round(seconds_between(listed.created_at, now()) / DAY_SECONDS, 1),
        usd_per_month=price.usd if price else None,
        champion=listed.arn == champion,
        served_by=[f"{noun(one.kind)} {one.arn}" for one in served],
        served_usd_per_hour=0.0 if units == 0 else None if hourly is None else units * hourly,
    )


def chosen_models(listed: ModelList, words: Sequence[str]) -> list[UsedModel]:
    """The models that are meant, by their names, ARNs, or runs. Raises UnknownModelError."""
    chosen: dict[str, UsedModel] = {}
    for word in words:
        meant = [one for one in listed.models if word in (one.name, one.arn, one.run_id)]
        if not meant:
            names = [word for one in listed.models for word in (one.name, one.run_id) if word]
            raise UnknownModelError(
                f"The environment {listed.environment} has no custom model {word!r} that a run of it has made."
                f"{did_you_mean(word, names)} `fine-tune models` lists them."
            )
        chosen |= {one.arn: one for one in meant}
    return [*chosen.values()]


def require_unused(models: Sequence[UsedModel]) -> None:
    """Raises ModelInUseError where one of the models is the champion, or is served."""
    used = [*_uses(models)]
    if used:
        raise ModelInUseError(
            f"{' '.join(used)} Nothing was deleted. Leave out what is used, or repeat the command with --even-if-used."
        )


def _uses(models: Sequence[UsedModel]) -> Iterator[str]:
    for one in models:
        if one.champion:
            yield f"{one.name} is the champion."
        if one.served_by:
            yield f"{one.name} is served by {', '.join(one.served_by)}."


def delete(environment: Environment, models: Sequence[UsedModel], console: Console) -> None:
    """Deletes the models one by one, and tells each. Raises Refused, Conflict among them, and ServiceBusy."""
    for one in models:
        was_there = environment.adapters.bedrock.delete_custom_model(one.arn)
        console.write_line(f"{'Deleted' if was_there else 'Was gone already'}: {one.name}")


def tell_models(console: Console, listed: ModelList) -> None:
    """A table, newest first, and what they cost together."""
    if not listed.models:
        console.write_line(f"The environment {listed.environment} has no custom model.")
        return
    table = Table("model, run and base model", "made", "USD a month", "used", show_lines=True)
    table.columns[0].overflow = "fold"
    for one in listed.models:
        uses = [*(["champion"] if one.champion else []), *(f"served by {thing}" for thing in one.served_by)]
        if one.served_usd_per_hour != 0:
            usd = one.served_usd_per_hour
            uses.append("at an unknown price an hour" if usd is None else f"at {amount(usd)} USD an hour")
        identity = [one.name, one.run_id or "", one.base_model or ""]
        made = [one.created_at[:10], _age(one.age_days)]
        price = "unknown" if one.usd_per_month is None else amount(one.usd_per_month)
        cells = ("\n".join(filter(None, identity)), "\n".join(made), price, "\n".join(uses) or "by nothing")
        table.add_row(*map(Text, cells))
    console.print(table)
    console.write_line(f"{month_text(listed.models)}.", "bold")


def month_text(models: Sequence[UsedModel]) -> str:
    """How many models there are, and what they cost a month."""
    known = [one.usd_per_month for one in models if one.usd_per_month is not None]
    count = f"{counted(len(models), 'custom model')}"
    if not known:
        return f"{count}, price unknown"
    unknown = len(models) - len(known)
    return f"{count}, {amount(sum(known))} USD a month{f' and {unknown} of unknown price' if unknown else ''}"


def _age(days: float) -> str:
    whole = int(days)
    return "today" if whole == 0 else f"{counted(whole, 'day')} ago"
