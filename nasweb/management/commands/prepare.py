"""`manage.py prepare`: what `up` does first, for installations without `up`."""

from typing import Any

from django.core.management.base import BaseCommand

from nasweb.supervisor import first_steps


class Command(BaseCommand):
    help = "Migrates, loads built-in devices, creates the first admin, collects static files."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        password = first_steps.prepare_database()
        first_steps.collect_static_files()
        if password:
            print(f"Log in as {first_steps.ADMIN} with the password {password}")
