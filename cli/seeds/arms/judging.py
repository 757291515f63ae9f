"""Judges compare few originals with synthetic records with each other arm, and people get the same pairs."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from cli.run_folder import RunFolder
from cli.seeds.arms.data import JUDGES, STUDENT
from cli.seeds.arms.table import RIVALS, SYNTHETIC, Arms, JudgedRival
from lambdas.adapters.adapters import Adapters
from lambdas.domain.core.run import Run, RunSource
from lambdas.domain.evaluation.judging.lines import render_pairs
from lambdas.domain.evaluation.judging.pairwise import Pair, needs_no_judge
from lambdas.domain.evaluation.judging.rubric import default_rubric
from lambdas.domain.evaluation.judging.shards import plan_judge_shards
from lambdas.domain.evaluation.judging.summary import Judging, summarise_judging
from lambdas.domain.report.human_review import render_review
from lambdas.steps.judge_shard import judge_shard
from local.output_folder import replace_file

# As many as a run's judges get by default, and as many as the post's people had.
JUDGED, PEOPLES = 100, 20
_AT_A_TIME = 4
# No function's time runs out here.
_MILLISECONDS = 900_000


def judge_arms(arms: Arms, account: Adapters, folder: Path) -> list[JudgedRival]:
    """What both judges say of each pair of arms; replies and people's pages are written below the folder."""
    return list(_judge_each(arms, account, folder))


def review_page(rival: str) -> str:
    """The name of people's page."""
    return f"human_review-{_name(rival)}.html"


def _name(rival: str) -> str:
    return f"against-{rival.replace(' ', '-')}"


def _judge_each(arms: Arms, account: Adapters, folder: Path) -> Iterator[JudgedRival]:
    for rival in RIVALS:
        name = _name(rival)
        place, pairs = folder / "judging" / name, arms.pairs(rival, JUDGED)
        judging = _ask_judges(pairs, account, place, name)
        review, review_id = review_page(rival), f"{arms.few.run_id}-{name}"
        shown = [pair for pair in pairs if not needs_no_judge(pair)][:PEOPLES]
        replace_file(folder / review, render_review(review_id, shown, simulated=bool(arms.few.simulated)))
        yield JudgedRival(against=rival, review=review, review_id=review_id, judging=judging)


def _ask_judges(pairs: list[Pair], account: Adapters, place: Path, name: str) -> Judging:
    """By the step that judges within a run, with the folder in the place of the bucket."""
    adapters = Adapters(account.clients)
    adapters.objects, adapters.runtime = RunFolder(place), account.runtime
    adapters.objects.write("", "judging/pairs.jsonl", b"".join(line + b"\n" for line in render_pairs(pairs)))
    source = RunSource(bucket="", key=name, version_id=None)
    run = Run(id=name, execution_arn="", source=source, output_bucket="", prefix="", claimed_at="")
    shards = plan_judge_shards(JUDGES, len(pairs), default_rubric())
    with ThreadPoolExecutor(_AT_A_TIME) as pool:
        list(pool.map(lambda shard: judge_shard(run, shard, lambda: _MILLISECONDS, adapters=adapters), shards))
    judged = {judge: adapters.judging.read_judge("", "", judge, len(pairs)) for judge in JUDGES}
    return summarise_judging(pairs, judged, {SYNTHETIC: STUDENT})
