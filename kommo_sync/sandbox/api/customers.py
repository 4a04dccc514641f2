"""/customers: the feature is switched off in this account, as in most."""

from kommo_sync.sandbox.wire.call import Call
from kommo_sync.sandbox.wire.problems import Problem


def switch_mode(call: Call) -> None:
    """PATCH /customers/mode: 402, the plan has no customers."""
    call.need_admin()
    raise Problem(402, "Customers are not available on this plan")


def refuse(_call: Call, rest: str = "") -> None:
    """Any other call: 422 with the internal code that the old API used."""
    raise Problem(422, "Customers disabled", errors=[{"code": 426, "path": rest}])


_METHODS = ("GET", "POST", "PATCH", "DELETE")
ROUTES = [
    ("PATCH", "/customers/mode", switch_mode),
    *((method, "/customers", refuse) for method in _METHODS),
    *((method, "/customers/<path:rest>", refuse) for method in _METHODS),
]
