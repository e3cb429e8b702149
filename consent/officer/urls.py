from django.urls import path

from consent.officer import views

urlpatterns = [
    path("kantoor/", views.front, name="office"),
    path("kantoor/logboek/", views.log, name="log"),
    path("kantoor/logboek/controle/", views.verify, name="log-verify"),
    path("kantoor/logboek/export/", views.export, name="log-export"),
    path("kantoor/logboek/<uuid:uid>/", views.entry, name="log-entry"),
    path("kantoor/logboek/<uuid:uid>/bewijs", views.entry_proof, name="log-entry-proof"),
]
