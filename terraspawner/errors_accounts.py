"""What goes wrong with accounts, passwords and signing in: a branch of the tree in `terraspawner.errors`."""

from __future__ import annotations

from terraspawner.errors import Conflict, NotFound, NotLoggedIn, Refused, TerraError, Unavailable


class PasswordRefused(Refused):
    """This password cannot be used. Choose another one."""

    code = "password-refused"


class PasswordWrong(Refused):
    """The present password is not right. Nothing was changed."""

    code = "password-wrong"


class SignInRefused(NotLoggedIn):
    """Wrong name or password. Try again."""

    code = "sign-in-refused"


class AccountDisabled(SignInRefused):
    """This account is disabled. Ask the operator."""

    code = "account-disabled"


class VisitorRefused(SignInRefused):
    """The identity provider's word about you opens no account here. Ask the operator."""

    code = "visitor-refused"


class TooManyTries(TerraError):
    """There were too many wrong passwords. Wait before you try again."""

    code = "too-many-tries"


class AccountMissing(NotFound):
    """There is no such account."""

    code = "account-not-found"


class LinkDead(NotFound):
    """This link sets no password: it was used, is too old, was replaced by a newer one, or is not complete.
    Ask the operator for a new one."""

    code = "link-dead"


class PasswordsElsewhere(Conflict):
    """People sign in here with another service, which makes their accounts and keeps their passwords."""

    code = "passwords-elsewhere"


class OperatorNeeded(Conflict):
    """This would leave nobody who can manage accounts. Nothing was changed."""

    code = "operator-needed"


class ProviderUnavailable(Unavailable):
    """The service that people sign in with is not answering. Who is signed in goes on. Try again in a minute."""

    code = "provider-unavailable"
