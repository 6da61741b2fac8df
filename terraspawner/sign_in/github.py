"""Signing in with GitHub, or a GitHub Enterprise: OAuth without ID tokens; GitHub's REST API says who has come."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from oauthenticator.github import GitHubOAuthenticator

from terraspawner.sign_in.external import ExternalSignIn


class GitHubSignIn(ExternalSignIn, GitHubOAuthenticator):
    """A person's groups are the teams, as ``organisation:team``, and the organisations that these belong to."""

    populate_teams_in_auth_state = True

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.github_url = self.way.issuer

    async def claims_of(self, token_info: Mapping[str, Any]) -> Mapping[str, Any]:
        user = await self.token_to_user({"token_type": "Bearer", **token_info})
        state = {self.user_auth_state_key: user, "token_response": {"token_type": "Bearer", **token_info}}
        teams = (await self.update_auth_model({"auth_state": state}))["auth_state"].get("teams", [])
        owners = [team["organization"]["login"] for team in teams]
        names = [f"{owner}:{team['slug']}" for owner, team in zip(owners, teams, strict=True)]
        # what GitHub shows of an e-mail address it has verified; one that is hidden stays so
        return {
            "sub": str(user["id"]),
            "login": user["login"],
            "email": user.get("email") or "",
            "email_verified": True,
            "groups": [*owners, *names],
        }
