"""What there is to choose from: sizes and images. Nobody has what is not in it, whoever asks and however.

The first size is that of an environment for which nobody chose one; the first image that has the notebook's kernel, or
the first of all, is what it is made from.
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass, field

from terraspawner.domain.language import Language, runs_in
from terraspawner.domain.size import Rates, Size
from terraspawner.domain.tags import NAME, Tagged, Tags
from terraspawner.errors import Refused

_SHOWN = 100
_LONGEST_REFERENCE = 255
_REFERENCE = re.compile(
    r"[a-z0-9]+([._-]+[a-z0-9]+)*(:\d{1,5})?(/[a-z0-9]+([._-]+[a-z0-9]+)*)*(:\w[\w.-]{0,127})?(@sha256:[0-9a-f]{64})?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferedSize:
    """CPU in cores, memory in bytes. `size` is what an environment keeps of it."""

    name: str
    title: str
    cpu: float
    memory: int
    rates: Rates

    @property
    def size(self) -> Size:
        return Size(name=self.name, cpu=self.cpu, memory=self.memory, rates=self.rates)


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferedImage:
    """`reference` is what Docker calls it, `about` a line for people, `language` what it is for: R's runs both; `tags`
    are those that the catalogue gives it."""

    name: str
    title: str
    about: str
    reference: str
    language: Language
    tags: Tags = field(default_factory=dict)

    @property
    def all_tags(self) -> Tags:
        """With those that nobody sets."""
        return {**self.tags, NAME: self.name, "kind": str(Tagged.IMAGE)}


class MayName(enum.StrEnum):
    """Who may have an image that is not in the catalogue."""

    NOBODY = "nobody"
    OPERATORS = "operators"
    EVERYBODY = "everybody"


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomImages:
    """`prefixes` are what a reference must begin with: an image of this machine can be anybody's."""

    allowed: MayName = MayName.NOBODY
    prefixes: tuple[str, ...] = ()

    def may_name(self, *, is_operator: bool) -> bool:
        return self.allowed is MayName.EVERYBODY or (self.allowed is MayName.OPERATORS and is_operator)


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """At least one of each."""

    sizes: tuple[OfferedSize, ...]
    images: tuple[OfferedImage, ...]
    custom: CustomImages = CustomImages()

    def size_named(self, name: str | None) -> OfferedSize:
        """The size that a wish names, the first where it names none. Raises `Refused`, which names those there are."""
        if name is None:
            return self.sizes[0]
        found = self.find_size(name)
        if found is None:
            raise Refused(_no_such("size", name, [each.name for each in self.sizes]))
        return found

    def image_named(self, name: str | None) -> OfferedImage:
        """As `size_named`, of images."""
        if name is None:
            return self.images[0]
        found = self.find_image(name)
        if found is None:
            raise Refused(_no_such("image", name, [each.name for each in self.images]))
        return found

    def image_wished(self, name: str | None, *, is_operator: bool) -> OfferedImage:
        """As `image_named`; where the policy lets this person name others, `name` can be a reference too.

        What such an image is for is not known yet: it has to be looked into before its first use. Raises `Refused`.
        """
        if name is None or self.find_image(name) or not self.custom.may_name(is_operator=is_operator):
            return self.image_named(name)
        if not is_reference(name):
            raise Refused(
                f"{name[:_SHOWN]!r} is neither in the catalogue nor an image's name. Write one such as"
                f" {self.custom.prefixes[0].rstrip('/:')}/lab:2026.1."
            )
        if not name.startswith(self.custom.prefixes):
            raise Refused(
                f"Images beside those of the catalogue begin here with: {', '.join(self.custom.prefixes)}."
                f" {name[:_SHOWN]!r} does not."
            )
        return OfferedImage(name=name, title=name, about="", reference=name, language=Language.PYTHON)

    def find_size(self, name: str) -> OfferedSize | None:
        return next((each for each in self.sizes if each.name == name), None)

    def find_image(self, name: str) -> OfferedImage | None:
        return next((each for each in self.images if each.name == name), None)

    def image_for(self, wanted: Language | None) -> OfferedImage:
        """What a notebook of this language is opened in where there is no environment yet: the first image that is for
        it, else the first that runs it, else the first."""
        is_for = (each for each in self.images if each.language is wanted)
        runs = (each for each in self.images if runs_in(each.language, wanted))
        return next(is_for, None) or next(runs, self.images[0])


def is_reference(text: str) -> bool:
    """Whether `text` can be what Docker calls an image: no option, no path, and no longer than a row holds."""
    return len(text) <= _LONGEST_REFERENCE and _REFERENCE.fullmatch(text) is not None


def _no_such(kind: str, name: str, there_are: list[str]) -> str:
    return f"There is no {kind} {name[:_SHOWN]!r}. Choose one of: {', '.join(there_are)}."
