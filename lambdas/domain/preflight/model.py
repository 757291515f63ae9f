"""Checks of the base model: what Bedrock says of it, and what the catalogue does."""

from dataclasses import dataclass
from datetime import date

from lambdas.domain.core.unknown import Unknown
from lambdas.domain.models.catalogue import BaseModelEntry, base_model, catalogue
from lambdas.domain.preflight.checks import Check, fail, report_unknown, warn
from lambdas.domain.serving.kinds import ON_DEMAND

# Bedrock refuses a job on such a model at once and free of charge: what cannot be checked here loses nothing.
_UNKNOWN_REMEDY = "Allow bedrock:GetFoundationModel on the model; otherwise the start of the job tells."


@dataclass(frozen=True)
class ModelDetails:
    """A foundation model as Bedrock describes it; dates are None where it tells none."""

    status: str
    customizations: tuple[str, ...]
    legacy_from: date | None
    end_of_life: date | None


def model_checks(
    entry: BaseModelEntry, details: ModelDetails | Unknown | None, region: str, serving: str, today: date
) -> list[Check]:
    """All checks of the base model; `details` is None where Bedrock knows no such model."""
    return [
        exists(entry, details, region, today),
        customizable(entry, details, region),
        lifecycle(entry, details, region, today),
        in_region(entry, region, today),
        servable(entry, serving),
    ]


def exists(entry: BaseModelEntry, details: ModelDetails | Unknown | None, region: str, today: date) -> Check:
    """The check `model-exists`; a model that is gone is most likely past its end of life."""
    if isinstance(details, Unknown):
        return report_unknown("model-exists", details, "warning", _UNKNOWN_REMEDY)
    if details is not None:
        return Check("model-exists")
    ended = _ended(entry, today)
    message = f"Bedrock knows no model {entry.customization_id} in {region}{f': {ended}' if ended else ''}."
    return fail("model-exists", message, change_model(entry, region), successor=entry.successor)


def customizable(entry: BaseModelEntry, details: ModelDetails | Unknown | None, region: str) -> Check:
    """The check `model-customizable`."""
    if not isinstance(details, ModelDetails):
        return Check("model-customizable", skipped=f"Bedrock does not describe {entry.customization_id}.")
    if "FINE_TUNING" in details.customizations:
        return Check("model-customizable")
    offered = ", ".join(details.customizations) or "none"
    message = f"Bedrock offers no fine-tuning of {entry.customization_id} in {region} (customizations: {offered})."
    return fail("model-customizable", message, change_model(entry, region), successor=entry.successor)


def lifecycle(entry: BaseModelEntry, details: ModelDetails | Unknown | None, region: str, today: date) -> Check:
    """The check `model-lifecycle`: Bedrock's status decides; the catalogue's dates only warn."""
    if not isinstance(details, ModelDetails):
        return Check("model-lifecycle", skipped=f"Bedrock does not describe {entry.customization_id}.")
    legacy_from = details.legacy_from or entry.lifecycle.legacy_from
    end_of_life = details.end_of_life or entry.lifecycle.end_of_life
    dates = _dates(legacy_from, end_of_life)
    if details.status != "ACTIVE":
        past = end_of_life is not None and end_of_life <= today
        message = (
            f"{entry.customization_id} is {details.status}{dates}{' and past its end of life' if past else ''}: "
            "Bedrock starts no new customization job and sells no new Provisioned Throughput for it."
        )
        return fail("model-lifecycle", message, change_model(entry, region), successor=entry.successor)
    if end_of_life is not None and end_of_life <= today:
        message = f"{entry.customization_id} is ACTIVE for this account, although its documented end of life is past"
        remedy = f"Requests may fail at any time. {change_model(entry, region)}"
        source = f"{dates}: {entry.lifecycle.source}."
        return warn("model-lifecycle", f"{message}{source}", remedy, successor=entry.successor)
    return Check("model-lifecycle")


def in_region(entry: BaseModelEntry, region: str, today: date) -> Check:
    """The check `region`."""
    if region in entry.customization_regions:
        return Check("region")
    regions = ", ".join(entry.customization_regions)
    here = ", ".join(other.customization_id for other in _fine_tuned_in(region, today)) or "the catalogue knows none"
    remedy = f'Deploy to {regions} (setting "region"), or set "base_model" to one fine-tuned in {region}: {here}.'
    return fail("region", f"{entry.customization_id} is fine-tuned in {regions}, not in {region}.", remedy)


def servable(entry: BaseModelEntry, serving: str) -> Check:
    """The check `serving`."""
    if serving in entry.serving:
        return Check("serving")
    ways = " or ".join(f'"{way}"' for way in entry.serving)
    message = f"A tuned {entry.name} cannot be served as {serving!r}; it can as {ways}."
    return fail("serving", message, f'Set "serving" in run.json to "auto" or to {ways}.')


def champion_servable(entry: BaseModelEntry, *, serves_champion: bool) -> Check:
    """The check `champion-serving`: a run is worth its verdict all the same."""
    if not serves_champion:
        return Check("champion-serving", skipped="The environment does not serve its champion by itself.")
    if ON_DEMAND in entry.serving:
        return Check("champion-serving")
    message = (
        f"A tuned {entry.name} cannot be served on demand: should this run be promoted, serve_champion serves nothing "
        "for it, and applications go on with what is served before."
    )
    remedy = 'Serve it yourself with "fine-tune serve champion --hours <hours>", or tune another model.'
    return warn("champion-serving", message, remedy)


def change_model(entry: BaseModelEntry, region: str) -> str:
    """What to set instead of an ageing model."""
    where = 'Set "base_model" (in run.json for a run, in cdk.json for all runs)'
    regions = base_model(entry.successor).customization_regions
    moved = "" if region in regions else f', and "region" to {" or ".join(regions)}, where it is fine-tuned'
    return f"{where} to its successor {entry.successor}{moved}."


def _fine_tuned_in(region: str, today: date) -> list[BaseModelEntry]:
    """Those that still take jobs, by the catalogue's dates."""
    return [
        entry
        for entry in catalogue()
        if region in entry.customization_regions and (entry.lifecycle.legacy_from or date.max) > today
    ]


def _ended(entry: BaseModelEntry, today: date) -> str | None:
    end = entry.lifecycle.end_of_life
    return f"its end of life was on {end}" if end is not None and end <= today else None


def _dates(legacy_from: date | None, end_of_life: date | None) -> str:
    dates = [f"legacy from {legacy_from}"] if legacy_from else []
    dates += [f"end of life {end_of_life}"] if end_of_life else []
    return f" ({', '.join(dates)})" if dates else ""
