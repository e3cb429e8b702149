from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_initial"),
        ("consent", "0002_records_insert_only"),
    ]

    operations = [
        migrations.AddConstraint(
            model_name="currentconsent",
            constraint=models.CheckConstraint(
                condition=models.Q(("status__in", ["given", "refused", "withdrawn"])),
                name="current_consent_status_is_a_choice",
            ),
        ),
        migrations.AddConstraint(
            model_name="currentconsent",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status", "given"), ("valid_until__gt", models.F("recorded_at"))),
                    models.Q(models.Q(("status", "given"), _negated=True), ("valid_until", None)),
                    _connector="OR",
                ),
                name="a_current_yes_and_only_that_has_an_end",
            ),
        ),
    ]
