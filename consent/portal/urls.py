from django.urls import path

from consent.portal import mandate_views, value_views, views

urlpatterns = [
    path("", views.home, name="home"),
    path("mijn-gegevens/", views.my_data, name="my-data"),
    path("mijn-gegevens/<uuid:held>/tonen/", value_views.show, name="show-value"),
    path("toestemmingen/", views.my_choices, name="my-choices"),
    path("toestemmingen/<slug:slug>/", views.purpose, name="purpose"),
    path(
        "toestemmingen/<slug:slug>/bevestiging/<str:number>/",
        views.confirmation,
        name="confirmation",
    ),
    path("toestemmingen/<slug:slug>/niet-meer-tonen/", views.dismiss, name="dismiss"),
    path("wie-keek/", views.who_looked, name="who-looked"),
    path("wie-keek/sleutel/", views.tag_key, name="tag-key"),
    path("wie-keek/<uuid:uid>/bewijs", views.proof, name="proof"),
    path("machtigingen/", mandate_views.mandates, name="mandates"),
    path("machtigingen/geven/", mandate_views.give, name="mandate-give"),
    path("machtigingen/accepteren/", mandate_views.accept, name="mandate-accept"),
    path("machtigingen/stoppen/", mandate_views.stop, name="mandate-stop"),
    path("machtigingen/<uuid:mandate_id>/gebruiken/", mandate_views.use, name="mandate-use"),
    path("machtigingen/<uuid:mandate_id>/beeindigen/", mandate_views.end, name="mandate-end"),
    path("privacy/", views.privacy, name="privacy"),
    path("toegankelijkheid/", views.accessibility, name="accessibility"),
]
