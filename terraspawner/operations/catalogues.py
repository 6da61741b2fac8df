"""The catalogue of this deployment: from the file that the settings name, or the one that comes with us."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from terraspawner.domain.catalogue import Catalogue
from terraspawner.domain.catalogue_file import Standard, read_catalogue
from terraspawner.domain.language import Language
from terraspawner.domain.size import Rates
from terraspawner.errors import SettingsWrong
from terraspawner.settings import Settings

SHIPPED = Path(__file__).parents[1] / "catalogue.toml"


def catalogue_of(settings: Settings) -> Catalogue:
    """Read it. Raises `SettingsWrong` with a sentence that names the file and the entry."""
    path = Path(settings.catalogue) if settings.catalogue else SHIPPED
    try:
        text = path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsWrong(f"TERRA_CATALOGUE names {path}, which cannot be read: {error}.") from error
    return read_catalogue(text, standard_of(settings), f"TERRA_CATALOGUE {path}" if settings.catalogue else str(path))


def standard_of(settings: Settings) -> Standard:
    return Standard(
        cpu=settings.cpu_limit,
        memory=settings.memory_limit,
        rates=Rates(
            running=Decimal(str(settings.price_running)),
            frozen=Decimal(str(settings.price_frozen)),
            paused=Decimal(str(settings.price_paused)),
        ),
        images={Language.PYTHON: settings.image_python, Language.R: settings.image_r},
    )
