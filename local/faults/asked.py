"""Whether a run's curation has asked its models each question once, by the simulated Bedrock's log of calls."""

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from lambdas.domain.curation.asks import Ask, StoredReply
from lambdas.steps.answering import STORE_EVERY_ANSWERS
from local.bedrock.call_log import digest_asked
from local.faults.run import FaultRun


def check_asked_once(run: FaultRun) -> None:
    """Each question of the run was answered once at most, but for what a function that was cut off had not stored."""
    if "clean" not in run.case.dataset.settings and "synthesis" not in run.case.dataset.settings:
        return
    asks = [Ask.model_validate_json(line) for line in _stored_lines(run, "asks")]
    asked = {digest_asked(each.model, (each.prompt.system, each.prompt.user)) for each in asks}
    answered = count_answers(run.bench.aws.bedrock_calls, asked)
    again = sum(times - 1 for times in answered.values())
    most = STORE_EVERY_ANSWERS if run.case.may_ask_again else 0
    if again > most:
        run.result.problems.append(f"{again} questions of the curation were answered again, at most {most} may be")
    # A batch job's answers stand in no log of calls.
    replies = {StoredReply.model_validate_json(line).id for line in _stored_lines(run, "replies")}
    never = sum(each.id not in replies for each in asks)
    if run.result.status == "SUCCEEDED" and not run.case.rules and never:
        run.result.problems.append(f"{never} of {len(asks)} questions were never answered")


def _stored_lines(run: FaultRun, kind: str) -> list[bytes]:
    """All that the run has stored of its curation's "asks" or "replies"."""
    bucket, run_id = run.deployment.output_bucket, run.run_id()
    prefix = f"runs/{run_id}/curation/{kind}/"
    pages = run.bench.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    keys = [entry["Key"] for page in pages for entry in page.get("Contents", [])] if run_id else []
    bodies = (run.bench.s3.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys)
    return [line for body in bodies for line in body.splitlines()]


def count_answers(calls: Path, asked: Iterable[str]) -> Counter[str]:
    """How often each of these questions was answered."""
    wanted, answered = frozenset(asked), Counter[str]()
    with calls.open() as file:
        for line in file:
            if '"asked"' in line:
                call = json.loads(line)
                if call["asked"] in wanted and call["status"] == 200:
                    answered[call["asked"]] += 1
    return answered
