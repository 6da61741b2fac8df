"""The catalogue as an operator writes it: a TOML file. Every fault of it is one sentence that names the entry.

What a size leaves out is the deployment's own (`Standard`): cores, memory, and prices in proportion to the memory,
which is what a machine runs out of. So a file that names two sizes and no price has sensible prices.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from terraspawner.domain import tags
from terraspawner.domain.catalogue import Catalogue, CustomImages, MayName, OfferedImage, OfferedSize, is_reference
from terraspawner.domain.language import Language
from terraspawner.domain.size import Rates
from terraspawner.errors import SettingsWrong, TagRefused

_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_LONGEST_NAME = 40
_LONGEST_TEXT = 200
_BYTES = re.compile(r"(?P<number>\d+(\.\d+)?) ?(?P<unit>MiB|GiB)")
_UNITS = {"MiB": 1024**2, "GiB": 1024**3}
_LEAST_MEMORY = 256 * 1024**2
_MOST_MEMORY = 64 * 1024**4
_MOST_CPU, _MOST_PRICE, _MOST_TIMES = 1024, 10_000, 1024
_SMALLEST = Decimal("0.000001")

_SIZE_KEYS = {"title", "times", "cpu", "memory", "running", "frozen", "paused"}
_IMAGE_KEYS = {"title", "about", "reference", "language", "tags"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Standard:
    """What the deployment's settings say: the size of an environment, and the image for each language."""

    cpu: float
    memory: int
    rates: Rates
    images: Mapping[Language, str]


def read_catalogue(text: str, standard: Standard, source: str) -> Catalogue:
    """The catalogue that `text` is. Raises `SettingsWrong` with a sentence that names `source` and the entry."""
    try:
        found = tomllib.loads(text)
        return _catalogue(found, standard)
    except tomllib.TOMLDecodeError as error:
        raise SettingsWrong(f"{source} is no TOML file: {error}. Correct it there.") from error
    except _Wrong as wrong:
        raise SettingsWrong(f"{source}: {wrong}") from wrong


class _Wrong(Exception):
    """What is wrong with an entry; the entry's name goes before it."""


def _catalogue(found: Mapping[str, Any], standard: Standard) -> Catalogue:
    _known(found, {"sizes", "images", "custom_images"}, "the file")
    sizes = tuple(_size(name, entry, standard) for name, entry in _entries(found, "sizes"))
    images = tuple(_image(name, entry, standard) for name, entry in _entries(found, "images"))
    return Catalogue(sizes=sizes, images=images, custom=_custom(found.get("custom_images", {})))


def _custom(entry: Any) -> CustomImages:
    at = "custom_images"
    if not isinstance(entry, dict):
        raise _Wrong(f"{at} is a value; write [{at}] on a line of its own and its keys below.")
    _known(entry, {"allowed", "prefixes"}, at)
    allowed = entry.get("allowed", "nobody")
    if allowed not in list(MayName):
        raise _Wrong(f"{at}.allowed is {allowed!r}; it is one of: {', '.join(MayName)}.")
    prefixes = entry.get("prefixes", [])
    if not isinstance(prefixes, list) or not all(_is_prefix(each) for each in prefixes):
        raise _Wrong(f'{at}.prefixes must be a list of what references begin with, up to a slash: ["ours/"].')
    if allowed != MayName.NOBODY and not prefixes:
        raise _Wrong(f"{at}.prefixes is empty, so any image of this machine could be had, whosever it is. Name some.")
    return CustomImages(allowed=MayName(allowed), prefixes=tuple(prefixes))


def _is_prefix(text: object) -> bool:
    """Up to a slash at least: a name without one could be the id of any image."""
    return isinstance(text, str) and "/" in text and is_reference(text.rstrip("/:"))


def _entries(found: Mapping[str, Any], kind: str) -> list[tuple[str, Mapping[str, Any]]]:
    entries = found.get(kind)
    if not isinstance(entries, dict) or not entries:
        raise _Wrong(f"it names no {kind}. Add one, such as [{kind}.{'standard' if kind == 'sizes' else 'python'}].")
    for name, entry in entries.items():
        if not _NAME.fullmatch(name) or len(name) > _LONGEST_NAME:
            raise _Wrong(f"[{kind}.{name}] has a name with other than small letters, digits and single hyphens.")
        if not isinstance(entry, dict):
            raise _Wrong(f"{kind}.{name} is a value; write [{kind}.{name}] on a line of its own and its keys below.")
    return list(entries.items())


def _size(name: str, entry: Mapping[str, Any], standard: Standard) -> OfferedSize:
    at = f"sizes.{name}"
    _known(entry, _SIZE_KEYS, at)
    if "times" in entry and {"cpu", "memory"} & set(entry):
        raise _Wrong(f"{at}.times multiplies what the settings say; leave out either it or `cpu` and `memory`.")
    times = _number(entry, "times", at, most=_MOST_TIMES) if "times" in entry else Decimal(1)
    cpu = float(_number(entry, "cpu", at, most=_MOST_CPU)) if "cpu" in entry else standard.cpu * float(times)
    memory = _memory(entry, at) if "memory" in entry else int(standard.memory * times)
    rates = _rates(entry, at, standard, Decimal(memory) / standard.memory)
    return OfferedSize(name=name, title=_title(entry, at, name), cpu=cpu, memory=memory, rates=rates)


def _rates(entry: Mapping[str, Any], at: str, standard: Standard, share: Decimal) -> Rates:
    """What is not given follows from what is: frozen from running as with the standard size, all from the memory."""
    of = standard.rates
    running = _price(entry, "running", at, of.running * share)
    derived = of.frozen / of.running * running if of.running else of.frozen * share
    frozen = _price(entry, "frozen", at, derived)
    return Rates(running=running, frozen=frozen, paused=_price(entry, "paused", at, of.paused * share))


def _image(name: str, entry: Mapping[str, Any], standard: Standard) -> OfferedImage:
    at = f"images.{name}"
    _known(entry, _IMAGE_KEYS, at)
    word = entry.get("language", "python")
    if word not in list(Language):
        raise _Wrong(f"{at}.language is {word!r}; it is one of: {', '.join(Language)}.")
    language = Language(word)
    reference = _text(entry, "reference", at, standard.images[language])
    if not is_reference(reference):
        raise _Wrong(f"{at}.reference is {reference!r}, which is no image's name; write one such as ours/lab:2026.1.")
    return OfferedImage(
        name=name,
        title=_title(entry, at, name),
        about=_text(entry, "about", at, ""),
        reference=reference,
        language=language,
        tags=_tags(entry.get("tags", {}), at),
    )


def _tags(entry: Any, at: str) -> dict[str, str]:
    if not isinstance(entry, dict) or not all(isinstance(value, str) for value in entry.values()):
        raise _Wrong(f'{at}.tags must be keys with texts: tags = {{ course = "biology-1" }}.')
    try:
        return tags.checked(entry, tags.Tagged.IMAGE)
    except TagRefused as error:
        raise _Wrong(f"{at}.tags: {error.message}") from error


def _known(entry: Mapping[str, Any], known: set[str], at: str) -> None:
    if unknown := sorted(set(entry) - known):
        raise _Wrong(f"{at} has no key {unknown[0]!r}; there are: {', '.join(sorted(known))}.")


def _title(entry: Mapping[str, Any], at: str, name: str) -> str:
    return _text(entry, "title", at, name.replace("-", " ").capitalize())


def _text(entry: Mapping[str, Any], key: str, at: str, otherwise: str) -> str:
    text = entry.get(key, otherwise)
    if not isinstance(text, str) or not text.isprintable() or len(text) > _LONGEST_TEXT or (key in entry and not text):
        raise _Wrong(f"{at}.{key} must be a line of text of at most {_LONGEST_TEXT} characters, in quotes.")
    return text


def _number(entry: Mapping[str, Any], key: str, at: str, *, most: int) -> Decimal:
    value = entry[key]
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= most:
        raise _Wrong(f"{at}.{key} is {value!r}; it must be a number above 0 and at most {most}.")
    return Decimal(str(value))


def _price(entry: Mapping[str, Any], key: str, at: str, otherwise: Decimal) -> Decimal:
    if key not in entry:
        return otherwise.quantize(_SMALLEST)
    value = entry[key]
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _MOST_PRICE:
        raise _Wrong(f"{at}.{key} is {value!r}; it must be dollars an hour, from 0 to {_MOST_PRICE}.")
    return Decimal(str(value))


def _memory(entry: Mapping[str, Any], at: str) -> int:
    value = entry["memory"]
    found = _BYTES.fullmatch(value) if isinstance(value, str) else None
    size = int(Decimal(found["number"]) * _UNITS[found["unit"]]) if found else 0
    if not _LEAST_MEMORY <= size <= _MOST_MEMORY:
        raise _Wrong(f'{at}.memory is {value!r}; write it as "4 GiB" or "512 MiB", 256 MiB at least.')
    return size
