import django.db.models.deletion
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from audit import signer_triggers, triggers


def guard(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    triggers.install(schema_editor.connection, signer_triggers.wanted)


def leave(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    triggers.lift(schema_editor.connection, signer_triggers.wanted)


class Migration(migrations.Migration):
    dependencies = [
        ("audit", "0007_verification_since_a_head"),
    ]

    operations = [
        migrations.CreateModel(
            name="LogKey",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("vkey", models.TextField(unique=True)),
                ("from_size", models.PositiveBigIntegerField(null=True)),
                ("to_size", models.PositiveBigIntegerField(null=True)),
                (
                    "entry",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="log_key",
                        to="audit.logentry",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="WitnessRefusal",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("witness", models.TextField()),
                ("status", models.PositiveSmallIntegerField()),
                ("known_size", models.PositiveBigIntegerField(null=True)),
                ("at", models.DateTimeField()),
                (
                    "checkpoint",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="audit.checkpoint",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("checkpoint", "witness"), name="a_witness_refuses_a_head_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Cosignature",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("witness", models.TextField()),
                ("line", models.TextField()),
                ("at", models.DateTimeField()),
                ("received_at", models.DateTimeField()),
                (
                    "checkpoint",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="cosignatures",
                        to="audit.checkpoint",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("checkpoint", "witness"), name="a_witness_signs_a_head_once"
                    )
                ],
            },
        ),
        migrations.RunPython(guard, leave),
    ]
