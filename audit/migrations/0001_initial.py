import uuid

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Checkpoint",
            fields=[
                ("size", models.PositiveBigIntegerField(primary_key=True, serialize=False)),
                ("root", models.BinaryField(max_length=32)),
                ("note", models.TextField()),
                ("made_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="Leaf",
            fields=[
                ("index", models.PositiveBigIntegerField(primary_key=True, serialize=False)),
                ("hash", models.BinaryField(max_length=32)),
            ],
        ),
        migrations.CreateModel(
            name="LogEntry",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("uid", models.UUIDField(unique=True)),
                ("leaf", models.BinaryField()),
                ("kind", models.CharField(max_length=64)),
                ("at", models.DateTimeField()),
                ("actor", models.CharField(max_length=16)),
            ],
        ),
        migrations.CreateModel(
            name="LogHead",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("size", models.PositiveBigIntegerField(default=0)),
                ("root", models.BinaryField(max_length=32)),
                ("frontier", models.BinaryField(default=bytes)),
                ("integrated_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="Tile",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("level", models.PositiveSmallIntegerField()),
                ("number", models.PositiveBigIntegerField()),
                ("data", models.BinaryField(max_length=8192)),
                ("root", models.BinaryField(max_length=32)),
            ],
        ),
        migrations.CreateModel(
            name="VerificationRun",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("started_at", models.DateTimeField()),
                ("finished_at", models.DateTimeField()),
                ("counted", models.PositiveBigIntegerField()),
                ("faults", models.PositiveBigIntegerField(default=0)),
                ("first_fault", models.TextField(blank=True, default="")),
                ("root", models.BinaryField(max_length=32)),
            ],
        ),
        migrations.CreateModel(
            name="Key",
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
                        choices=[("owner", "Owner"), ("month", "Month")], max_length=5
                    ),
                ),
                ("owner_id", models.UUIDField(null=True)),
                ("month", models.CharField(blank=True, default="", max_length=7)),
                ("master_key_id", models.CharField(max_length=16)),
                ("wrapped", models.BinaryField(null=True)),
                ("created_at", models.DateTimeField()),
                ("destroyed_at", models.DateTimeField(null=True)),
            ],
            options={
                "indexes": [models.Index(fields=["owner_id"], name="key_by_owner")],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("destroyed_at", None), ("kind", "owner")),
                        fields=("owner_id",),
                        name="one_living_key_per_owner",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("kind", "month")),
                        fields=("month",),
                        name="one_key_per_month",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Payload",
            fields=[
                (
                    "entry",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="payload",
                        serialize=False,
                        to="audit.logentry",
                    ),
                ),
                ("subject_part", models.BinaryField(null=True)),
                ("organisation_part", models.BinaryField()),
                ("purpose", models.CharField(blank=True, default="", max_length=64)),
                ("data_category", models.CharField(blank=True, default="", max_length=64)),
                ("recipient", models.CharField(blank=True, default="", max_length=64)),
                ("outcome", models.CharField(blank=True, default="", max_length=16)),
            ],
        ),
        migrations.CreateModel(
            name="PendingEntry",
            fields=[
                (
                    "entry",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="pending",
                        serialize=False,
                        to="audit.logentry",
                    ),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="logentry",
            index=models.Index(fields=["kind", "-id"], name="log_entry_by_kind"),
        ),
        migrations.AddIndex(
            model_name="logentry",
            index=models.Index(fields=["at"], name="log_entry_by_time"),
        ),
        migrations.AddField(
            model_name="leaf",
            name="entry",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="place",
                to="audit.logentry",
            ),
        ),
        migrations.AddConstraint(
            model_name="tile",
            constraint=models.UniqueConstraint(
                fields=("level", "number"), name="a_tile_is_made_once"
            ),
        ),
        migrations.AddField(
            model_name="payload",
            name="organisation_key",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="audit.key"
            ),
        ),
        migrations.AddField(
            model_name="payload",
            name="subject_key",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="audit.key",
            ),
        ),
        migrations.AddIndex(
            model_name="payload",
            index=models.Index(fields=["subject_key", "-entry"], name="payload_by_subject"),
        ),
        migrations.AddIndex(
            model_name="payload",
            index=models.Index(fields=["purpose", "-entry"], name="payload_by_purpose"),
        ),
        migrations.AddIndex(
            model_name="payload",
            index=models.Index(fields=["recipient", "-entry"], name="payload_by_recipient"),
        ),
        migrations.AddIndex(
            model_name="payload",
            index=models.Index(fields=["outcome", "-entry"], name="payload_by_outcome"),
        ),
    ]
