"""`manage.py demo`: start the demonstration search on a NASWeb that is running."""

from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError

from experiments.services.demo import start_demo


class Command(BaseCommand):
    help = "Starts the demonstration search in the name of the first administrator."

    def handle(self, *args: Any, **options: Any) -> None:
        owner = get_user_model().objects.filter(is_superuser=True).order_by("pk").first()
        if owner is None:
            raise CommandError("There is no administrator yet. Run: manage.py up")
        experiment = start_demo(owner=owner)
        print(f"{experiment.name} is in the queue: see /experiments/{experiment.pk}/")
