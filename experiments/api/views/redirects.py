"""A forgotten slash: Django's own redirect would turn a POST into a GET; this one keeps it."""

from django.http import Http404, HttpRequest, HttpResponsePermanentRedirect
from django.urls import is_valid_path
from django.views.decorators.csrf import csrf_exempt


@csrf_exempt
def add_slash(request: HttpRequest) -> HttpResponsePermanentRedirect:
    """308 to the same address with a slash, with method and body, if there is such an address.

    Raises:
        Http404: there is none.
    """
    if not is_valid_path(f"{request.path_info}/"):
        raise Http404
    target = request.get_full_path(force_append_slash=True)
    return HttpResponsePermanentRedirect(target, preserve_request=True)
