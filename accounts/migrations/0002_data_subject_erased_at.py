from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]
    operations = [
        migrations.AddField("datasubject", "erased_at", models.DateTimeField(null=True)),
    ]
