from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_data_subject_erased_at")]
    operations = [
        migrations.AlterField(
            "user",
            "role",
            models.CharField(
                max_length=8,
                choices=[
                    ("customer", "Customer"),
                    ("officer", "Officer"),
                    ("desk", "Desk"),
                    ("admin", "Admin"),
                ],
            ),
        ),
    ]
