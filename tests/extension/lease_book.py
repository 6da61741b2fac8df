"""The leases of one workspace for `services.py`, by the very rules of the service; others than this environment come
through the book itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from terraspawner.domain import lease_holding, lease_requests
from terraspawner.domain.lease import LEASE, Claim, Editor, Lease, as_of
from terraspawner.domain.lease_saving import may_save
from terraspawner.operations.leases import LeaseSight
from terraspawner.web.schemas_leases import LeaseOut

BEN = Editor(user="ben", environment="e-ben", session="tab-ben")


def here(session: str) -> Editor:
    """A session of the environment that is tested."""
    return Editor(user="ana", environment="e-ana", session=session)


class LeaseBook:
    """Path -> lease, at a time that can be moved on."""

    def __init__(self) -> None:
        self.ahead = timedelta()
        self.granted: list[tuple[str, str]] = []
        self._leases: dict[str, Lease] = {}

    @property
    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def of(self, path: str) -> Lease:
        return as_of(self._leases.get(path, Lease(workspace_id="w", path=path)), self.now)

    def holder(self, path: str) -> str | None:
        """The session that holds it, or whose lease ran out and was not taken."""
        lease = self.of(path)
        return lease.holder.session if lease.holder else None

    def change(self, path: str, step: Callable[[Lease, datetime], Lease]) -> Lease:
        before = self.of(path)
        self._leases[path] = after = step(before, self.now)
        if after.fence != before.fence and after.holder:
            self.granted.append((path, after.holder.session))
        return after

    def take(self, path: str, who: Editor = BEN) -> Claim:
        """Somebody else acquires it, who has waited until it ran out."""
        return Claim(editor=who, fence=self.change(path, lambda it, now: lease_holding.acquire(it, who, now)).fence)

    def give_back(self, path: str, claim: Claim) -> None:
        self.change(path, lambda it, now: lease_holding.release(it, claim, now))

    def run_out(self) -> None:
        """As much time passes as a lease holds without being renewed."""
        self.ahead += LEASE

    def end_all(self) -> None:
        """What the service does when the environment is paused, frozen or stopped."""
        for path in self._leases:
            self.change(path, lease_holding.released)

    def move(self, path: str, to: str, claim: Claim | None) -> int | None:
        before = self.of(path)
        if claim is None or before.holder is None or before.fence != claim.fence:
            return None
        old, new = lease_holding.moved(before, self.of(to), before.holder, self.now)
        self._leases |= {path: old, to: new}
        return new.fence

    def check_save(self, path: str, headers: Mapping[str, str], *, creates: bool) -> None:
        """Raises LeaseHeld, LeaseLost, LeaseNeeded; a save by the holder renews."""
        claim = claim_of(headers)
        verdict = may_save(self.of(path), claim, self.now, creates=creates, needs_lease=True)
        if verdict.refusal:
            raise verdict.refusal
        if claim.fence is not None:
            self.change(path, lambda it, now: lease_holding.renew(it, claim, now))

    def answer(self, path: str, deed: str, method: str, body: Mapping[str, Any]) -> dict[str, Any] | None:
        """What REST answers this environment; raises the service's own errors."""
        asks = here(str(body.get("session", "")))
        claim = Claim(editor=asks, fence=body.get("fence"))
        steps: dict[tuple[str, str], Callable[[Lease, datetime], Lease]] = {
            ("", "POST"): lambda it, now: lease_holding.acquire(it, asks, now),
            ("", "PATCH"): lambda it, now: lease_holding.renew(it, claim, now),
            ("", "DELETE"): lambda it, now: lease_holding.release(it, claim, now),
            ("request", "POST"): lambda it, now: lease_requests.ask(it, asks.user, now),
            ("decline", "POST"): lambda it, now: lease_requests.decline(it, claim, str(body["user"]), now),
            ("handover", "POST"): lambda it, now: (
                lease_requests.hand_to_session(it, claim, str(body["to_session"]), now)
                if "to_session" in body
                else lease_requests.hand_over(it, claim, str(body["to"]), now)
            ),
        }
        lease = self.of(path) if method == "GET" else self.change(path, steps[deed, method])
        if (deed, method) == ("", "DELETE"):
            return None
        told = here(str(body["to_session"])) if "to_session" in body else asks
        return LeaseOut.of(LeaseSight(lease=lease, now=self.now), told).model_dump(mode="json")


def claim_of(headers: Mapping[str, str]) -> Claim:
    session, fence = headers.get("Lease-Session", ""), headers.get("Lease-Fence")
    return Claim(editor=here(session), fence=int(fence) if fence is not None else None)
