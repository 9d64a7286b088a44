"""The one form of every list: next, previous, results; `?limit=` rows, `?ordering=` where offered.

Pages are cut after a row, not at a number of rows, so they stay stable while rows are being added,
for any ordering, with equal and with missing values. Cursors are signed: nobody can forge one.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from django.core import signing
from django.db.models import F, Q, QuerySet
from django.db.models.expressions import Combinable
from rest_framework.exceptions import ValidationError
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import remove_query_param, replace_query_param

_SORT_KEY = "cursor_sort_key"
Placed = tuple[list[Any], Any]  # sort values of a row, and the row


class Term(NamedTuple):
    """One column of an ordering; rows without a value come last."""

    name: str
    descending: bool

    @classmethod
    def parse(cls, text: str) -> "Term":
        """`-name` means descending."""
        return cls(text.removeprefix("-"), text.startswith("-"))

    def order(self, backward: bool) -> Any:
        """For `order_by`."""
        nulls = {"nulls_first": True} if backward else {"nulls_last": True}
        column = F(self.name)
        return column.desc(**nulls) if self.descending != backward else column.asc(**nulls)

    def beyond(self, value: Any, backward: bool) -> Q:
        """Rows strictly after `value` (before it, if `backward`)."""
        if value is None:
            return Q(**{f"{self.name}__isnull": False}) if backward else Q(pk__in=[])
        lookup = "lt" if self.descending != backward else "gt"
        rows = Q(**{f"{self.name}__{lookup}": value})
        return rows if backward else rows | Q(**{f"{self.name}__isnull": True})

    def equal(self, value: Any) -> Q:
        """Rows with the same value."""
        return Q(**{f"{self.name}__isnull": True}) if value is None else Q(**{self.name: value})


class Cursor(NamedTuple):
    """Where a page begins: the sort values of the row before it."""

    ordering: str
    backward: bool
    values: Sequence[Any]


class CursorPages(BasePagination):
    """Keyset pages of a queryset.

    A view sets `ordering`, a tuple of field names that together are unique. It may set
    `orderings`, a mapping from names that `?ordering=` takes to fields or expressions, or
    compute that mapping in `get_orderings()`.
    """

    page_size = 100
    max_page_size = 1000
    page_size_query_param = "limit"
    cursor_query_param = "cursor"
    ordering: tuple[str, ...] = ("-created_at", "-pk")

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        """One page.

        Raises:
            ValidationError: `limit`, `ordering` or `cursor` is not usable.
        """
        self._url = request.build_absolute_uri()
        self._salt = f"experiments.api.cursor:{request.path}"  # a cursor is good for one list
        self._limit = self.get_page_size(request)
        self._ordering, self._terms, expression = self._order(request, view)
        self._cursor = self._read_cursor(request)
        if isinstance(queryset, QuerySet):
            placed = self._rows(queryset, expression)
        else:
            placed = self._slice(queryset)
        self._more = len(placed) > self._limit
        page = placed[: self._limit]
        if self._backward:
            page.reverse()
        self._ends = [place for place, _ in page[:1] + page[-1:]]
        return [row for _, row in page]

    def get_page_size(self, request: Request) -> int:
        """Rows per page.

        Raises:
            ValidationError: `limit` is not a whole number from 1 to 1000.
        """
        text = request.query_params.get(self.page_size_query_param)
        if text is None:
            return self.page_size
        if text.isascii() and text.isdigit() and 1 <= int(text[:6]) <= self.max_page_size:
            return int(text)
        message = f"{text[:40]!r} is not a whole number from 1 to {self.max_page_size}."
        raise ValidationError({self.page_size_query_param: message})

    def get_paginated_response(self, data: Any) -> Response:
        """The page with the addresses of its neighbours."""
        return Response(self.envelope(data))

    def envelope(self, data: Any) -> dict[str, Any]:
        """The body of a page."""
        has_next = self._more or self._backward
        has_previous = self._more if self._backward else self._cursor is not None
        return {
            "next": self._link(self._ends[-1:], backward=False) if has_next else None,
            "previous": self._link(self._ends[:1], backward=True) if has_previous else None,
            "results": data,
        }

    @property
    def _backward(self) -> bool:
        return self._cursor is not None and self._cursor.backward

    def _order(
        self, request: Request, view: Any
    ) -> tuple[str, tuple[Term, ...], Combinable | None]:
        base = tuple(Term.parse(name) for name in getattr(view, "ordering", None) or self.ordering)
        text = request.query_params.get("ordering")
        allowed = orderings_of(view)
        if text is None or not allowed:
            return "", base, None
        chosen = Term.parse(text)
        if chosen.name not in allowed:
            known = ", ".join(allowed)
            message = f"Cannot order by {text[:60]!r}. Known: {known}; with - in front: descending."
            raise ValidationError({"ordering": message})
        target = allowed[chosen.name]
        name, expression = (target, None) if isinstance(target, str) else (_SORT_KEY, target)
        rest = tuple(term for term in base if term.name != name)
        return text, (Term(name, chosen.descending), *rest), expression

    def _rows(self, queryset: QuerySet, expression: Combinable | None) -> list[Placed]:
        if expression is not None:
            queryset = queryset.annotate(**{_SORT_KEY: expression})
        if self._cursor is not None:
            queryset = queryset.filter(self._beyond(self._cursor))
        order = [term.order(self._backward) for term in self._terms]
        rows = queryset.order_by(*order)[: self._limit + 1]
        return [([_plain(getattr(row, term.name)) for term in self._terms], row) for row in rows]

    def _beyond(self, cursor: Cursor) -> Q:
        rows, same = Q(pk__in=[]), Q()
        for term, value in zip(self._terms, cursor.values, strict=True):
            rows |= same & term.beyond(value, cursor.backward)
            same &= term.equal(value)
        return rows

    def _slice(self, items: Sequence[Any]) -> list[Placed]:
        """The same for a list in memory, whose rows are placed by their position."""
        positions = range(len(items))
        if self._cursor is not None:
            (at,) = self._cursor.values
            positions = range(at - 1, -1, -1) if self._backward else range(at + 1, len(items))
        return [([at], items[at]) for at in positions[: self._limit + 1]]

    def _read_cursor(self, request: Request) -> Cursor | None:
        text = request.query_params.get(self.cursor_query_param)
        if text is None:
            return None
        try:
            cursor = Cursor(*signing.loads(text, salt=self._salt))
        except (signing.BadSignature, ValueError, TypeError):
            raise ValidationError(
                {self.cursor_query_param: "This cursor is not one of this list. Start without it."}
            ) from None
        if cursor.ordering != self._ordering:
            message = "This cursor belongs to another ordering. Start without it."
            raise ValidationError({self.cursor_query_param: message})
        return cursor

    def _link(self, places: Sequence[list[Any]], *, backward: bool) -> str:
        if not places:  # the rows this page followed are gone: begin again
            return remove_query_param(self._url, self.cursor_query_param)
        text = signing.dumps((self._ordering, backward, places[0]), salt=self._salt)
        return replace_query_param(self._url, self.cursor_query_param, text)

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        """Query parameters for OpenAPI."""
        limit = {"type": "integer", "minimum": 1, "maximum": self.max_page_size}
        parameters = [
            _parameter("limit", "Rows per page.", limit | {"default": self.page_size}),
            _parameter("cursor", "From `next` or `previous`; not to be built.", {"type": "string"}),
        ]
        if names := list(orderings_of(view)):
            known = ", ".join(f"`{name}`" for name in names)
            text = f"{known}; with `-` in front: descending. Rows without a value come last."
            parameters.append(_parameter("ordering", text, {"type": "string"}))
        return parameters

    def get_paginated_response_schema(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        """The page for OpenAPI."""
        link = {"type": ["string", "null"], "format": "uri"}
        return {
            "type": "object",
            "required": ["next", "previous", "results"],
            "properties": {"next": link, "previous": link, "results": schema},
        }


def page_of(rows: Sequence[Any], request: Request) -> Response:
    """A page of rows that are in memory."""
    pages = CursorPages()
    return pages.get_paginated_response(pages.paginate_queryset(rows, request))


def orderings_of(view: Any) -> Mapping[str, str | Combinable]:
    """What `?ordering=` takes at a view; empty if its order is fixed."""
    if hasattr(view, "get_orderings"):
        return view.get_orderings()
    return getattr(view, "orderings", {})


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, (int, float, str)) else str(value)


def _parameter(name: str, description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": name,
        "in": "query",
        "required": False,
        "description": description,
        "schema": schema,
    }
