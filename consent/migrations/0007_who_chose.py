from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("consent", "0006_job"),
    ]

    operations = [
        migrations.AddField(
            model_name="consentrecord",
            name="employee_uid",
            field=models.UUIDField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="consentrecord",
            name="mandate_uid",
            field=models.UUIDField(editable=False, null=True),
        ),
        migrations.AlterField(
            model_name="consentrecord",
            name="channel",
            field=models.CharField(
                choices=[("portal", "portal"), ("telephone", "telephone"), ("counter", "counter")],
                max_length=10,
            ),
        ),
    ]
