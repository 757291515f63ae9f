"""Which throughputs and jobs may exist: nothing foreign and nothing leased is ended, and nothing else is left."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.domain.core.run import Claim, bedrock_name, bedrock_tags
from lambdas.domain.core.timestamps import later
from lambdas.domain.core.unknown import Unknown
from lambdas.domain.serving import lease
from lambdas.domain.serving.lease import Execution, Owner, Resource, Terms, Verdict

TERMS = Terms(environment="fine-tuning", longest_lease_hours=8, longest_run_hours=168, settle_seconds=35)
UNKNOWN = Unknown("ListTagsForResource: AccessDeniedException: No.", busy=False)
NEIGHBOUR = "fine-tuning-eu"
RUN = "sales-0123456789ab"
ARN = "arn:aws:states:us-west-2:123456789012:execution:fine-tuning:one"
CREATED = "2026-01-21T22:00:00.000Z"
ENDS = "2026-01-22T05:59:00.000Z"

STATUSES = ("RUNNING", "SUCCEEDED", "FAILED", "ABORTED", "TIMED_OUT")
moments = st.integers(-100_000, 1_000_000).map(lambda seconds: later(CREATED, seconds))


def tags(deployment: str = TERMS.environment, run: str = RUN, **more: str) -> dict[str, str]:
    return {**bedrock_tags(deployment, run, ARN), "lease-ends-at": ENDS, "keep-job": "false", **more}


def throughput(tagged: dict[str, str] | Unknown, name: str | None = None) -> Resource:
    return Resource("arn:throughput", name or bedrock_name(TERMS.environment, RUN), CREATED, tagged)


def claim() -> Claim:
    return Claim(run_id=RUN, execution_arn=ARN, claimed_at="2026-01-21T20:00:00.000Z")


def execution(status: str, ended_at: str | None = "2026-01-21T23:00:00.000Z") -> Execution:
    return Execution(ARN, status, None if status == "RUNNING" else ended_at)


executions = st.one_of(
    st.none(),
    st.just(UNKNOWN),
    st.builds(execution, st.sampled_from(STATUSES), moments),
)
claims = st.one_of(st.none(), st.just(UNKNOWN), st.just(claim()))
foreign_tags = st.one_of(
    st.just(tags(deployment=NEIGHBOUR)),
    st.just(tags(deployment=NEIGHBOUR, project="somebody-elses")),
    st.dictionaries(st.sampled_from(["project", "team", "run-id"]), st.sampled_from(["fine-tuning", "x"])).map(
        lambda tagged: {**tagged, "deployment": NEIGHBOUR}
    ),
)
# What is left when somebody has removed or overwritten tags; none of it names another deployment.
damaged_tags = st.one_of(
    st.just({}),
    st.just({"deployment": TERMS.environment}),
    st.sampled_from(["project", "deployment"]).map(lambda name: {k: v for k, v in tags().items() if k != name}),
    st.just(tags(project="somebody-elses")),
    st.just(tags(deployment="")),
    st.dictionaries(st.sampled_from(["team", "run-id", "project"]), st.sampled_from(["fine-tuning", "x"])),
)


@given(foreign_tags, claims, executions, moments, st.booleans())
def test_what_other_tags_say_is_foreign_is_never_touched(
    tagged: dict[str, str], claimed: Claim | Unknown | None, run_by: Execution | Unknown | None, now: str, ending: bool
) -> None:
    """Another deployment's throughput, or a person's own, may serve customers: whatever else it looks like."""
    resource = throughput(tagged)
    owner = Owner(claimed, run_by)
    assert lease.judge_served(resource, owner, TERMS, now, ending=ending).verdict is Verdict.FOREIGN
    assert lease.judge_job(resource, owner, TERMS, ending=ending).verdict is Verdict.FOREIGN


@given(damaged_tags, claims, executions, moments, st.booleans())
def test_damaged_tags_prove_as_much_as_unreadable_ones(
    tagged: dict[str, str], claimed: Claim | Unknown | None, run_by: Execution | Unknown | None, now: str, ending: bool
) -> None:
    """Whoever tidies up tags must not make a throughput bill for ever; name, claim and time still say whose it is."""
    owner = Owner(claimed, run_by)
    # The tag may shorten the lease: compared where that makes no difference.
    now = min(now, later(ENDS, -0.001)) if now < later(CREATED, TERMS.longest_lease_hours * 3600) else now
    unread = lease.judge_served(throughput(UNKNOWN), owner, TERMS, now, ending=ending).verdict
    assert lease.judge_served(throughput(tagged), owner, TERMS, now, ending=ending).verdict is unread
    # A job ends by itself, and its tag that keeps it may be gone as well.
    assert lease.judge_job(throughput(tagged), owner, TERMS, ending=ending).verdict is Verdict.FOREIGN


@given(damaged_tags, executions, moments, st.booleans())
def test_without_a_claim_damaged_tags_prove_nothing(
    tagged: dict[str, str], run_by: Execution | Unknown | None, now: str, ending: bool
) -> None:
    """A person's own throughput without tags may be named like anything."""
    judgement = lease.judge_served(throughput(tagged), Owner(None, run_by), TERMS, now, ending=ending)
    assert judgement.verdict is Verdict.FOREIGN


@pytest.mark.parametrize("tagged", [{}, tags(project="somebody-elses"), {"team": "sales"}])
def test_a_throughput_that_lost_its_tags_is_ended_with_its_run(tagged: dict[str, str]) -> None:
    """Only one made while the run could buy: a later one with its name is somebody's own."""
    now = "2026-01-22T01:00:00.000Z"

    def verdict(ended_at: str) -> Verdict:
        owner = Owner(claim(), execution("ABORTED", ended_at))
        return lease.judge_served(throughput(tagged), owner, TERMS, now, ending=False).verdict

    assert verdict("2026-01-21T23:00:00.000Z") is Verdict.END
    assert verdict("2026-01-21T21:59:00.000Z") is Verdict.FOREIGN
    assert lease.run_of(throughput(tagged), TERMS.environment) == RUN


@given(st.text(alphabet="abcf0123456789-", max_size=40), executions, moments, st.booleans())
def test_a_name_that_no_run_of_ours_has_is_never_touched(
    suffix: str, run_by: Execution | Unknown | None, now: str, ending: bool
) -> None:
    """`fine-tuning-eu-sales-…` begins like a name of `fine-tuning`: without a claim of ours it is the neighbour's."""
    resource = throughput(UNKNOWN, f"{NEIGHBOUR}-{suffix}")
    assert lease.judge_served(resource, Owner(None, run_by), TERMS, now, ending=ending).verdict is Verdict.FOREIGN


@given(claims, moments)
def test_a_live_lease_is_never_ended(claimed: Claim | Unknown | None, now: str) -> None:
    """A running run would lose the model in the middle of its answers."""
    now = min(now, later(ENDS, -0.001))
    judgement = lease.judge_served(throughput(tags()), Owner(claimed, execution("RUNNING")), TERMS, now, ending=False)
    assert judgement.verdict is Verdict.KEEP


@given(
    claims.filter(lambda claimed: claimed is not UNKNOWN),
    executions.filter(lambda run_by: run_by is not UNKNOWN),
    st.sampled_from([ENDS, "", "soon", None]),
    moments,
)
def test_everything_else_of_ours_is_ended(
    claimed: Claim | None, run_by: Execution | None, tagged_end: str | None, now: str
) -> None:
    """Neither a lost tag nor a forgotten execution keeps a throughput alive."""
    own = tags()
    own.pop("lease-ends-at")
    if tagged_end is not None:
        own["lease-ends-at"] = tagged_end
    resource = throughput(own)
    leased = run_by is not None and run_by.status == "RUNNING" and now < lease.lease_ends_at(resource, TERMS)
    judgement = lease.judge_served(resource, Owner(claimed, run_by), TERMS, now, ending=False)
    assert judgement.verdict is (Verdict.KEEP if leased else Verdict.END)


@given(claims, executions, moments)
def test_nothing_of_ours_survives_the_deployment(
    claimed: Claim | Unknown | None, run_by: Execution | Unknown | None, now: str
) -> None:
    """Afterwards nobody would look for it."""
    owner = Owner(claimed, run_by)
    assert lease.judge_served(throughput(tags()), owner, TERMS, now, ending=True).verdict is Verdict.END


@given(claims, executions)
def test_an_expired_lease_ends_whatever_is_not_known(
    claimed: Claim | Unknown | None, run_by: Execution | Unknown | None
) -> None:
    """A denied question must not become a way to bill for ever."""
    judgement = lease.judge_served(throughput(tags()), Owner(claimed, run_by), TERMS, ENDS, ending=False)
    assert judgement.verdict is Verdict.END


@pytest.mark.parametrize("tagged", ["9999-01-01T00:00:00.000Z", "tomorrow", ""])
def test_a_lease_is_never_longer_than_the_longest(tagged: str) -> None:
    """The tag is text that anybody with access can write."""
    assert lease.lease_ends_at(throughput(tags(**{"lease-ends-at": tagged})), TERMS) == "2026-01-22T06:00:00.000Z"


def test_without_tags_name_claim_and_time_together_decide() -> None:
    """Somebody may serve the run's model under the run's name once it is over: that is theirs."""
    now = "2026-01-22T01:00:00.000Z"

    def verdict(claimed: Claim | Unknown | None, run_by: Execution | Unknown | None) -> Verdict:
        return lease.judge_served(throughput(UNKNOWN), Owner(claimed, run_by), TERMS, now, ending=False).verdict

    assert verdict(claim(), execution("ABORTED", "2026-01-21T21:59:30.000Z")) is Verdict.END
    assert verdict(claim(), execution("ABORTED", "2026-01-21T21:59:00.000Z")) is Verdict.FOREIGN
    assert verdict(claim(), execution("RUNNING")) is Verdict.KEEP
    assert verdict(claim(), None) is Verdict.END
    assert verdict(claim(), UNKNOWN) is Verdict.UNDECIDED
    assert verdict(UNKNOWN, None) is Verdict.UNDECIDED
    assert verdict(None, None) is Verdict.FOREIGN


def test_an_execution_that_only_a_tag_names_is_not_believed_to_be_missing() -> None:
    """A tag cannot hold every character of a name: the execution may well be running."""
    judgement = lease.judge_served(throughput(tags()), Owner(UNKNOWN, None), TERMS, CREATED, ending=False)
    assert judgement.verdict is Verdict.UNDECIDED


@pytest.mark.parametrize(
    ("tagged", "run_by", "expected"),
    [
        (tags(), execution("RUNNING"), Verdict.KEEP),
        (tags(), execution("ABORTED"), Verdict.END),
        (tags(), None, Verdict.END),
        (tags(**{"keep-job": "true"}), execution("ABORTED"), Verdict.KEEP),
        (tags(), UNKNOWN, Verdict.UNDECIDED),
        (UNKNOWN, execution("ABORTED"), Verdict.UNDECIDED),
    ],
)
def test_a_job_goes_on_while_its_run_does_or_its_settings_say_so(
    tagged: dict[str, str], run_by: Execution | Unknown | None, expected: Verdict
) -> None:
    """Hours of training are not thrown away on a guess; a job ends by itself."""
    assert lease.judge_job(throughput(tagged), Owner(claim(), run_by), TERMS, ending=False).verdict is expected


@pytest.mark.parametrize(
    ("run_by", "now", "released"),
    [
        (execution("RUNNING"), ENDS, False),
        (UNKNOWN, ENDS, False),
        (None, ENDS, True),
        (execution("FAILED", ENDS), ENDS, True),
        (execution("ABORTED", ENDS), later(ENDS, 34.9), False),
        (execution("ABORTED", ENDS), later(ENDS, 35), True),
        (execution("TIMED_OUT", ENDS), later(ENDS, 34.9), False),
    ],
)
def test_a_slot_outlives_a_purchase_that_was_cut_off(
    run_by: Execution | Unknown | None, now: str, released: bool
) -> None:
    """Its next holder would buy a second throughput while the first still appears."""
    assert lease.may_release(run_by, TERMS, now) is released
