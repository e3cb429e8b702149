"""A person is erased (GDPR art. 17): in every table, in the words of the log, and for nobody else."""

import json
import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.apps import apps
from django.core import mail
from django.core.management import CommandError, call_command
from django.db import models, transaction
from django.test import Client
from pytest_django import Settings

from accounts import operations as accounts
from accounts import throttle
from accounts.identity import login_index, name_of, reference_index, reference_of
from accounts.mandate_rules import Limits
from accounts.models import DataSubject, RecoveryCode, Role, ServiceClient, User
from accounts.notice_kinds import NoticeKind
from accounts.queries import subject_by_reference
from accounts.vocabulary import Evidence, MandateKind, OpeningReason
from audit import erasure_journal, keyring
from audit import operations as log
from audit import queries as log_queries
from audit.events import EventKind
from audit.models import Erasure, Key, LogEntry
from consent import operations
from consent.models import ConsentRecord, CurrentConsent, DataCategory, HeldItem, Job, Purpose
from consent.operations.erasure import announce_erasure, erase_subject, replay_erasures
from consent.queries.holdings import held_context
from consent.vocabulary import JobKind, Reason
from tests import factories
from tests.accounts.passkey_steps import give_passkey
from tests.accounts.steps import enrol, give_password, user_of
from tests.consent.test_access import ask
from tests.factories import NOW
from tests.visitors import client_of

pytestmark = pytest.mark.django_db

REFERENCE, EMAIL, NAME, HELD = "VW-0000001", "anna@voorbeeld.example", "A. Jansen", "0612345678"
NOTE = "Vraag over de rekening"
ERASE = ["erase_subject", REFERENCE, "--request=AVG-1"]

# What erasure does with each table. A new one belongs in one of these, and whoever adds it decides;
# so does whoever adds a column to a table that leads to a person.
REMOVED = {
    "accounts.User": "password last_login id key login_index email_sealed role language is_active created_at",
    "accounts.TotpDevice": "id user name confirmed throttling_failure_timestamp throttling_failure_count"
    " created_at last_used_at secret_sealed last_step",
    "accounts.RecoveryDevice": "id user name confirmed throttling_failure_timestamp throttling_failure_count"
    " created_at last_used_at",
    "accounts.RecoveryCode": "id device lookup used_at",
    "accounts.Passkey": "id user name confirmed created_at last_used_at credential_type credential_id public_key"
    " transports sign_count backup_eligible backup_state aaguid credential_id_sha256 discoverable public_id name_sealed",
    "django_otp_webauthn.WebAuthnUserHandle": "handle_hex user",
    "accounts.Notice": "id user key kind facts_sealed language created_at sent_at attempts next_try_at",
    "consent.HeldItem": "id subject item value_sealed source obtained_on",
    "consent.DismissedQuestion": "id subject notice_version",
    "consent.Message": "id subject submission language created_at sent_at attempts next_try_at",
    "consent.CurrentConsent": "id subject purpose category record status valid_until notice_number recorded_at",
    "accounts.DeskOpening": "id employee subject reason opened_at open_until closed_at",
    "accounts.Mandate": "id represented representative kind source permissions purposes categories evidence recorded_by"
    " meant_index code_index code_until created_at valid_from valid_until accepted_at revoked_at revoked_by",
    "accounts.UserSession": "key public_id user role browser data created_at last_seen_at expires_at",
    "accounts.ThrottleCounter": "id key window_start count",
    "consent.Job": "id kind arguments fingerprint asked_by state attempt lease_until nudge_at done total checkpoint"
    " result result_size fault created_at started_at started_with finished_at expires_at",
}
EMPTIED = {
    "accounts.DataSubject": "id user key reference_index reference_sealed name_sealed erased_at",
    "audit.Key": "id kind owner_id month master_key_id wrapped created_at destroyed_at",
    "audit.Payload": "entry subject_key subject_part organisation_key organisation_part"
    " purpose data_category recipient outcome",
}
NAMES_NOBODY = {
    "consent.ConsentRecord": "id reference submission subject purpose category notice_version language status"
    " channel recorded_at valid_until entry_uid mandate_uid employee_uid",
    "audit.LogEntry": "id uid leaf kind at actor",
    "audit.Erasure": "key kind at entry request entries",
    "audit.PendingEntry": "entry",
    "audit.Leaf": "index entry hash",
    "audit.LogKey": "id vkey from_size to_size entry",
}
# Tables of a package that Regie does not use: a passkey is an accounts.Passkey.
STAYS_EMPTY = {
    "django_otp_webauthn.WebAuthnCredential",
    "django_otp_webauthn.WebAuthnAttestation",
}
NOT_ABOUT_PEOPLE = {
    "accounts.Recipient", "accounts.ServiceClient", "accounts.ClientKey", "accounts.UsedAssertion",
    "accounts.ClientAllowance",
    "audit.Tile", "audit.LogHead", "audit.Checkpoint", "audit.Cosignature", "audit.WitnessRefusal",
    "audit.VerificationRun",
    "consent.Organisation", "consent.Source", "consent.DataCategory", "consent.DataItem", "consent.Purpose",
    "consent.PurposeCategory", "consent.Processing", "consent.NoticeVersion",
    "contenttypes.ContentType", "auth.Permission", "auth.Group", "auth.Group_permissions",
}  # fmt: skip
LEADS_TO_A_PERSON = REMOVED | EMPTIED | NAMES_NOBODY


@pytest.fixture
def full(  # noqa: PLR0917
    anna: DataSubject, bram: DataSubject, leak_warning: Purpose, usage: DataCategory,
    lekdetectie: ServiceClient, carla: User,
) -> DataSubject:  # fmt: skip
    """Anna and Bram have a row in every table that leads to a person."""
    item = factories.make_item(usage, "phone")
    diana = factories.make_subject("VW-0000003", name="D. Post")
    desk = factories.make_user("desk@vechtwater.example", role=Role.DESK)
    for subject in (anna, bram):
        user = user_of(subject)
        enrol(user)
        give_passkey(user, name=NAME)
        client_of(user)
        accounts.notify(user=user, kind=NoticeKind.PASSWORD_CHANGED, at=NOW)
        held = HeldItem(subject=subject, item=item, source=item.source, obtained_on=NOW.date())
        held.value_sealed = keyring.seal(
            key=subject.key, plaintext=HELD.encode(), context=held_context(held.id)
        )
        held.save()
        for household in (True, False):
            operations.record_choices(
                subject=subject, purpose="lekwaarschuwing", notice_number=1, language="nl", at=NOW,
                choices={"usage": True, "household": household},
            )  # fmt: skip
        operations.dismiss_question(subject=subject, purpose="lekwaarschuwing", notice_number=1)
        Job.objects.create(
            kind=JobKind.LOG_EXPORT,
            arguments={"contents": "table", "filter": {"subject": str(subject.pk)}},
            fingerprint=str(subject.pk),
            created_at=NOW,
        )
        throttle.count(limit=throttle.PASSWORDS_PER_ACCOUNT, value=user.login_index, at=NOW)
        accounts.record_legal_mandate(
            officer=carla, represented=diana, representative=subject, kind=MandateKind.CURATOR,
            evidence=Evidence.COURT_ORDER, limits=Limits(), until=None, at=NOW,
        )  # fmt: skip
        accounts.open_customer(
            employee=desk, reference=reference_of(subject), reason=OpeningReason.CALLED, note=NOTE, at=NOW
        )  # fmt: skip
    give_password(Client())  # a log-in of Anna that is halfway
    assert ask(lekdetectie).decision.permitted
    log.settle(at=NOW)
    return anna


def erase(subject: DataSubject, request: str = "AVG-1") -> dict[str, int]:
    return dict(erase_subject(subject_id=subject.pk, request=request, at=NOW))


def label_of(model: type[models.Model]) -> str:
    return model._meta.label


EVERY_MODEL = apps.get_models(include_auto_created=True)


class TestEveryTable:
    @pytest.mark.parametrize("model", EVERY_MODEL, ids=label_of)
    def test_has_an_answer_to_an_erasure(self, model: type[models.Model]) -> None:
        named = [
            part
            for part in (*REMOVED, *EMPTIED, *NAMES_NOBODY, *STAYS_EMPTY, *NOT_ABOUT_PEOPLE)
            if part == label_of(model)
        ]

        assert len(named) == 1, f"Decide what erasure does with {label_of(model)}, in this file."

    @pytest.mark.parametrize("model", EVERY_MODEL, ids=label_of)
    def test_has_no_column_that_nobody_thought_of(self, model: type[models.Model]) -> None:
        columns = {field.name for field in model._meta.get_fields() if field.concrete}
        if label_of(model) in LEADS_TO_A_PERSON:
            assert columns == set(LEADS_TO_A_PERSON[label_of(model)].split())
            return
        if label_of(model) in STAYS_EMPTY:
            return
        related = [
            field.related_model for field in model._meta.concrete_fields if field.is_relation
        ]
        leads = {one._meta.label for one in related if isinstance(one, type)}
        assert not leads & LEADS_TO_A_PERSON.keys(), f"{label_of(model)} leads to a person"


def cells() -> Iterator[tuple[str, bytes]]:
    """Return every value in the database with the name of its column, as bytes."""
    for model in EVERY_MODEL:
        for row in model._default_manager.values():
            for name, value in row.items():
                yield f"{label_of(model)}.{name}", as_bytes(value)


def as_bytes(value: Any) -> bytes:
    match value:
        case bytes() | memoryview():
            return bytes(value)
        case dict() | list():
            return json.dumps(value).encode()
        case _:
            return str(value).encode()


def places_of(*texts: str | bytes | UUID) -> set[str]:
    wanted = [as_bytes(text) for text in texts]
    return {name for name, cell in cells() if any(text in cell for text in wanted)}


class TestErasure:
    def test_leaves_nothing_of_the_person_in_any_table(self, full: DataSubject) -> None:
        user = user_of(full)
        codes = RecoveryCode.objects.filter(device__user=user)
        keys = [bytes(key.wrapped or b"") for key in (full.key, user.key)]
        secret: list[str | bytes | UUID] = [
            *keys,
            *(str(user.pk), user.login_index, full.reference_index),
            *(bytes(full.name_sealed), bytes(full.reference_sealed), bytes(user.email_sealed)),
            *codes.values_list("lookup", flat=True),
            *(bytes(one.credential_id) for one in user.passkey_set.all()),
            user.webauthn_user_handle.handle_hex,
            *(bytes(item.value_sealed) for item in full.held_items.all()),
        ]
        before = places_of(*secret)
        sealed = places_of(NAME, EMAIL, REFERENCE, HELD, NOTE)

        gone = erase(full)

        assert before >= {"accounts.User.id", "accounts.RecoveryCode.lookup", "audit.Key.wrapped"}
        assert sealed == places_of(NAME, EMAIL, REFERENCE, HELD) == set()
        # The id of the user stands beside its destroyed key, and leads nowhere from there.
        assert places_of(*secret) == {"audit.Key.owner_id"}
        assert places_of(str(full.pk)) == {
            *("accounts.DataSubject.id", "audit.Key.owner_id", "consent.ConsentRecord.subject_id")
        }
        assert gone == {
            "currentConsents": 2, "dismissedQuestions": 1, "heldItems": 1, "messages": 2, "jobs": 1,
            "logins": 1, "sessions": 2, "mandates": 1, "keys": 2, "entries": 8,
        }  # fmt: skip

    @pytest.mark.parametrize("label", sorted(STAYS_EMPTY))
    def test_need_not_look_at_what_stays_empty(self, full: DataSubject, label: str) -> None:
        assert not apps.get_model(label)._default_manager.exists()

    def test_leaves_everything_of_everyone_else(self, full: DataSubject, bram: DataSubject) -> None:
        erase(full)

        bram.refresh_from_db()
        assert name_of(bram) == "de heer B. Bakker"
        for label in REMOVED:
            assert apps.get_model(label)._default_manager.exists(), label
        assert {item.subject_id for item in HeldItem.objects.all()} == {bram.pk}
        assert CurrentConsent.objects.filter(subject=bram).count() == 2

    def test_removes_the_files_of_exports_about_this_person_alone(
        self,
        full: DataSubject,
        tmp_path: Path,
        settings: Settings,
        django_capture_on_commit_callbacks: Callable[..., AbstractContextManager[Any]],
    ) -> None:
        settings.EXPORTS_DIR = tmp_path
        for job in Job.objects.all():
            (tmp_path / f"{job.pk}.1").mkdir()

        with django_capture_on_commit_callbacks(execute=True):
            erase(full)

        assert [path.name for path in tmp_path.iterdir()] == [f"{Job.objects.get().pk}.1"]

    def test_leaves_a_log_that_is_whole(self, full: DataSubject) -> None:
        erase(full)
        log.settle(at=NOW)

        run = log.verify(at=NOW, clock=lambda: NOW)

        assert run.first_fault == ""

    def test_is_a_line_that_counts_and_names_nobody(self, full: DataSubject) -> None:
        gone = erase(full)

        kept = log_queries.EntryFilter(kind=EventKind.SUBJECT_ERASED)
        (line,) = log_queries.entries(filter=kept, before=None, limit=9)
        assert line.internal == {"request": "AVG-1", "gone": gone}
        assert (line.subject_id, line.shown) == (None, {})
        assert set(Erasure.objects.values_list("request", flat=True)) == {"AVG-1"}
        assert sum(erasure.entries or 0 for erasure in Erasure.objects.all()) == gone["entries"]

    def test_keeps_what_was_chosen_without_who_chose(self, full: DataSubject) -> None:
        before = list(ConsentRecord.objects.order_by("pk").values())

        erase(full)

        assert list(ConsentRecord.objects.order_by("pk").values()) == before
        full.refresh_from_db()
        assert (full.user, bytes(full.name_sealed), full.erased_at) == (None, b"", NOW)
        with pytest.raises(keyring.KeyDestroyedError):
            name_of(full)

    def test_does_nothing_the_second_time(self, full: DataSubject) -> None:
        erase(full)
        entries = LogEntry.objects.count()

        assert erase(full) == {}
        assert (LogEntry.objects.count(), Erasure.objects.count()) == (entries, 2)

    def test_of_somebody_without_a_login_is_the_same(self, db: None) -> None:
        subject = factories.make_subject()

        assert announce_erasure(subject=subject, request="AVG-1") is False
        assert erase(subject)["keys"] == 1
        assert subject_by_reference(REFERENCE) is None

    def test_makes_a_service_hear_what_it_hears_of_a_stranger(
        self, full: DataSubject, lekdetectie: ServiceClient
    ) -> None:
        erase(full)

        assert ask(lekdetectie) == ask(lekdetectie, "VW-9")
        assert ask(lekdetectie).decision.reason is Reason.CONSENT_MISSING

    def test_makes_room_for_the_same_customer_number_with_a_new_key(
        self, full: DataSubject
    ) -> None:
        erase(full)
        again = accounts.add_customer(
            email=EMAIL, password=factories.PASSWORD, reference=REFERENCE, name=NAME, at=NOW
        )

        assert again.pk != full.pk
        assert again.key_id not in Erasure.objects.values_list("key_id", flat=True)
        assert (again.reference_index, user_of(again).login_index) == (
            reference_index(REFERENCE),
            login_index(EMAIL),
        )

    def test_ends_what_the_person_was_doing(self, full: DataSubject) -> None:
        browser = client_of(user_of(full))
        assert browser.get("/mijn-gegevens/").status_code == 200

        erase(full)

        assert browser.get("/mijn-gegevens/").status_code == 302
        with pytest.raises(DataSubject.DoesNotExist):  # a request that began before
            operations.record_choices(
                subject=full, purpose="lekwaarschuwing", notice_number=1, language="nl", at=NOW,
                choices={"usage": True, "household": True},
            )  # fmt: skip
        assert ConsentRecord.objects.filter(subject=full).count() == 3

    def test_shows_an_officer_that_lines_were_erased_and_not_whose(
        self, full: DataSubject, carla: User
    ) -> None:
        officer = client_of(carla)
        before = officer.get("/kantoor/logboek/").context["page"].lines

        erase(full)
        after = officer.get("/kantoor/logboek/")

        assert not any(line.is_erased for line in before)
        erased = [line for line in after.context["page"].lines if line.is_erased]
        assert [(line.data_subject, line.category) for line in erased] == [("", "")] * 8
        assert after.text.count('<span class="tag">gewist</span>') == 8

    def test_happens_whole_or_not_at_all(self, full: DataSubject) -> None:
        with transaction.atomic():
            erase(full)
            transaction.set_rollback(True)

        full.refresh_from_db()
        keyring.forget_all()
        assert name_of(full).endswith(NAME)
        assert user_of(full).is_active


def run(*arguments: str) -> str:
    out = StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


class TestCommand:
    def test_tells_the_person_and_says_what_went(self, full: DataSubject) -> None:
        said = run(*ERASE, "--yes")

        assert said.startswith("Erased: currentConsents 2, dismissedQuestions 1, entries 8")
        assert "A last e-mail was sent." in said
        (sent,) = mail.outbox
        assert (sent.to, sent.subject) == ([EMAIL], "Wij wissen uw gegevens")
        for part in ("mevrouw A. Jansen", "AVG-1", "Binnen 30 dagen", "0800 1234"):
            assert part in sent.body

    def test_writes_in_the_language_of_the_person(self, full: DataSubject) -> None:
        User.objects.filter(pk=user_of(full).pk).update(language="en")

        run(*ERASE, "--yes")

        assert mail.outbox[0].subject == "We erase your data"

    def test_asks_for_the_number_again(
        self, full: DataSubject, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("sys.stdin", Terminal("VW-2\n"))
        with pytest.raises(CommandError, match="that is another customer number"):
            run(*ERASE)
        monkeypatch.setattr("sys.stdin", StringIO(""))
        with pytest.raises(CommandError, match="Add --yes"):
            run(*ERASE)
        assert subject_by_reference(REFERENCE)
        assert not mail.outbox

        monkeypatch.setattr("sys.stdin", Terminal("vw-0000001\n"))
        assert "Erased" in run(*ERASE)

    def test_says_the_second_time_that_it_was_done(self, full: DataSubject) -> None:
        run(*ERASE, "--yes")

        assert run(*ERASE, "--yes").startswith("Nothing to do: request AVG-1 was carried out on 20")
        with pytest.raises(CommandError, match="nothing was done for this request"):
            run("erase_subject", REFERENCE, "--request=AVG-2", "--yes")

    @pytest.mark.parametrize("request_", ["", "VW-0000001", "AVG vw-0000001", "a@b.nl", "x" * 65])
    def test_refuses_a_request_that_could_name_a_person(
        self, full: DataSubject, request_: str
    ) -> None:
        with pytest.raises(CommandError, match=r"not the number of a request|Leave the customer"):
            run("erase_subject", REFERENCE, f"--request={request_}", "--yes")
        assert subject_by_reference(REFERENCE)

    def test_erases_nothing_when_the_person_cannot_be_told(
        self, full: DataSubject, settings: Settings
    ) -> None:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            settings.EMAIL_HOST, settings.EMAIL_PORT = probe.getsockname()
        with pytest.raises(CommandError, match=r"could not be mailed \(ConnectionRefusedError"):
            run(*ERASE, "--yes")
        assert subject_by_reference(REFERENCE)

        assert "Nobody was mailed." in run(*ERASE, "--yes", "--no-mail")
        assert not subject_by_reference(REFERENCE)

    def test_erases_nothing_that_cannot_be_remembered(
        self, full: DataSubject, settings: Settings, tmp_path: Path
    ) -> None:
        settings.ERASURE_JOURNAL = tmp_path

        with pytest.raises(CommandError, match=r"Nothing was erased\. The journal"):
            run(*ERASE, "--yes")
        assert subject_by_reference(REFERENCE)


class TestReplay:
    """A backup brings people back; the journal, which is not in it, sends them away again."""

    @pytest.fixture(autouse=True)
    def _journal(self, settings: Settings, tmp_path: Path) -> None:
        settings.ERASURE_JOURNAL = tmp_path / "erasures"

    def restore(self, full: DataSubject) -> None:
        """Leave what a backup of before the erasure leaves."""
        with transaction.atomic():
            erase(full)
            log.destroy_key(key=keyring.living_key(owner_id=UUID(int=9), at=NOW), at=NOW)
            transaction.set_rollback(True)
        keyring.forget_all()

    def test_erases_again_whoever_came_back(self, full: DataSubject) -> None:
        self.restore(full)
        assert [request for _, request in erasure_journal.undone()] == ["AVG-1", "AVG-1"]

        assert run("replay_erasures") == "Destroyed again: 2 keys.\n"

        assert subject_by_reference(REFERENCE) is None
        assert list(erasure_journal.undone()) == []
        assert not HeldItem.objects.filter(subject=full).exists()
        log.settle(at=NOW)
        assert log.verify(at=NOW, clock=lambda: NOW).first_fault == ""

    def test_destroys_a_key_that_is_nobodys(self, full: DataSubject) -> None:
        key = keyring.living_key(owner_id=UUID(int=9), at=NOW)
        with transaction.atomic():
            log.destroy_key(key=key, at=NOW)
            transaction.set_rollback(True)

        assert replay_erasures(at=NOW) == 1
        assert Key.objects.get(pk=key.pk).destroyed_at == NOW

    def test_does_nothing_when_nobody_came_back(self, full: DataSubject) -> None:
        erase(full)

        assert run("replay_erasures") == "Nobody came back: nothing to erase.\n"

    def test_stops_at_a_journal_that_was_changed(
        self, full: DataSubject, settings: Settings
    ) -> None:
        settings.ERASURE_JOURNAL.write_text("changed\n")

        with pytest.raises(CommandError, match="not a journal of erasures"):
            run("replay_erasures")
