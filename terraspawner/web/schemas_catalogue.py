"""Sizes and images as REST offers them; see `schemas` for the units."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, Field

from terraspawner.domain.catalogue import Catalogue, OfferedImage, OfferedSize
from terraspawner.domain.environment import Environment
from terraspawner.domain.language import Language
from terraspawner.domain.size import Size
from terraspawner.host_client import SeenImage
from terraspawner.operations import images


class OfferedSizeOut(BaseModel):
    """Prices in dollars, without the disk."""

    name: str
    title: str
    cpu: float = Field(description="cores")
    memory: int
    running_per_hour: float
    frozen_per_hour: float
    paused_per_hour: float

    @classmethod
    def of(cls, offered: OfferedSize) -> OfferedSizeOut:
        return cls(
            name=offered.name,
            title=offered.title,
            cpu=offered.cpu,
            memory=offered.memory,
            running_per_hour=float(offered.rates.running),
            frozen_per_hour=float(offered.rates.frozen),
            paused_per_hour=float(offered.rates.paused),
        )


class PackageOut(BaseModel):
    language: Language
    name: str
    version: str


class OfferedImageOut(BaseModel):
    """What the catalogue says of an image, and what the machine finds in it."""

    name: str
    title: str
    about: str = Field(description="a line for people")
    reference: str = Field(description="what Docker calls it")
    language: Language = Field(description="what it is for; `r` has the kernels of both")
    tags: dict[str, str] = Field(description="as the catalogue says")
    is_here: bool | None = Field(description="this machine has it; null, as below, while the host service is silent")
    created_at: datetime | None = Field(description="when it was built")
    size: int | None
    findings: list[str] | None = Field(description="what keeps environments from being made from it; empty: nothing")
    packages: list[PackageOut] | None = Field(description="as the image lists them itself")

    @classmethod
    def of(cls, offered: OfferedImage, seen: SeenImage | None) -> OfferedImageOut:
        return cls(
            name=offered.name,
            title=offered.title,
            about=offered.about,
            reference=offered.reference,
            language=offered.language,
            tags=dict(offered.tags),
            is_here=seen.is_here if seen else None,
            created_at=seen.created_at if seen and seen.is_here else None,
            size=seen.size if seen and seen.is_here else None,
            findings=list(seen.findings) if seen and seen.is_here else None,
            packages=[PackageOut.model_validate(each) for each in seen.packages] if seen and seen.is_here else None,
        )


class SizeOut(BaseModel):
    """What an environment has: as it was when the size was chosen."""

    name: str = Field(description="in the catalogue (`GET /sizes`)")
    title: str
    cpu: float = Field(description="cores")
    memory: int

    @classmethod
    def of(cls, size: Size, catalogue: Catalogue) -> SizeOut:
        offered = catalogue.find_size(size.name)
        return cls(name=size.name, title=offered.title if offered else size.name, cpu=size.cpu, memory=size.memory)


class ImageOut(BaseModel):
    """What an environment is made from."""

    name: str = Field(description="in the catalogue (`GET /images`)")
    title: str
    reference: str = Field(description="what Docker calls it")
    language: Language = Field(description="what it is for; `r` has the kernels of both")

    @classmethod
    def of(cls, here: Environment | None, catalogue: Catalogue) -> ImageOut:
        """Of an environment, or of the one that there would be."""
        if here is None:
            first = catalogue.image_named(None)
            return cls(name=first.name, title=first.title, reference=first.reference, language=first.language)
        title = images.title_of(catalogue, here)
        return cls(name=here.image_name, title=title, reference=here.image, language=here.language)
