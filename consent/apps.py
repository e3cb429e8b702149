"""The app of consent."""

from django.apps import AppConfig


class ConsentConfig(AppConfig):
    name = "consent"

    def ready(self) -> None:
        from audit import triggers as guarded  # noqa: PLC0415  # models are not loaded before this
        from consent import triggers  # noqa: PLC0415

        guarded.GUARDS.append(triggers.GUARD)
