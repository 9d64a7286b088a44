"""Who may act: reading is decided by `selectors.experiments_for`, acting by ownership."""

from typing import Any

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from experiments.models import Experiment, Job, Trial


class OwnerActs(BasePermission):
    """People an experiment is shared with read it; its owner acts on it. Staff acts on profilings,
    whoever asked for them."""

    message = "This was shared with you for reading; only its owner may change it."

    def has_object_permission(self, request: Request, view: Any, obj: Any) -> bool:
        """Safe methods for whoever found the row, others for its owner."""
        if isinstance(obj, Job) and obj.kind == Job.Kind.PROFILE and request.user.is_staff:
            return True
        return request.method in SAFE_METHODS or request.user.pk in _owners(obj)


def _owners(obj: Experiment | Trial | Job) -> set[int]:
    if isinstance(obj, Trial):
        return {obj.experiment.owner_id}
    if isinstance(obj, Job) and obj.trial is not None:
        return {obj.owner_id, obj.trial.experiment.owner_id}
    return {obj.owner_id}
