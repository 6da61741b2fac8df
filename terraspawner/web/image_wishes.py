"""An image that is wished for, before anything is asked of the Hub with it: may this person have it, and is it fit?"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from terraspawner.domain.catalogue import OfferedImage
from terraspawner.errors import HostUnavailable
from terraspawner.host_client import SeenImage
from terraspawner.operations import images
from terraspawner.web.parts import Parts


async def looked_into(parts: Parts, user: str, name: str) -> OfferedImage:
    """The image of this name; one beside the catalogue is looked into first. Raises `Refused`, `HostUnavailable`."""
    offered = await parts.deeds(images.allow, user=user, name=name)
    if parts.catalogue.find_image(offered.name):
        return offered
    return images.refuse_unfit(offered, await parts.host.look_at_image(offered.reference))


async def seen_of(parts: Parts) -> Mapping[str, SeenImage | None]:
    """What is in each image of the catalogue, by its name there; None where the host does not say."""
    names = [each.name for each in parts.catalogue.images]
    seen = await asyncio.gather(*(_seen(parts, each.reference) for each in parts.catalogue.images))
    return dict(zip(names, seen, strict=True))


async def _seen(parts: Parts, reference: str) -> SeenImage | None:
    try:
        return await parts.host.look_at_image(reference)
    except HostUnavailable:
        return None
