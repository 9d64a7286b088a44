"""Tokens: log in for one, list, make and revoke one's own."""

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, status, viewsets
from rest_framework.authtoken.serializers import AuthTokenSerializer
from rest_framework.exceptions import ValidationError
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from experiments.api.bodies import LoginBody, TokenBody
from experiments.api.idempotency import idempotent
from experiments.api.serializers import LoginSerializer, NewTokenSerializer, TokenSerializer
from experiments.api.throttling import FailedLogins
from experiments.models import ApiToken
from experiments.services.tokens import issue_token


class LoginView(APIView):
    """User name and password in, token out."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_classes = (FailedLogins,)

    @extend_schema(request=LoginBody, responses={200: LoginSerializer})
    def post(self, request: Request) -> Response:
        """Get a token for scripts. It lasts until it is revoked at `account/tokens/`."""
        body = LoginBody.parse(request.data)
        login = AuthTokenSerializer(data=body.model_dump(), context={"request": request})
        try:
            login.is_valid(raise_exception=True)
        except ValidationError:
            FailedLogins().note_failure(request, self)
            raise
        _, key = issue_token(user=login.validated_data["user"], name="login")
        return Response({"token": key})


class TokenViewSet(
    mixins.ListModelMixin, mixins.DestroyModelMixin, viewsets.GenericViewSet[ApiToken]
):
    """The signed-in user's tokens."""

    queryset = ApiToken.objects.none()
    serializer_class = TokenSerializer

    def get_queryset(self) -> QuerySet[ApiToken]:
        """One's own."""
        return ApiToken.objects.filter(user_id=self.request.user.pk)

    def list(self, request: Request) -> Response:
        """List your tokens, without their keys."""
        return super().list(request)

    @extend_schema(request=TokenBody, responses={201: NewTokenSerializer})
    @idempotent(secret=True)
    def create(self, request: Request) -> Response:
        """Make a token. Its key is in this answer and nowhere else."""
        body = TokenBody.parse(request.data)
        token, key = issue_token(user=request.user, name=body.name)
        data = TokenSerializer(token).data | {"token": key}
        return Response(data, status=status.HTTP_201_CREATED)

    def destroy(self, request: Request, pk: int) -> Response:
        """Revoke a token, at once."""
        return super().destroy(request, pk=pk)
