"""Give each PostgreSQL role what `config.database_roles` says, and nothing else."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import ProgrammingError, connection, transaction

from config import database_roles

_ADVICE = (
    "Run this as the owner of the tables, with the right to make roles (CREATEROLE); or let an administrator "
    "run what --print writes."
)
# Whoever is not gets a warning at most, and no right is given or taken.
_OWNED = (
    "SELECT bool_and(pg_has_role(relowner, 'USAGE')) FROM pg_class WHERE oid = ANY(%s::regclass[])"
)


class Command(BaseCommand):
    help = (
        "Makes the PostgreSQL roles regie_app, regie_integrator, regie_publisher, regie_eraser and regie_reader, "
        "without a log-in or a password, and gives each its rights on every table. Run it as the owner of the "
        "tables, after each migrate."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--print",
            action="store_true",
            dest="is_printed",
            help="only write the SQL, for an administrator to run: ... | psql --single-transaction",
        )

    def handle(self, *, is_printed: bool, **_options: Any) -> None:
        if is_printed:
            self.stdout.write("".join(f"{one};\n" for one in database_roles.statements()))
            return
        if connection.vendor != "postgresql":
            self.stdout.write("This database has no roles: whoever can read the file can do all.")
            return
        if unknown := database_roles.undecided(connection.introspection.table_names()):
            raise CommandError(
                f"Nobody decided who may use {', '.join(unknown)}. Nothing was changed. A table of Regie "
                "stands in config/database_roles.py; one of others belongs in a database of its own."
            )
        if not _is_owner():
            raise CommandError(f"You do not own the tables. Nothing was changed. {_ADVICE}")
        try:
            self._grant()
        except ProgrammingError as error:
            what = str(error).splitlines()[0]
            raise CommandError(f"{what}. Nothing was changed. {_ADVICE}") from error
        self.stdout.write("Every role has exactly the rights that it needs.")

    @transaction.atomic
    def _grant(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(";\n".join(database_roles.statements()))


def _is_owner() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(_OWNED, [list(database_roles.GRANTS)])
        (is_owner,) = cursor.fetchone()
    return bool(is_owner)
