"""Where the choices of a data subject stand, and what each question says."""

from collections.abc import Mapping
from datetime import datetime

from django.db.models import QuerySet

from accounts.models import DataSubject
from accounts.queries import parties_of
from audit import published
from consent.decision import Choice, standing_of, standing_of_purpose
from consent.models import ConsentRecord, CurrentConsent, Message
from consent.queries.confirmed import Confirmation, ConfirmedChoice
from consent.queries.register import (
    PurposeInRegister,
    Register,
    current_register,
    recipient_lines,
    said,
)
from consent.queries.sight import ALL, Sight
from consent.queries.values import (
    CategoryChoice,
    PurposeGroups,
    PurposeLine,
    PurposePage,
)
from consent.vocabulary import ConsentStatus, Standing

Current = Mapping[tuple[int, int], CurrentConsent]  # by (purpose id, category id)


def current_consents(subject: DataSubject) -> Current:
    """Return the latest choices of the data subject: one query."""
    return {
        (current.purpose_id, current.category_id): current
        for current in CurrentConsent.objects.filter(subject=subject)
    }


def standings(
    purpose: PurposeInRegister, *, register: Register, current: Current, at: datetime
) -> dict[str, Standing]:
    """Return where each category of the purpose stands at the moment `at`."""
    return {
        asked.slug: standing_of(
            choice=_choice(purpose, asked.slug, register=register, current=current),
            notice_number=purpose.notice.number,
            at=at,
        )
        for asked in purpose.categories
    }


def summed_up(purpose: PurposeInRegister, standing: Mapping[str, Standing]) -> Standing:
    """Return where the purpose as a whole stands."""
    return standing_of_purpose(
        required=[standing[asked.slug] for asked in purpose.categories if asked.is_required],
        optional=[standing[asked.slug] for asked in purpose.categories if not asked.is_required],
    )


def purposes_of(
    *, subject: DataSubject, language: str, at: datetime, sight: Sight = ALL
) -> PurposeGroups:
    """Return every purpose in four groups, by name within a group: never by what we would like."""
    register, current = current_register(), current_consents(subject)
    groups: dict[str, list[PurposeLine]] = {"open": [], "yes": [], "no": [], "without": []}
    for purpose in register.purposes.values():
        if not purpose.is_active or not sight.sees_purpose(purpose.slug):
            continue
        line = _line(purpose, register=register, current=current, language=language, at=at)
        groups[_group(purpose, line.standing)].append(line)
    by_name = {
        name: tuple(sorted(lines, key=lambda line: line.title.casefold()))
        for name, lines in groups.items()
    }
    return PurposeGroups(
        open=by_name["open"],
        yes=by_name["yes"],
        no=by_name["no"],
        without_consent=by_name["without"],
    )


def purpose_page(
    *, subject: DataSubject, purpose: str, language: str, at: datetime
) -> PurposePage | None:
    """Return all that a person should know about one purpose, or None when there is no such purpose."""
    register = current_register()
    found = register.purposes.get(purpose)
    if found is None or not found.is_active:
        return None
    current = current_consents(subject)
    texts = said(found.notice.texts, language)
    standing = standings(found, register=register, current=current, at=at)
    return PurposePage(
        slug=found.slug,
        icon=found.icon,
        title=texts["title"],
        question=texts.get("question", ""),
        benefit=texts["benefit"],
        yes_points=tuple(texts.get("yes_points", ())),
        no_points=tuple(texts.get("no_points", ())),
        which_data=texts["which_data"],
        not_data=texts["not_data"],
        retention=texts["retention"],
        recipients_sentence=texts["recipients"],
        recipients=recipient_lines(register, {recipient for recipient, _ in found.uses}, language),
        not_done=texts["not_done"],
        duration=texts.get("duration", ""),
        basis=texts["basis"],
        automated=texts["automated"],
        reason=texts.get("reason", ""),
        right=texts.get("right", ""),
        legal_basis=found.legal_basis,
        needs_consent=found.needs_consent,
        standing=summed_up(found, standing),
        choices=_choices(
            found, register=register, current=current, standing=standing, language=language
        )
        if found.needs_consent
        else (),
        notice_number=found.notice.number,
        published_at=found.notice.published_at,
    )


def confirmation(
    *, subject: DataSubject, purpose: str, number: str, language: str
) -> Confirmation | None:
    """Return what the data subject had chosen when the submission was saved; None for anyone else.

    Answers that did not change with this submission are shown as they stood at that moment.
    """
    saved = ConsentRecord.objects.filter(subject=subject, purpose__slug=purpose, submission=number)
    last = saved.select_related("notice_version").order_by("-id").first()
    if last is None:
        return None
    register = current_register()
    all_of_them = ConsentRecord.objects.filter(subject=subject, purpose_id=last.purpose_id)
    later = all_of_them.filter(id__gt=last.id)
    by_slug = _stood(all_of_them.filter(id__lte=last.id), register)
    texts = said(last.notice_version.texts, language)
    lines = {record.entry_uid for record in by_slug.values() if record.entry_uid}
    covered = published.covered(lines)
    mail = Message.objects.filter(submission=number).first()
    return Confirmation(
        number=number,
        purpose=purpose,
        title=texts["title"],
        recorded_at=last.recorded_at,
        notice_number=last.notice_version.number,
        is_mailed=mail is not None and not mail.is_given_up,
        is_sent=mail is not None and mail.sent_at is not None,
        is_superseded=later.exists(),
        channel=last.channel,
        is_by_desk=last.employee_uid is not None,
        representative=_representative(last),
        is_without_effect=_is_without_effect(register.purposes[purpose], by_slug),
        choices=tuple(
            ConfirmedChoice(
                question=texts["categories"].get(slug, {}).get("question", ""),
                title=register.category_title(slug, language),
                is_yes=record.status == ConsentStatus.GIVEN,
                status=record.status,
                until=record.valid_until,
                line=record.entry_uid if record.entry_uid in covered else None,
                is_waiting=record.entry_uid in lines - covered,
            )
            for slug, record in by_slug.items()
        ),
    )


def _stood(records: QuerySet[ConsentRecord], register: Register) -> dict[str, ConsentRecord]:
    """Return the last of these records per category."""
    slugs = {category.id: category.slug for category in register.categories.values()}
    return {slugs[record.category_id]: record for record in records.order_by("id")}


def _representative(record: ConsentRecord) -> str | None:
    if record.mandate_uid is None:
        return None
    return parties_of([record.mandate_uid]).get(record.mandate_uid, ("", ""))[1]


def _is_without_effect(purpose: PurposeInRegister, records: Mapping[str, ConsentRecord]) -> bool:
    """Return whether there is a yes, and a no to something that the purpose cannot do without."""
    given = {slug for slug, record in records.items() if record.status == ConsentStatus.GIVEN}
    required = {asked.slug for asked in purpose.categories if asked.is_required}
    return bool(given) and not required <= given


def _row(
    purpose: PurposeInRegister, category: str, *, register: Register, current: Current
) -> CurrentConsent | None:
    return current.get((purpose.id, register.categories[category].id))


def _choice(
    purpose: PurposeInRegister, category: str, *, register: Register, current: Current
) -> Choice | None:
    row = _row(purpose, category, register=register, current=current)
    return row.choice if row else None


def _line(
    purpose: PurposeInRegister,
    *,
    register: Register,
    current: Current,
    language: str,
    at: datetime,
) -> PurposeLine:
    texts = said(purpose.notice.texts, language)
    standing = standings(purpose, register=register, current=current, at=at)
    total = summed_up(purpose, standing)
    deciding = next(
        (
            row
            for asked in purpose.categories
            if standing[asked.slug] is total
            and (row := _row(purpose, asked.slug, register=register, current=current))
        ),
        None,
    )
    return PurposeLine(
        slug=purpose.slug,
        icon=purpose.icon,
        title=texts["title"],
        question=texts.get("question", ""),
        benefit=texts["benefit"],
        legal_basis=purpose.legal_basis,
        reason=texts.get("reason", ""),
        standing=total,
        since=deciding.recorded_at if deciding else None,
        until=deciding.valid_until if deciding else None,
    )


def _group(purpose: PurposeInRegister, standing: Standing) -> str:
    if not purpose.needs_consent:
        return "without"
    if standing is Standing.GIVEN:
        return "yes"
    return "no" if standing in {Standing.REFUSED, Standing.WITHDRAWN} else "open"


def _choices(
    purpose: PurposeInRegister,
    *,
    register: Register,
    current: Current,
    standing: Mapping[str, Standing],
    language: str,
) -> tuple[CategoryChoice, ...]:
    answers = {Standing.GIVEN: True, Standing.REFUSED: False, Standing.WITHDRAWN: False}
    texts = said(purpose.notice.texts, language)
    choices = []
    for asked in purpose.categories:
        row = _row(purpose, asked.slug, register=register, current=current)
        words = texts["categories"][asked.slug]
        choices.append(
            CategoryChoice(
                slug=asked.slug,
                title=register.category_title(asked.slug, language),
                question=words["question"],
                hint=words["hint"],
                is_required=asked.is_required,
                standing=standing[asked.slug],
                current=answers.get(standing[asked.slug]),
                since=row.recorded_at if row else None,
                until=row.valid_until if row else None,
            )
        )
    return tuple(choices)
