"""What may go wrong between an environment and the workspaces service: three kinds, and what to tell of them."""

import json
from collections.abc import Mapping
from typing import Any

# Their work is not lost by waiting: the next attempt, or the next start with its new key, may be answered.
_TRY_AGAIN = frozenset({401, 408, 425, 429})


class ServiceTrouble(Exception):
    """The workspaces service did not do what was asked; `sentence` says why, for the user."""

    def __init__(
        self, sentence: str, *, status: int = 0, code: str = "", details: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.status = status
        self.code = code
        self.details = details or {}


class NotReached(ServiceTrouble):
    """No answer, or one that says "later". What was asked may even have been done."""


class MovedOn(ServiceTrouble):
    """The workspace holds another version than the one expected."""


class RefusedByService(ServiceTrouble):
    """The service understood and said no; asking again changes nothing."""


class LeaseRefused(RefusedByService):
    """The lease that came along is not good (any more), or somebody else has it; `details` say who."""


def full_sentence(trouble: ServiceTrouble) -> str:
    """What went wrong, to stand alone; the service's own sentences are whole ones and may begin with a name."""
    said = trouble.sentence
    return said if said.endswith(".") else f"{said[:1].upper()}{said[1:]}."


def trouble_of(status: int, body: bytes) -> ServiceTrouble:
    """What an answer that is none says."""
    try:
        error = json.loads(body)["error"]
        code, sentence, details = str(error["code"]), str(error["message"]), error.get("details")
    except (ValueError, KeyError, TypeError):
        code, sentence, details = "", f"the workspace answered {status}", None
    if status in _TRY_AGAIN or status >= 500 or not code:
        kind: type[ServiceTrouble] = NotReached
    elif code == "notebook-moved-on":
        kind = MovedOn
    elif code in ("lease-held", "lease-lost", "lease-needed"):
        kind = LeaseRefused
    else:
        kind = RefusedByService
    return kind(sentence, status=status, code=code, details=details)
