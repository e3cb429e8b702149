"""The app of consent."""

from django.apps import AppConfig


class ConsentConfig(AppConfig):
    name = "consent"

    def ready(self) -> None:
        from audit import triggers as guarded  # noqa: PLC0415  # models are not loaded before this
        from audit import verification  # noqa: PLC0415
        from consent import triggers  # noqa: PLC0415
        from consent.queries.records_check import record_faults  # noqa: PLC0415

        guarded.GUARDS.append(triggers.GUARD)
        verification.BESIDE_THE_LOG.append(record_faults)
