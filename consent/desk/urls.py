from django.urls import path

from consent.desk import views

urlpatterns = [
    path("balie/", views.desk, name="desk"),
    path("balie/klant/", views.customer, name="desk-customer"),
    path("balie/sluiten/", views.close, name="desk-close"),
    path("balie/klant/<slug:slug>/", views.purpose, name="desk-purpose"),
    path(
        "balie/klant/<slug:slug>/bevestiging/<str:number>/",
        views.confirmation,
        name="desk-confirmation",
    ),
]
