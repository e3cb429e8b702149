"""The table of rights: every party and action, and that no set of facts gives the office a choice of a customer."""

from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts import policy
from accounts.errors import NotAllowedError
from accounts.policy import Action, Actor, Mandated, Opened, Reason, Target
from accounts.vocabulary import Party, Permission

ANNA, BRAM = UUID(int=1), UUID(int=2)
ABOUT_ANNA = Target(subject_id=ANNA)
PEOPLE = {Action.READ_DATA, Action.GIVE, Action.WITHDRAW, Action.EXPORT, Action.KEEP_OWN}
CHOICES = (Action.GIVE, Action.WITHDRAW)
EVERYTHING = frozenset(Permission)


def mandated(*permissions: Permission, subject_id: UUID = ANNA, **limits: frozenset[str]) -> Actor:
    mandate = Mandated(
        id=uuid4(), subject_id=subject_id, permissions=frozenset(permissions), **limits
    )
    return Actor(party=Party.REPRESENTATIVE, subject_id=BRAM, mandate=mandate)


def may(actor: Actor, target: Target = ABOUT_ANNA) -> set[Action]:
    return {action for action in Action if policy.can(actor, action, target).permitted}


class TestTable:
    def test_gives_a_person_himself_and_nobody_else(self) -> None:
        assert may(policy.customer(ANNA)) == PEOPLE
        assert may(policy.customer(BRAM)) == set()
        assert may(Actor(party=Party.CUSTOMER)) == set()
        assert may(Actor(party=Party.CUSTOMER), Target()) == set()

    def test_gives_a_representative_what_the_mandate_says(self) -> None:
        assert may(mandated(Permission.VIEW)) == {Action.READ_DATA}
        assert may(mandated(Permission.VIEW, Permission.WITHDRAW)) == {
            *(Action.READ_DATA, Action.WITHDRAW)
        }
        assert may(mandated(*EVERYTHING)) == PEOPLE - {Action.KEEP_OWN}

    def test_gives_a_representative_nothing_of_others_and_not_himself(self) -> None:
        assert may(mandated(*EVERYTHING, subject_id=BRAM)) == set()
        assert may(mandated(*EVERYTHING), Target(subject_id=BRAM)) == set()
        assert may(Actor(party=Party.REPRESENTATIVE, subject_id=ANNA)) == set()

    def test_gives_the_desk_the_one_customer_who_is_open(self) -> None:
        opened = Opened(id=uuid4(), subject_id=ANNA)
        desk = Actor(party=Party.DESK, opened=opened)

        assert may(desk) == {Action.OPEN_CUSTOMER, Action.READ_DATA, *CHOICES}
        assert may(desk, Target(subject_id=BRAM)) == {Action.OPEN_CUSTOMER}
        assert may(Actor(party=Party.DESK)) == {Action.OPEN_CUSTOMER}

    def test_gives_an_officer_the_log_and_an_administrator_no_person(self) -> None:
        assert may(Actor(party=Party.OFFICER)) == {
            *(Action.READ_LOG, Action.EXPORT_LOG, Action.VERIFY_LOG, Action.RECORD_MANDATE)
        }
        assert may(Actor(party=Party.ADMIN)) == {Action.CONFIGURE}

    def test_gives_a_service_its_scopes_and_purposes(self) -> None:
        service = Actor(
            party=Party.SERVICE,
            scopes=frozenset({"consent:check"}),
            purposes=frozenset({"lekwaarschuwing"}),
        )

        assert may(service) == set()
        assert may(service, Target(scope="consent:check")) == {Action.CALL_API}
        assert may(service, Target(purpose="lekwaarschuwing")) == {Action.ASK}
        assert may(service, Target(scope="other", purpose="other")) == set()

    def test_gives_nobody_nothing_and_the_system_a_recount(self) -> None:
        assert may(policy.NOBODY) == set()
        assert may(Actor(party=Party.SYSTEM)) == {Action.VERIFY_LOG}


class TestReason:
    @pytest.mark.parametrize(
        ("actor", "action", "reason"),
        [
            (policy.NOBODY, Action.READ_DATA, Reason.NOT_LOGGED_IN),
            (policy.customer(BRAM), Action.READ_DATA, Reason.NOT_YOURS),
            (policy.customer(ANNA), Action.READ_LOG, Reason.NOT_FOR_THIS_ROLE),
            (mandated(Permission.VIEW), Action.GIVE, Reason.OUTSIDE_MANDATE),
            (policy.customer(ANNA), Action.READ_DATA, Reason.ALLOWED),
        ],
    )
    def test_says_which_rule_it_was(self, actor: Actor, action: Action, reason: Reason) -> None:
        assert policy.can(actor, action, ABOUT_ANNA).reason is reason

    def test_stops_whoever_may_not(self) -> None:
        policy.check(policy.customer(ANNA), Action.GIVE, ABOUT_ANNA)

        with pytest.raises(NotAllowedError) as refused:
            policy.check(policy.customer(BRAM), Action.GIVE, ABOUT_ANNA)
        assert refused.value.reason == "not-yours"


class TestLimits:
    def test_of_purposes(self) -> None:
        actor = mandated(*EVERYTHING, purposes=frozenset({"a"}))

        assert policy.can(actor, Action.GIVE, about("a")).permitted
        assert not policy.can(actor, Action.GIVE, about("b")).permitted

    def test_of_categories(self) -> None:
        actor = mandated(*EVERYTHING, categories=frozenset({"x", "y"}))

        assert policy.can(actor, Action.GIVE, about("a", "x")).permitted
        assert not policy.can(actor, Action.GIVE, about("a", "x", "z")).permitted


def about(purpose: str, *categories: str) -> Target:
    return Target(subject_id=ANNA, purpose=purpose, categories=frozenset(categories))


SUBJECTS = st.sampled_from([ANNA, BRAM])
SLUGS = st.frozensets(st.sampled_from(["a", "b", "c"]))
MANDATES = st.none() | st.builds(
    Mandated,
    id=st.uuids(),
    subject_id=SUBJECTS,
    permissions=st.frozensets(st.sampled_from(Permission)),
    purposes=SLUGS,
    categories=SLUGS,
)
ACTORS = st.builds(
    Actor,
    party=st.sampled_from(Party),
    user_id=st.none() | st.uuids(),
    subject_id=st.none() | SUBJECTS,
    mandate=MANDATES,
    opened=st.none() | st.builds(Opened, id=st.uuids(), subject_id=SUBJECTS),
    scopes=SLUGS,
    purposes=SLUGS,
)
TARGETS = st.builds(
    Target,
    subject_id=st.none() | SUBJECTS,
    purpose=st.sampled_from(["", "a", "b", "c"]),
    categories=SLUGS,
    scope=st.sampled_from(["", "a"]),
)


class TestWhateverTheFacts:
    @given(actor=ACTORS, target=TARGETS)
    def test_only_a_person_a_mandate_or_an_open_desk_makes_a_choice(
        self, actor: Actor, target: Target
    ) -> None:
        for action in CHOICES:
            if not policy.can(actor, action, target).permitted:
                continue
            assert target.subject_id is not None
            assert actor.party in {Party.CUSTOMER, Party.REPRESENTATIVE, Party.DESK}
            assert target.subject_id == whose(actor)

    @given(actor=ACTORS, target=TARGETS)
    def test_no_officer_administrator_service_or_task_ever_writes_or_reads_a_person(
        self, actor: Actor, target: Target
    ) -> None:
        if actor.party in {Party.OFFICER, Party.ADMIN, Party.SERVICE, Party.SYSTEM, Party.NOBODY}:
            assert not may(actor, target) & PEOPLE

    @given(actor=ACTORS, target=TARGETS)
    def test_nobody_but_the_person_touches_a_login_or_a_mandate(
        self, actor: Actor, target: Target
    ) -> None:
        if policy.can(actor, Action.KEEP_OWN, target).permitted:
            assert (actor.party, actor.subject_id) == (Party.CUSTOMER, target.subject_id)


def whose(actor: Actor) -> UUID | None:
    if actor.party is Party.REPRESENTATIVE:
        return actor.mandate.subject_id if actor.mandate else None
    if actor.party is Party.DESK:
        return actor.opened.subject_id if actor.opened else None
    return actor.subject_id
