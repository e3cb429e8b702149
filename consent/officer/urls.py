from django.urls import path

from consent.officer import job_views, mandate_views, views

urlpatterns = [
    path("kantoor/", views.front, name="office"),
    path("kantoor/logboek/", views.log, name="log"),
    path("kantoor/logboek/controle/", views.verify, name="log-verify"),
    path("kantoor/logboek/export/", views.export, name="log-export"),
    path("kantoor/logboek/<uuid:uid>/", views.entry, name="log-entry"),
    path("kantoor/logboek/<uuid:uid>/bewijs", views.entry_proof, name="log-entry-proof"),
    path("kantoor/machtigingen/", mandate_views.legal, name="legal-mandates"),
    path(
        "kantoor/machtigingen/<uuid:mandate_id>/beeindigen/",
        mandate_views.end,
        name="legal-mandate-end",
    ),
    path("kantoor/exports/", job_views.listed, name="exports"),
    path("kantoor/opdrachten/<uuid:job_id>/", job_views.job, name="job"),
    path("kantoor/opdrachten/<uuid:job_id>/stoppen/", job_views.cancel, name="job-cancel"),
    path("kantoor/opdrachten/<uuid:job_id>/opnieuw/", job_views.again, name="job-again"),
    path("kantoor/opdrachten/<uuid:job_id>/bestand/", job_views.download, name="job-result"),
]
