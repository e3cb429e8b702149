"""Addresses as C2SP tlog-tiles gives them, below /log/."""

from django.urls import path, register_converter
from django.urls.converters import StringConverter

from consent.transparency import views


class LevelConverter(StringConverter):
    """A number without leading zeroes."""

    regex = "0|[1-9][0-9]?"

    def to_python(self, value: str) -> int:  # type: ignore[override]  # that is what a converter is for
        return int(value)


register_converter(LevelConverter, "level")

urlpatterns = [
    path("log/checkpoint", views.checkpoint, name="checkpoint"),
    path("log/controleren/", views.check, name="check-proof"),
    path("log/vkey", views.vkey, name="vkey"),
    path("log/policy", views.policy, name="policy"),
    path("log/tile/entries/<path:name>", views.bundle, name="bundle"),
    path("log/tile/<level:level>/<path:name>", views.tile, name="tile"),
]
