"""The site's own registry: one machine builds and pushes, the others pull what was made from the same files.

An image's name there ends with the digest of its inputs and the processor it is for, so its name never leads to an
older one. Who may pull and push is between the registry and the ordinary client (``docker login``).
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
import time
from dataclasses import dataclass

from terraspawner.deploy import engine
from terraspawner.deploy.commands import SetupStopped, attempt

FIRST_ANSWER_SECONDS = 15
PULL_SECONDS = 600
PUSH_SECONDS = 3600
SILENT = "the registry does not answer"
REFUSALS = (
    # first: a repository that one may not see is told as one that may not be there
    (r"unauthorized|denied|no basic auth|authentication required", "the registry wants a `docker login`"),
    (r"manifest unknown|name unknown|not found", "the registry does not have it"),
    (r"HTTP response to HTTPS client|x509|certificate", "the Engine does not trust the registry's TLS"),
)
"""What the client says, and what we say of it; anything else is silence."""


@dataclass(slots=True, kw_only=True)
class Registry:
    """A registry as `make up` sees it; once silent it is not asked again.

    `prefix` is what the names of its images begin with, `architecture` what the Engine runs on, as images say it.
    """

    prefix: str
    architecture: str
    is_silent: bool = False

    @classmethod
    def at(cls, prefix: str) -> Registry:
        """Raises `SetupStopped` without an Engine."""
        asked = ("version", "--format", "{{.Server.Arch}}")
        return cls(prefix=prefix, architecture=engine.docker(*asked, doing="docker version").strip())

    def name_of(self, tag: str, inputs: str) -> str:
        """``terraspawner/hub:0.1.0`` -> ``registry.example.org/terraspawner/hub:<inputs>-amd64``."""
        name = tag.rpartition(":")[0].rpartition("/")[2]
        return f"{self.prefix}/{name}:{inputs}-{self.architecture}"

    def pull(self, name: str) -> str:
        """As `pull`; several images do not wait for a silent registry one after the other."""
        refusal = SILENT if self.is_silent else pull(name)
        self.is_silent = refusal == SILENT
        return refusal

    def push(self, name: str) -> None:
        """Raises `SetupStopped`."""
        done = attempt(["docker", "push", "--quiet", name], timeout=PUSH_SECONDS)
        if done.returncode:
            host = self.prefix.partition("/")[0]
            raise SetupStopped(
                f"{name} was not pushed: {done.stderr.strip() or 'docker push said nothing'}\n"
                f"See that {host} answers and lets you in (`docker login {host}`), then run `make push` again."
            )


def pull(image: str) -> str:
    """Pull an image. Returns why a registry did not give it; empty where it did. Waits 15 s for a first answer."""
    with tempfile.TemporaryFile("w+") as output:
        client = subprocess.Popen(["docker", "pull", image], stdout=output, stderr=subprocess.STDOUT)
        started = time.monotonic()
        while client.poll() is None:
            seconds = time.monotonic() - started
            has_answered = os.fstat(output.fileno()).st_size > 0
            if seconds > (PULL_SECONDS if has_answered else FIRST_ANSWER_SECONDS):
                client.kill()
            time.sleep(0.1)
        output.seek(0)
        said = output.read()
    if client.returncode == 0:
        return ""
    return refusal_of(said)


def refusal_of(said: str) -> str:
    """Our words for the client's."""
    return next((words for pattern, words in REFUSALS if re.search(pattern, said)), SILENT)
