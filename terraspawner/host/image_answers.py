"""How the host service tells of an image: facts and findings, as JSON."""

from __future__ import annotations

from typing import Any

from terraspawner.containers.image_look import Look
from terraspawner.domain.image_check import findings, language_of_kernels


def told(look: Look | None, hub_version: str) -> dict[str, Any]:
    """`hub_version` is the Hub's here, which an image's must fit."""
    if look is None:
        return {"is_here": False}
    return {
        "is_here": True,
        "id": look.id,
        "created_at": look.created_at,
        "size": look.size,
        "language": str(language_of_kernels(look.facts.kernels)),
        "findings": [each.message for each in findings(look.facts, hub_version)],
        "packages": [
            {"language": str(each.language), "name": each.name, "version": each.version} for each in look.packages
        ],
    }
