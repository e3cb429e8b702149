from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("consent", "0007_who_chose"),
    ]

    operations = [
        migrations.AlterField(
            model_name="job",
            name="fault",
            field=models.CharField(
                blank=True,
                choices=[
                    ("log-broken", "log-broken"),
                    ("no-room", "no-room"),
                    ("not-writable", "not-writable"),
                    ("gave-up", "gave-up"),
                    ("not-allowed", "not-allowed"),
                ],
                default="",
                max_length=16,
            ),
        ),
    ]
