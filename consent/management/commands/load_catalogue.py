"""Load a catalogue file into this installation."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from consent.catalogue import CatalogueError, read_catalogue
from consent.operations.catalogue import Change, LoadReport, PurposeChange, load_catalogue

_SAID = {
    Change.ADDED: "new, with notice version {number}",
    Change.STOPPED: "stopped: it is no longer in the catalogue; its choices stay in the file",
    Change.RESUMED: "asked again from now on, with notice version {number}",
    Change.NEW_NOTICE: "new notice version {number}",
    Change.UPDATED: "brought up to date; notice version {number} stays",
    Change.UNCHANGED: "unchanged (notice version {number})",
}


class Command(BaseCommand):
    help = (
        "Load a catalogue: the register of your organisation and its texts (see docs/catalogue.md). "
        "When something is wrong, every fault is named and nothing changes."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="the catalogue, a YAML file")
        parser.add_argument(
            "--check", action="store_true", help="only look for faults in the file; load nothing"
        )

    def handle(self, *, file: Path, check: bool, **_: Any) -> None:
        try:
            catalogue = read_catalogue(file)
            if check:
                self.stdout.write(f"{file.name}: no faults in {len(catalogue.purposes)} purposes.")
                return
            report = load_catalogue(catalogue=catalogue, at=timezone.now())
        except CatalogueError as error:
            raise CommandError(_faults(error)) from error
        self._tell(report)

    def _tell(self, report: LoadReport) -> None:
        for purpose in report.purposes:
            self.stdout.write(f"{purpose.slug}: {_said(purpose)}")
        if report.register:
            self.stdout.write(f"Also new or changed: {', '.join(report.register)}.")
        if not report.is_changed:
            self.stdout.write("Nothing changed: this catalogue was loaded before.")


def _said(purpose: PurposeChange) -> str:
    said = _SAID[purpose.change].format(number=purpose.notice_number)
    return f"{said}; everyone who said yes is asked again" if purpose.asks_again else said


def _faults(error: CatalogueError) -> str:
    count = len(error.faults)
    title = f"{count} fault{'' if count == 1 else 's'} in the catalogue; nothing changed."
    return "\n".join([title, *(str(fault) for fault in error.faults)])
