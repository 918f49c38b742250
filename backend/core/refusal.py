"""The one way in which a service says no."""

from collections.abc import Mapping


class Refusal(Exception):
    """A request that cannot be done, with a stable English code and the values its sentence needs.

    The sentence itself stands in `backend.core.messages` by the code and is looked up per language at the
    edge, so that no exception text ever reaches a client.

    `status`: the HTTP status of the answer. `fields`: field name to refusal code, for forms.
    """

    def __init__(
        self,
        code: str,
        *,
        status: int = 422,
        fields: Mapping[str, str] | None = None,
        **values: object,
    ) -> None:
        super().__init__(code)
        self.code = code
        self.status = status
        self.fields = dict(fields or {})
        self.values = values


class NotFound(Refusal):
    """There is no such thing for this actor; things of another ward are answered the same way."""

    def __init__(self, code: str = "not_found") -> None:
        super().__init__(code, status=404)
