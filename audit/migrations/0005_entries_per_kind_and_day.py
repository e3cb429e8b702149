from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("audit", "0004_key_destruction_is_an_event"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="logentry",
            index=models.Index(fields=["kind", "at"], name="log_entry_by_kind_and_time"),
        ),
    ]
