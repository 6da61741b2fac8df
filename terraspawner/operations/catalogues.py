"""What operators name in files: the catalogue, or the one that comes with us, and drives from outside."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from terraspawner.domain.catalogue import Catalogue
from terraspawner.domain.catalogue_file import Standard, read_catalogue
from terraspawner.domain.language import Language
from terraspawner.domain.outside import OfferedDrive
from terraspawner.domain.outside_file import read_drives
from terraspawner.domain.size import Rates
from terraspawner.errors import SettingsWrong
from terraspawner.settings import Settings

SHIPPED = Path(__file__).parents[1] / "catalogue.toml"


def catalogue_of(settings: Settings) -> Catalogue:
    """Read it. Raises `SettingsWrong` with a sentence that names the file and the entry."""
    path = Path(settings.catalogue) if settings.catalogue else SHIPPED
    text = _text("TERRA_CATALOGUE", path)
    return read_catalogue(text, standard_of(settings), f"TERRA_CATALOGUE {path}" if settings.catalogue else str(path))


def drives_of(settings: Settings) -> tuple[OfferedDrive, ...]:
    """Those that people may connect; none where no file is named. Raises as `catalogue_of`."""
    if not settings.outside_drives:
        return ()
    path = Path(settings.outside_drives)
    return read_drives(_text("TERRA_OUTSIDE_DRIVES", path), f"TERRA_OUTSIDE_DRIVES {path}")


def _text(setting: str, path: Path) -> str:
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsWrong(f"{setting} names {path}, which cannot be read: {error}.") from error


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
