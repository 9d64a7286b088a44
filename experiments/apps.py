"""The product: experiments, their runs and everything people see of them."""

from django.apps import AppConfig


class ExperimentsConfig(AppConfig):
    """Django's handle on this app."""

    name = "experiments"
    default_auto_field = "django.db.models.BigAutoField"
