"""The proxy's certificate, looked at before the proxy is given it: does it fit its key, its names and the day?"""

from __future__ import annotations

import ssl
from pathlib import Path

from terraspawner.deploy.commands import SetupStopped
from terraspawner.settings import Settings

SOMEBODY = "somebody"
"""Stands for a user's name: their domains need a certificate for ``*.`` the host."""


def check(settings: Settings) -> None:
    """Raises `SetupStopped` with what is wrong with TERRA_TLS_CERTIFICATE and TERRA_TLS_KEY."""
    if not settings.tls_certificate:
        return
    for setting, path in (("TERRA_TLS_CERTIFICATE", settings.tls_certificate), ("TERRA_TLS_KEY", settings.tls_key)):
        if not Path(path).is_file():
            raise SetupStopped(f"{setting} names {path}, which is not a file that can be read here. Correct it.")
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        # the password is asked for where a key has one; nobody could type it when the proxy starts by itself
        server.load_cert_chain(settings.tls_certificate, settings.tls_key, password=lambda: "")
    except (ssl.SSLError, OSError, ValueError) as error:
        raise SetupStopped(
            f"TERRA_TLS_CERTIFICATE {settings.tls_certificate} and TERRA_TLS_KEY {settings.tls_key} cannot be used "
            f"together ({error}): give a certificate chain and its own key, both PEM, the key without a password."
        ) from error
    host = settings.subdomain_host.partition("://")[2].partition(":")[0]
    for name in (host, f"{SOMEBODY}.{host}") if host else ():
        problem = problem_with(server, settings.tls_certificate, name)
        if problem:
            raise SetupStopped(
                f"TERRA_TLS_CERTIFICATE {settings.tls_certificate} will not do for {name} ({problem}): "
                f"it must be valid now, for {host} and for *.{host}."
            )


def problem_with(server: ssl.SSLContext, certificate: str, name: str) -> str:
    """What a browser that trusts this very certificate would say of it at `name`; empty when all is well."""
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.load_verify_locations(certificate)
    client.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    here, there = ssl.MemoryBIO(), ssl.MemoryBIO()
    caller = client.wrap_bio(here, there, server_hostname=name)
    callee = server.wrap_bio(there, here, server_side=True)
    try:
        for _ in range(4):
            for side in (caller, callee):
                try:
                    side.do_handshake()
                except ssl.SSLWantReadError:
                    continue
    except ssl.SSLCertVerificationError as error:
        return error.verify_message
    return ""
