"""What serves a model beyond any run: it lasts as long as its lease or until somebody ends it, and no longer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.domain.core.run import (
    Claim,
    bedrock_name,
    candidate_of_bedrock_name,
    run_of_bedrock_name,
    run_of_standing_name,
    standing_name,
)
from lambdas.domain.core.timestamps import later
from lambdas.domain.core.unknown import Unknown
from lambdas.domain.models.catalogue import ServingKind
from lambdas.domain.serving import slots, standing
from lambdas.domain.serving.kinds import KINDS, ON_DEMAND, PROVISIONED
from lambdas.domain.serving.lease import Judgement, Resource, Terms, Verdict
from lambdas.domain.serving.slots import Holder
from lambdas.domain.serving.standing import NEVER, SETTLE_SECONDS, StandingOwner, standing_tags

TERMS = Terms(environment="fine-tuning", longest_lease_hours=8, longest_run_hours=168, settle_seconds=35)
RUN = "sales-0123456789ab"
NAME = standing_name(TERMS.environment, RUN)
CHAMPION, SUCCESSOR = standing.champion_names(TERMS.environment)
CREATED = "2026-01-21T22:00:00.000Z"
ENDS = "2026-01-22T02:00:00.000Z"
LONGEST = later(CREATED, 8 * 3600)
UNKNOWN = Unknown("AccessDeniedException: No.", busy=False)
LEASED, KEPT = standing_tags(TERMS.environment, RUN, ENDS), standing_tags(TERMS.environment, RUN, None)
CLAIM = Claim(run_id=RUN, execution_arn="arn:execution", claimed_at="2026-01-20T20:00:00.000Z")
# From long before its creation to long after its longest lease.
moments = st.integers(-100_000, 1_000_000).map(lambda seconds: later(CREATED, seconds))
kinds = st.sampled_from(KINDS)
names = st.sampled_from([NAME, CHAMPION, SUCCESSOR])


def slot_until(lease_ends_at: str | None, acquired_at: str = CREATED) -> Holder:
    return standing.begin_standing(RUN, acquired_at, lease_ends_at)


holders = st.one_of(st.none(), st.just(UNKNOWN), st.just(slot_until(ENDS)), st.just(slot_until(None)))
claims = st.one_of(st.none(), st.just(UNKNOWN), st.just(CLAIM))
owners = st.builds(StandingOwner, holders, claims)
# What is left when somebody has removed or overwritten tags; none of it names another environment.
damaged_tags: st.SearchStrategy[dict[str, str]] = st.one_of(
    st.just({}),
    st.just({"deployment": ""}),
    st.just({"project": "somebody-elses", "team": "sales"}),
    st.sampled_from(["project", "deployment"]).map(lambda gone: {k: v for k, v in LEASED.items() if k != gone}),
    st.sampled_from(["project", "deployment"]).map(lambda gone: {k: v for k, v in KEPT.items() if k != gone}),
)
all_tags: st.SearchStrategy[dict[str, str] | Unknown] = st.one_of(
    st.just(UNKNOWN), st.just(LEASED), st.just(KEPT), damaged_tags
)


def judge(
    tags: dict[str, str] | Unknown,
    owner: StandingOwner,
    now: str,
    kind: ServingKind = PROVISIONED,
    *,
    name: str = NAME,
    ending: bool = False,
) -> Judgement:
    resource = Resource("arn:it", name, CREATED, tags)
    return standing.judge_standing(resource, kind, owner, TERMS, now, ending=ending)


NOBODY = StandingOwner(None, None)


@given(owners, kinds, names, moments)
def test_a_lease_is_never_ended_early_and_never_outlived(
    owner: StandingOwner, kind: ServingKind, name: str, now: str
) -> None:
    """Its tags go into the call that makes it: they alone decide, whatever became of whoever made it."""
    expected = Verdict.KEEP if now < ENDS else Verdict.END
    assert judge(LEASED, owner, now, kind, name=name).verdict is expected


@given(owners, kinds, names, moments)
def test_what_is_kept_stays_until_its_stack_goes(owner: StandingOwner, kind: ServingKind, name: str, now: str) -> None:
    assert judge(KEPT, owner, now, kind, name=name).verdict is Verdict.KEEP
    assert judge(KEPT, owner, now, kind, name=name, ending=True).verdict is Verdict.END
    assert judge(LEASED, owner, now, kind, name=name, ending=True).verdict is Verdict.END


@pytest.mark.parametrize("tagged_end", ["2099-01-01T00:00:00.000Z", "soon", ""])
@given(moments)
def test_no_lease_is_longer_than_the_environments_longest(tagged_end: str, now: str) -> None:
    """Whoever changes the tag, or loses it, cannot make it bill for ever."""
    tags = {**LEASED, "lease-ends-at": tagged_end}
    expected = Verdict.KEEP if now < LONGEST else Verdict.END
    assert judge(tags, NOBODY, now).verdict is expected


@given(owners, kinds, names, moments, st.booleans())
def test_what_its_tags_give_to_another_environment_is_never_touched(
    owner: StandingOwner, kind: ServingKind, name: str, now: str, ending: bool
) -> None:
    """`fine-tuning-eu` may serve customers with it."""
    for tags in (standing_tags("fine-tuning-eu", RUN, None), {"deployment": "fine-tuning-eu"}):
        assert judge(tags, owner, now, kind, name=name, ending=ending).verdict is Verdict.FOREIGN


@given(damaged_tags, kinds, names, moments, st.booleans())
def test_without_a_slot_and_a_claim_damaged_tags_prove_nothing(
    tags: dict[str, str], kind: ServingKind, name: str, now: str, ending: bool
) -> None:
    """A person's own may be named like anything."""
    assert judge(tags, NOBODY, now, kind, name=name, ending=ending).verdict is Verdict.FOREIGN


@given(all_tags, owners, kinds, names, moments)
def test_nothing_that_may_be_kept_is_ended(
    tags: dict[str, str] | Unknown, owner: StandingOwner, kind: ServingKind, name: str, now: str
) -> None:
    """Applications depend on it. What cannot be read may say that it is kept."""
    if judge(tags, owner, now, kind, name=name).verdict is not Verdict.END:
        return
    readable = {} if isinstance(tags, Unknown) else tags
    assert readable.get("kept") != "true"
    assert readable or not isinstance(tags, Unknown) or isinstance(owner.holder, Holder)
    assert "lease-ends-at" in readable or not (isinstance(owner.holder, Holder) and owner.holder.lease_ends_at == NEVER)
    assert now >= ENDS


@given(st.one_of(st.just(UNKNOWN), st.just({})), claims, moments)
def test_the_slot_says_until_when_where_the_tags_are_lost(
    tags: dict[str, str] | Unknown, claim: Claim | Unknown | None, now: str
) -> None:
    """A throughput holds one for as long as it exists."""
    leased, kept = StandingOwner(slot_until(ENDS), claim), StandingOwner(slot_until(None), claim)
    assert judge(tags, leased, now).verdict is (Verdict.KEEP if now < ENDS else Verdict.END)
    assert judge(tags, kept, now).verdict is Verdict.KEEP
    assert judge(tags, kept, now, ending=True).verdict is Verdict.END


@given(moments)
def test_without_its_slot_a_throughput_that_lost_its_tags_has_the_longest_lease(now: str) -> None:
    """Its name and the claim of the run say that it is ours; nothing says that it is kept."""
    lost = judge({}, StandingOwner(None, CLAIM), now)
    assert lost.verdict is (Verdict.KEEP if now < LONGEST else Verdict.END)
    # They may say that it is kept: a person has to look.
    unread = judge(UNKNOWN, StandingOwner(None, CLAIM), now)
    assert unread.verdict is (Verdict.KEEP if now < LONGEST else Verdict.UNDECIDED)


@given(st.one_of(st.just(UNKNOWN), st.just({})), claims, names, moments)
def test_a_deployment_without_tags_is_left_alone_while_the_stack_stays(
    tags: dict[str, str] | Unknown, claim: Claim | Unknown | None, name: str, now: str
) -> None:
    """It costs nothing by the hour, and applications may call it."""
    judgement = judge(tags, StandingOwner(None, claim), now, ON_DEMAND, name=name)
    assert judgement.verdict is not Verdict.END


@pytest.mark.parametrize("name", [NAME, CHAMPION, SUCCESSOR])
def test_the_end_of_the_stack_waits_for_tags_that_cannot_be_read(name: str) -> None:
    """They may say that it is another environment's, or ours: a deletion that fails and says so is better."""
    owner = StandingOwner(None, CLAIM if name == NAME else None)
    assert judge(UNKNOWN, owner, ENDS, ON_DEMAND, name=name, ending=True).verdict is Verdict.UNDECIDED


@given(moments, st.booleans())
def test_what_was_there_long_before_its_slot_is_somebody_elses(now: str, ending: bool) -> None:
    """The slot was taken for a purchase that Bedrock has refused for its name. Clocks may differ by minutes."""
    for hours, verdicts in ((1, {Verdict.FOREIGN}), (0.1, {Verdict.KEEP, Verdict.END})):
        owner = StandingOwner(slot_until(ENDS, later(CREATED, hours * 3600)), CLAIM)
        assert judge({}, owner, now, ending=ending).verdict in verdicts


@pytest.mark.parametrize("run", [RUN, "a-0123456789ab", "x" * 20 + "-0123456789ab"])
def test_its_name_is_told_from_all_names_of_runs(run: str) -> None:
    """The rules of runs would end it, since no execution has it; those of candidates would serve the wrong model."""
    name = standing_name("fine-tuning", run)
    assert run_of_standing_name("fine-tuning", name) == run
    assert standing.is_standing_name("fine-tuning", name)
    assert run_of_bedrock_name("fine-tuning", name) is None
    assert candidate_of_bedrock_name("fine-tuning", name) is None
    for others in (bedrock_name("fine-tuning", run), bedrock_name("fine-tuning", run, 3), f"fine-{name}", run):
        assert not standing.is_standing_name("fine-tuning", others)


@pytest.mark.parametrize(
    "name", ["fine-tuning-champion-3", "fine-tuning-eu-champion", "champion", "fine-tuning-", "fine-tuning--s", ""]
)
def test_no_other_name_is_a_standing_ones(name: str) -> None:
    assert not standing.is_standing_name("fine-tuning", name)


def test_a_slot_is_held_until_no_purchase_can_be_under_way() -> None:
    """Whoever took it may have been killed behind it, or just before the purchase's answer."""
    holder = slot_until(ENDS)
    assert not standing.may_release_standing(holder, later(CREATED, SETTLE_SECONDS - 1))
    assert standing.may_release_standing(holder, later(CREATED, SETTLE_SECONDS))


@given(st.sampled_from([None, 1, 2]), moments)
def test_its_slot_is_no_candidates(candidate: int | None, now: str) -> None:
    """A run must neither give it back nor fail by it."""
    holder = slot_until(ENDS)
    assert not holder.belongs_to(RUN, candidate)
    assert slots.find_stuck([holder], RUN, 1, now) is None
    assert standing.name_of_holder(TERMS.environment, holder) == NAME
    assert Holder.model_validate_json(holder.model_dump_json()) == holder
