"""Where TERRA_BUCKETS says that buckets are."""

from pathlib import PurePosixPath

import pytest

from terraspawner.errors import SettingsWrong
from terraspawner.storage.addresses import Address, Place, Store, parse_address

ID = "a" * 16


@pytest.mark.feature("H1", "H2")
@pytest.mark.parametrize(
    ("url", "container", "prefix"),
    [
        ("s3://lab", "lab", ID),
        ("s3://lab/", "lab", ID),
        ("s3://lab/deep/er", "lab", f"deep/er/{ID}"),
        ("az://lab/deep/", "lab", f"deep/{ID}"),
        ("s3://lab-{workspace}", f"lab-{ID}", ""),
        ("s3://lab-{workspace}/terra", f"lab-{ID}", "terra"),
        ("s3://lab/of-{workspace}/here", "lab", f"of-{ID}/here"),
    ],
)
def test_a_bucket_has_one_place_in_an_object_store(url: str, container: str, prefix: str) -> None:
    address = parse_address(url)
    assert address.is_object_store
    assert address.place_of(ID) == Place(store=address.store, container=container, prefix=prefix)


@pytest.mark.feature("H1")
def test_a_folder_and_memory_are_no_object_stores() -> None:
    folder = parse_address("file:///srv/terra/some%20buckets")
    assert folder == Address(store=Store.DIRECTORY, folder=PurePosixPath("/srv/terra/some buckets"))
    assert not folder.is_object_store
    assert not parse_address("memory:trial").is_object_store


@pytest.mark.parametrize(
    "url",
    [
        "", "file:buckets", "file://elsewhere/x", "ftp://lab", "s3://", "s3:///lab", "s3://key:secret@lab", "s3://lab:80",
        "s3://lab?region=x", "s3://lab/../other", "s3://lab/a b", "s3://lab/{user}", "s3://Lab", "https://lab",
        "az://lab-{workspace}", "gs://lab-{workspace}",
    ],
)  # fmt: skip
def test_what_names_no_store_is_refused_by_the_settings_name(url: str) -> None:
    with pytest.raises(SettingsWrong, match="TERRA_BUCKETS"):
        parse_address(url)
