"""What anyone may have checked: the proof of one line, or a signed head that was kept from before."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from audit import checkpoint, merkle, proof_file, proofs

_LARGEST = proof_file.LARGEST


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What came out. `fault` is what is wrong, in the words of the checker; the rest is empty then.

    `index` and `at` are of the proven line; of a signed head they are None.
    """

    size: int = 0
    newest_size: int = 0
    index: int | None = None
    at: datetime | None = None
    kind: str = ""
    says: tuple[tuple[str, str], ...] = ()
    witnesses: tuple[str, ...] = ()
    is_quorum: bool = (
        True  # as many witnesses as the policy asks for; none is enough when it asks for none
    )
    fault: str = ""


class CheckForm(forms.Form):
    """One of two: a file, or a text that was pasted."""

    bestand = forms.FileField(required=False)
    tekst = forms.CharField(required=False, max_length=_LARGEST, strip=False)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not cleaned.get("bestand") and not cleaned.get("tekst") and not self.errors:
            self.add_error("bestand", _("Choose a file, or paste the text."))
        return cleaned

    def finding(self) -> Finding:
        """Return what was found; only after `is_valid()`."""
        sent = self.cleaned_data["bestand"]
        content = _content(sent) if sent else self.cleaned_data["tekst"].encode()
        try:
            return _proof(content) if b'"format"' in content[:200] else _head(content)
        except (proof_file.ProofFileError, checkpoint.CheckpointError, merkle.ProofError) as error:
            return Finding(fault=str(error))
        except proofs.NotProvableError:
            return Finding(fault=str(_("Nothing of this log was signed yet.")))

    @property
    def error_list(self) -> list[tuple[str, str]]:
        return [(name, str(error)) for name, errors in self.errors.items() for error in errors]


def _content(sent: "UploadedFile[bytes]") -> bytes:
    content: bytes = sent.read(_LARGEST + 1)
    return content


def _proof(content: bytes) -> Finding:
    proven = proof_file.check(proof_file.read(content), verifier=proofs.signers())
    newest, witnessed = proofs.continues(proven.head), proofs.witnessed_by(proven.note)
    return Finding(
        size=proven.head.size,
        newest_size=newest.size,
        index=proven.index,
        at=proven.leaf.at,
        kind=proven.leaf.kind,
        says=tuple((name, str(value)) for name, value in sorted(proven.shown.items())),
        witnesses=witnessed.names,
        is_quorum=witnessed.is_met,
    )


def _head(content: bytes) -> Finding:
    # Windows puts another end to a line that is pasted; a signed head has one spelling.
    note = content.decode(errors="replace").replace("\r\n", "\n")
    older = proofs.signers().head_of(note)
    newest, witnessed = proofs.continues(older), proofs.witnessed_by(note)
    return Finding(
        size=older.size,
        newest_size=newest.size,
        witnesses=witnessed.names,
        is_quorum=witnessed.is_met,
    )
