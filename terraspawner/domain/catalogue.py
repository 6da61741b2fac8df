"""What there is to choose from: sizes and images. Nobody has what is not in it, whoever asks and however.

The first size is that of an environment for which nobody chose one; the first image that has the notebook's kernel, or
the first of all, is what it is made from.
"""

from __future__ import annotations

from dataclasses import dataclass

from terraspawner.domain.language import Language, runs_in
from terraspawner.domain.size import Rates, Size
from terraspawner.errors import Refused

_SHOWN = 100


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
    """`reference` is what Docker calls it, `about` a line for people, `language` what it is for: R's runs both."""

    name: str
    title: str
    about: str
    reference: str
    language: Language


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """At least one of each."""

    sizes: tuple[OfferedSize, ...]
    images: tuple[OfferedImage, ...]

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


def _no_such(kind: str, name: str, there_are: list[str]) -> str:
    return f"There is no {kind} {name[:_SHOWN]!r}. Choose one of: {', '.join(there_are)}."
