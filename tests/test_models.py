"""What holds for every table, whichever app it is of."""

import pytest
from django.apps import apps
from django.db import models

OWN = [
    model
    for app in ("accounts", "audit", "consent")
    for model in apps.get_app_config(app).get_models()
]


@pytest.mark.parametrize("model", OWN, ids=lambda model: model._meta.label)
class TestModel:
    def test_a_row_names_itself_without_reading_another(self, model: type[models.Model]) -> None:
        # There is no database here: a row that needs another one to name itself fails.
        texts = [
            field.attname for field in model._meta.fields if isinstance(field, models.CharField)
        ]
        assert str(model(**dict.fromkeys(texts, "code"))).strip()

    def test_has_no_order_of_its_own(self, model: type[models.Model]) -> None:
        assert not model._meta.ordering  # whoever needs an order says which

    def test_names_its_constraints_in_a_sentence(self, model: type[models.Model]) -> None:
        for constraint in model._meta.constraints:
            assert constraint.name.count("_") > 1
