from django.apps import AppConfig


class ConfigConfig(AppConfig):
    name = "config"

    def ready(self) -> None:
        from config import account_checks, celery, checks  # noqa: F401, PLC0415  # they register themselves
