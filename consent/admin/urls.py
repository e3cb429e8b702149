from django.urls import path

from consent.admin import views

urlpatterns = [
    path("kantoor/diensten/", views.listed, name="services"),
    path("kantoor/dienst-toevoegen/", views.new, name="service-new"),
    path("kantoor/diensten/<slug:client_id>/", views.one, name="service"),
    path("kantoor/diensten/<slug:client_id>/sleutel/", views.new_key, name="service-key"),
]
