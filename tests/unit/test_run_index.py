"""The page of all runs: what it says of each, and that nothing of it is markup."""

from lambdas.domain.core.run import Claim
from lambdas.domain.report.left_of_runs import LeftOfRun
from lambdas.domain.report.run_index import IndexedRun, entry_key, index_run, render_index
from tests.unit.reports import succeeded_report

RUN = "sales-0123456789ab"
AT = "2026-11-22T10:00:00.000Z"
CLAIM = Claim(run_id=RUN, execution_arn="arn:e", claimed_at=AT)


def rendered(*runs: IndexedRun, left: list[LeftOfRun] | None = None) -> str:
    return " ".join(render_index("team", runs, left or [], AT, all_shown=True).split())


def test_entries_are_listed_from_the_newest() -> None:
    later = CLAIM.model_copy(update={"claimed_at": "2026-11-22T10:00:00.001Z"})
    assert entry_key(later) < entry_key(CLAIM)


def test_a_run_has_what_its_report_says() -> None:
    comparison = {
        "arm": "tuned", "against": "base", "metric": "f1", "difference": 12.34, "interval": None, "p_value": None,
        "groups": 1, "records": 1, "detectable": None,
    }  # fmt: skip
    run = index_run(CLAIM, "succeeded", succeeded_report(comparisons=[comparison]), "input/sales.jsonl")
    assert (run.verdict, run.metric, run.gain, run.records) == ("inconclusive", "f1", 12.34, 2)
    text = rendered(run)
    assert f'<a href="{RUN}/report.html">{RUN}</a>' in text
    assert "+12.3" in text
    assert "2 records" in text
    assert "input/sales.jsonl" in text


def test_a_run_without_a_report_has_its_status_and_no_link() -> None:
    text = rendered(index_run(CLAIM, "timed out", None, None))
    assert "timed out" in text
    assert "<a " not in text
    assert "of 1 run it is not" in text


def test_what_is_left_is_added_up_where_its_price_is_known() -> None:
    run = IndexedRun(
        run_id=RUN, started_at=AT, status="failed", storage_usd_per_month=1.95, unit_usd_per_hour=21.0, cost_usd=3.0
    )
    models = [LeftOfRun(RUN, "custom model", f"arn:{n}", None) for n in (1, 2)]
    text = rendered(run, left=[*models, LeftOfRun(RUN, "throughput", "arn:t", 2)])
    assert "custom models, 3.90 USD a month" in text
    assert "3.90 USD a month" in text
    assert "throughput, 42.00 USD an hour" in text
    assert "throughput, until deleted" in text
    unknown = run.model_copy(update={"storage_usd_per_month": None})
    assert "unknown USD a month" not in rendered(unknown, left=models)
    assert "custom model, price unknown a month" in rendered(unknown, left=models)


def test_what_stands_in_keys_and_errors_is_no_markup() -> None:
    """Whoever may upload chooses the key."""
    attack = "<script>alert(1)</script>"
    text = rendered(IndexedRun(run_id=RUN, started_at=AT, status=attack, error=attack, data=attack, base_model=attack))
    assert "<script" not in text
    assert "script-src" not in text
    assert "default-src 'none'" in text
