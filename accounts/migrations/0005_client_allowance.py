import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0006_passkeys")]
    operations = [
        migrations.CreateModel(
            name="ClientAllowance",
            fields=[
                (
                    "client",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="allowance",
                        serialize=False,
                        to="accounts.serviceclient",
                    ),
                ),
                ("spent_until", models.BigIntegerField()),
            ],
        ),
    ]
