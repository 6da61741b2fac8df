"""The file with sizes and images: what it may say, what follows from what it does not say, and how its faults read."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from terraspawner.domain.catalogue import Catalogue
from terraspawner.domain.catalogue_file import Standard, read_catalogue
from terraspawner.domain.language import Language
from terraspawner.domain.size import Rates
from terraspawner.errors import Refused, SettingsWrong
from terraspawner.operations.catalogues import catalogue_of
from terraspawner.settings import Settings

GIB = 1024**3
STANDARD = Standard(
    cpu=1.0,
    memory=2 * GIB,
    rates=Rates(running=Decimal("0.06"), frozen=Decimal("0.02"), paused=Decimal("0.01")),
    images={Language.PYTHON: "ours/python:1", Language.R: "ours/r:1"},
)
IMAGES = '[images.python]\n[images.r]\nlanguage = "r"\n'
SIZES = "[sizes.standard]\n"


def read(text: str, standard: Standard = STANDARD) -> Catalogue:
    return read_catalogue(text, standard, "lab.toml")


@pytest.mark.feature("C9", "C10")
def test_what_is_shipped_is_the_settings_and_twice_that() -> None:
    settings = Settings(cpu_limit=1.5, memory_limit=3 * GIB, image_r="ours/r:7")
    found = catalogue_of(settings)
    assert [(each.name, each.cpu, each.memory, each.rates.running) for each in found.sizes] == [
        ("standard", 1.5, 3 * GIB, Decimal("0.06")),
        ("large", 3.0, 6 * GIB, Decimal("0.12")),
    ]
    assert [(each.name, each.reference, each.language) for each in found.images] == [
        ("python", settings.image_python, Language.PYTHON),
        ("r", "ours/r:7", Language.R),
    ]


@pytest.mark.parametrize(
    ("keys", "cpu", "memory", "running", "frozen", "paused"),
    [
        ("", 1, 2 * GIB, "0.06", "0.02", "0.01"),
        ("times = 2", 2, 4 * GIB, "0.12", "0.04", "0.02"),
        ("times = 0.5", 0.5, GIB, "0.03", "0.01", "0.005"),
        ('memory = "8 GiB"', 1, 8 * GIB, "0.24", "0.08", "0.04"),
        ('memory = "512MiB"', 1, 512 * 1024**2, "0.015", "0.005", "0.0025"),
        ("cpu = 4", 4, 2 * GIB, "0.06", "0.02", "0.01"),
        ("running = 0.3", 1, 2 * GIB, "0.3", "0.1", "0.01"),
        ("running = 0", 1, 2 * GIB, "0", "0", "0.01"),
        ("running = 0.3\nfrozen = 0.25\npaused = 0", 1, 2 * GIB, "0.3", "0.25", "0"),
    ],
)
def test_what_a_size_leaves_out_follows_from_the_settings(
    keys: str, cpu: float, memory: int, running: str, frozen: str, paused: str
) -> None:
    (size,) = read(f"{SIZES}{keys}\n{IMAGES}").sizes
    assert (size.cpu, size.memory) == (cpu, memory)
    assert size.rates == Rates(running=Decimal(running), frozen=Decimal(frozen), paused=Decimal(paused))
    assert size.size.rates == size.rates


def test_a_deployment_without_prices_has_sizes_without_prices() -> None:
    free = replace(STANDARD, rates=Rates(running=Decimal(0), frozen=Decimal(0), paused=Decimal(0)))
    assert read(f"{SIZES}times = 3\n{IMAGES}", free).sizes[0].rates == free.rates


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[sizes.standard\n" + IMAGES, "line 1"),
        ("x = 1\n" + SIZES + IMAGES, "the file has no key 'x'"),
        (IMAGES, "names no sizes"),
        (SIZES, "names no images"),
        ("sizes = 3\n" + IMAGES, "names no sizes"),
        ("[sizes.Big]\n" + IMAGES, "[sizes.Big]"),
        ('[sizes."../x"]\n' + IMAGES, "[sizes.../x]"),
        ("[sizes.--rm]\n" + IMAGES, "[sizes.--rm]"),
        (f"[sizes.{'x' * 41}]\n" + IMAGES, "small letters"),
        ("[sizes]\nstandard = 3\n" + IMAGES, "[sizes.standard] on a line of its own"),
        (SIZES + "memroy = 3\n" + IMAGES, "sizes.standard has no key 'memroy'"),
        (SIZES + "cpu = 0\n" + IMAGES, "sizes.standard.cpu is 0"),
        (SIZES + "cpu = true\n" + IMAGES, "sizes.standard.cpu is True"),
        (SIZES + "cpu = nan\n" + IMAGES, "sizes.standard.cpu is nan"),
        (SIZES + 'cpu = "2"\n' + IMAGES, "sizes.standard.cpu is '2'"),
        (SIZES + "times = 2\ncpu = 2\n" + IMAGES, "sizes.standard.times"),
        (SIZES + "memory = 4\n" + IMAGES, "sizes.standard.memory is 4"),
        (SIZES + 'memory = "4 GB"\n' + IMAGES, '"4 GiB"'),
        (SIZES + 'memory = "1 MiB"\n' + IMAGES, "256 MiB at least"),
        (SIZES + "running = -1\n" + IMAGES, "sizes.standard.running is -1"),
        (SIZES + "running = inf\n" + IMAGES, "sizes.standard.running is inf"),
        (SIZES + 'title = ""\n' + IMAGES, "sizes.standard.title"),
        (SIZES + 'title = "a\\nb"\n' + IMAGES, "sizes.standard.title"),
        (SIZES + '[images.x]\nlanguage = "julia"\n', "images.x.language is 'julia'; it is one of: python, r"),
        (SIZES + '[images.x]\nreference = "--privileged"\n', "images.x.reference is '--privileged'"),
        (SIZES + '[images.x]\nreference = "../../etc"\n', "images.x.reference"),
        (SIZES + '[images.x]\nreference = "a b"\n', "images.x.reference"),
        (SIZES + '[images.x]\nreference = "ours/lab:1\\n"\n', "images.x.reference"),
        (SIZES + "[images.x]\nreference = 3\n", "images.x.reference"),
        (SIZES + IMAGES + '[custom_images]\nallowed = "all"\n', "one of: nobody, operators, everybody"),
        (SIZES + IMAGES + '[custom_images]\nallowed = "everybody"\n', "custom_images.prefixes is empty"),
        (SIZES + IMAGES + '[custom_images]\nprefixes = ["lab"]\n', "custom_images.prefixes"),
        (SIZES + IMAGES + '[custom_images]\nprefixes = [""]\n', "custom_images.prefixes"),
        (SIZES + IMAGES + '[custom_images]\nprefixes = ["../x/"]\n', "custom_images.prefixes"),
        (SIZES + IMAGES + '[custom_images]\nprefixes = "lab/"\n', "custom_images.prefixes"),
        (SIZES + IMAGES + "[custom_images]\nwho = 1\n", "custom_images has no key 'who'"),
        ("custom_images = 1\n" + SIZES + IMAGES, "[custom_images] on a line of its own"),
        (SIZES + '[images.x]\ntag = "1"\n', "images.x has no key 'tag'"),
    ],
)
def test_a_fault_is_one_sentence_that_names_the_file_and_the_entry(text: str, says: str) -> None:
    with pytest.raises(SettingsWrong) as wrong:
        read(text)
    assert says in wrong.value.message
    assert wrong.value.message.startswith("lab.toml")
    assert "\n" not in wrong.value.message


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsWrong, match=r"TERRA_CATALOGUE names .*missing\.toml"):
        catalogue_of(Settings(catalogue=str(tmp_path / "missing.toml")))


CATALOGUE = read(f'{SIZES}[sizes.large]\ntimes = 2\n{IMAGES}[images.deep]\ntitle = "Deep learning"\n')


@pytest.mark.parametrize("name", ["", "Large", "huge", "../large", "--privileged", "x" * 10_000, "large\n"])
def test_a_size_or_an_image_that_there_is_not_is_refused_with_those_that_there_are(name: str) -> None:
    with pytest.raises(Refused, match="standard, large") as size:
        CATALOGUE.size_named(name)
    with pytest.raises(Refused, match="python, r, deep") as image:
        CATALOGUE.image_named(name)
    assert len(size.value.message) + len(image.value.message) < 400


def test_where_nobody_chooses_it_is_the_first() -> None:
    assert (CATALOGUE.size_named(None).name, CATALOGUE.image_named(None).name) == ("standard", "python")


@pytest.mark.parametrize(
    ("images", "wanted", "opens_in"),
    [
        (IMAGES, Language.PYTHON, "python"),
        (IMAGES, Language.R, "r"),
        (IMAGES, None, "python"),
        ('[images.r]\nlanguage = "r"\n[images.python]\n', Language.PYTHON, "python"),
        ('[images.r]\nlanguage = "r"\n', Language.PYTHON, "r"),
        ("[images.deep]\n[images.python]\n", Language.PYTHON, "deep"),
        ("[images.deep]\n[images.python]\n", Language.R, "deep"),
    ],
)
def test_a_notebook_opens_in_the_first_image_that_is_for_it(
    images: str, wanted: Language | None, opens_in: str
) -> None:
    assert read(SIZES + images).image_for(wanted).name == opens_in


def with_custom(allowed: str) -> Catalogue:
    custom = f'[custom_images]\nallowed = "{allowed}"\nprefixes = ["lab/", "registry.example.org:5000/team/"]\n'
    return read(SIZES + IMAGES + custom)


@pytest.mark.feature("C10")
@pytest.mark.parametrize(
    ("allowed", "is_operator", "may"),
    [
        ("nobody", False, False),
        ("nobody", True, False),
        ("operators", False, False),
        ("operators", True, True),
        ("everybody", False, True),
        ("everybody", True, True),
    ],
)
def test_the_policy_says_who_may_name_an_image_that_is_not_in_the_catalogue(
    allowed: str, is_operator: bool, may: bool
) -> None:
    catalogue = with_custom(allowed)
    assert catalogue.image_wished("r", is_operator=is_operator).name == "r"
    if may:
        found = catalogue.image_wished("lab/deep:2026.1", is_operator=is_operator)
        assert (found.name, found.reference) == ("lab/deep:2026.1", "lab/deep:2026.1")
    else:
        with pytest.raises(Refused, match="Choose one of: python, r"):
            catalogue.image_wished("lab/deep:2026.1", is_operator=is_operator)


@pytest.mark.feature("C10")
@pytest.mark.parametrize(
    "reference",
    [
        "--privileged",
        "-v/:/host",
        "../r",
        "lab/../hub",
        "lab/x y",
        "lab/x\n",
        "lab//x",
        "LAB/x",
        "lab/",
        "lab/x:",
        "lab/x@sha256:12",
        "terraspawner/hub:0.1.0",
        "labx/y",
        "sha256:" + "a" * 64,
        "a" * 64,
        "lab/" + "x" * 300,
        "http://lab/x",
        "lab/x;id",
        "lab/\u0435vil",
        "",
    ],
)
def test_a_hostile_or_a_foreign_name_of_an_image_is_refused(reference: str) -> None:
    with pytest.raises(Refused) as refused:
        with_custom("everybody").image_wished(reference, is_operator=True)
    assert len(refused.value.message) < 300


@pytest.mark.parametrize(
    "reference", ["lab/x", "lab/x:1", "registry.example.org:5000/team/x@sha256:" + "a" * 64, "lab/a/b_c-d.e:1_2-3.4"]
)
def test_a_name_that_begins_as_it_must_is_taken(reference: str) -> None:
    assert with_custom("everybody").image_wished(reference, is_operator=False).reference == reference
