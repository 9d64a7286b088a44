"""Django's entry for this package."""

from django.apps import AppConfig


class HardwareProfilesConfig(AppConfig):
    """Devices and their measurements."""

    name = "hardware_profiles"
    verbose_name = "Hardware"
    default_auto_field = "django.db.models.BigAutoField"
