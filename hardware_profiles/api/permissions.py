"""Who may do what with devices."""

from rest_framework.permissions import SAFE_METHODS, IsAuthenticated
from rest_framework.request import Request
from rest_framework.views import APIView


class StaffWrites(IsAuthenticated):
    """Everybody who is signed in reads, staff writes."""

    message = "Only staff manages devices."

    def has_permission(self, request: Request, view: APIView) -> bool:
        may_read = super().has_permission(request, view)
        return may_read and (request.method in SAFE_METHODS or request.user.is_staff)
