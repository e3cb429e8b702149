import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0005_client_allowance"),
    ]

    operations = [
        migrations.CreateModel(
            name="DeskOpening",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "reason",
                    models.CharField(
                        choices=[
                            ("called", "called"),
                            ("at-the-counter", "at-the-counter"),
                            ("wrote", "wrote"),
                            ("complaint", "complaint"),
                        ],
                        max_length=16,
                    ),
                ),
                ("opened_at", models.DateTimeField()),
                ("open_until", models.DateTimeField()),
                ("closed_at", models.DateTimeField(null=True)),
                (
                    "employee",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "subject",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.datasubject",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["open_until"], name="openings_by_their_end")],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("closed_at", None)),
                        fields=("employee",),
                        name="one_customer_at_a_time_is_open",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Mandate",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("voluntary", "voluntary"),
                            ("parental", "parental"),
                            ("curator", "curator"),
                            ("administrator", "administrator"),
                            ("mentor", "mentor"),
                        ],
                        max_length=16,
                    ),
                ),
                (
                    "source",
                    models.CharField(
                        choices=[("portal", "portal"), ("office", "office")], max_length=8
                    ),
                ),
                ("permissions", models.JSONField(default=list)),
                ("purposes", models.JSONField(default=list)),
                ("categories", models.JSONField(default=list)),
                (
                    "evidence",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("court-order", "court-order"),
                            ("register", "register"),
                            ("birth-certificate", "birth-certificate"),
                        ],
                        default="",
                        max_length=20,
                    ),
                ),
                ("meant_index", models.CharField(blank=True, default="", max_length=64)),
                (
                    "code_index",
                    models.CharField(blank=True, db_index=True, default="", max_length=64),
                ),
                ("code_until", models.DateTimeField(null=True)),
                ("created_at", models.DateTimeField()),
                ("valid_from", models.DateTimeField()),
                ("valid_until", models.DateTimeField(null=True)),
                ("accepted_at", models.DateTimeField(null=True)),
                ("revoked_at", models.DateTimeField(null=True)),
                (
                    "revoked_by",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("represented", "represented"),
                            ("representative", "representative"),
                            ("officer", "officer"),
                        ],
                        default="",
                        max_length=14,
                    ),
                ),
                (
                    "recorded_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "representative",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="mandates_held",
                        to="accounts.datasubject",
                    ),
                ),
                (
                    "represented",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="mandates_given",
                        to="accounts.datasubject",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("representative", None),
                            models.Q(("representative", models.F("represented")), _negated=True),
                            _connector="OR",
                        ),
                        name="nobody_acts_for_oneself",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("accepted_at", None),
                            ("representative__isnull", False),
                            _connector="OR",
                        ),
                        name="an_accepted_mandate_has_a_representative",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("kind", "voluntary"), _negated=True),
                            ("valid_until__isnull", False),
                            _connector="OR",
                        ),
                        name="a_voluntary_mandate_has_an_end",
                    ),
                ],
            },
        ),
    ]
