"""Names in the site's registry, and what we say of a client's words."""

from __future__ import annotations

import pytest

from terraspawner.deploy import images, registry
from terraspawner.deploy.registry import Registry, refusal_of


def test_a_name_says_what_the_image_was_made_from_and_for_which_processor() -> None:
    site = Registry(prefix="registry.example.org:5000/lab", architecture="arm64")
    assert site.name_of(images.HUB, "0af3") == "registry.example.org:5000/lab/hub:0af3-arm64"
    longest = site.name_of(images.PYTHON, "f" * 64).rpartition(":")[2]
    assert len(longest) <= 128, "a tag that registries take"


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("manifest for r:5000/lab/hub:1 not found: manifest unknown: manifest unknown", "does not have it"),
        ("Error response from daemon: name unknown: repository name not known to registry", "does not have it"),
        ("Get https://r/v2/lab/hub/manifests/1: no basic auth credentials", "docker login"),
        ("pull access denied for r/hub, repository does not exist or may require 'docker login'", "docker login"),
        ("Get https://r/v2/: http: server gave HTTP response to HTTPS client", "TLS"),
        ("Get https://r/v2/: x509: certificate signed by unknown authority", "TLS"),
        ("Get https://r/v2/: dial tcp 192.0.2.7:443: connect: connection refused", "does not answer"),
        ("dial tcp: lookup registry.example.org on 192.0.2.1:53: no such host", "does not answer"),
        ("", "does not answer"),
    ],
)
def test_what_the_client_says_is_told_in_our_words(said: str, words: str) -> None:
    assert words in refusal_of(said)


def test_a_registry_that_was_silent_is_not_asked_again() -> None:
    site = Registry(prefix="registry.invalid/lab", architecture="amd64", is_silent=True)
    assert (site.pull("registry.invalid/lab/hub:1"), site.is_silent) == (registry.SILENT, True)
