"""What rclone is told, compared whole."""

import configparser
from pathlib import Path

import pytest

from terraspawner.domain.bucket_mount import Answer
from terraspawner.errors import SettingsWrong
from terraspawner.host.bucket_mounts import arguments
from terraspawner.host.bucket_mounts.arguments import Folders
from terraspawner.host.bucket_mounts.rclone import answer_of, told
from terraspawner.storage.addresses import Store, parse_address
from terraspawner.storage.options import Options

pytestmark = pytest.mark.feature("H2")

ID = "a" * 16
S3 = "AWS_ACCESS_KEY_ID=who\nAWS_SECRET_ACCESS_KEY=hush = # hush\n"
AZURE = "AZURE_STORAGE_ACCOUNT_NAME=lab\nAZURE_STORAGE_ACCOUNT_KEY=hush==\n"
GOOGLE = '{"type": "service_account",\n "private_key": "hush\\nhush"}'


def configured(store: Store, **options: str) -> dict[str, str]:
    text = arguments.configuration(store, Options(**options))  # type: ignore[arg-type]
    parser = configparser.RawConfigParser()
    parser.read_string(text)
    assert parser.sections() == [arguments.REMOTE]
    return dict(parser[arguments.REMOTE])


def test_s3_is_told_its_keys_or_to_take_the_platforms() -> None:
    given = configured(Store.S3, endpoint="https://store.example.org:9000", region="here", credentials=S3)
    assert given == {
        "type": "s3", "provider": "Other", "endpoint": "https://store.example.org:9000", "region": "here",
        "access_key_id": "who", "secret_access_key": "hush = # hush", "no_check_bucket": "true", "chunk_size": "8Mi",
        "upload_concurrency": "2", "encoding": "Slash,InvalidUtf8,Dot,Ctl,Del",
    }  # fmt: skip
    chain = configured(Store.S3)
    assert (chain["provider"], chain["env_auth"]) == ("AWS", "true")
    assert not {"access_key_id", "secret_access_key", "endpoint"} & set(chain)


def test_azure_and_google_are_told_theirs() -> None:
    azure = configured(Store.AZURE, credentials=AZURE, endpoint="http://127.0.0.1:1/lab")
    assert (azure["type"], azure["account"], azure["key"]) == ("azureblob", "lab", "hush==")
    assert "env_auth" not in azure
    google = configured(Store.GCS, credentials=GOOGLE)
    assert (google["type"], "private_key" in google["service_account_credentials"]) == ("google cloud storage", True)
    assert configured(Store.AZURE)["env_auth"] == configured(Store.GCS)["env_auth"] == "true"


def test_a_value_cannot_write_further_lines_and_is_not_told() -> None:
    with pytest.raises(SettingsWrong) as refused:
        arguments.configuration(Store.S3, Options(credentials="AWS_ACCESS_KEY_ID=hush\x0bcommand"))
    assert "hush" not in refused.value.message


def test_no_credential_is_among_the_words_and_all_waits_are_short() -> None:
    folders = Folders(cache=Path("/cache"), configuration=Path("/memory/conf"), socket=Path("/memory/sock"))
    words = arguments.words(folders)
    assert words[:7] == ["prlimit", "--data=1073741824", "setpriv", "--pdeathsig", "KILL", "rclone", "rcd"]
    assert words[words.index("--buffer-size") + 1] == "1Mi", "some of it for each file that anybody has open"
    for name, value in (("--timeout", "8s"), ("--contimeout", "3s"), ("--low-level-retries", "1"), ("--retries", "1")):
        assert words[words.index(name) + 1] == value
    azure = arguments.words(folders, arguments.timeout_of(Store.AZURE))
    assert azure[azure.index("--timeout") + 1] == "1500ms", "it tries four times"
    assert {arguments.timeout_of(store) for store in (Store.S3, Store.GCS)} == {"8s"}
    assert words[words.index("--rc-addr") + 1] == "unix:///memory/sock"
    assert words[words.index("--cache-dir") + 1] == "/cache"
    assert words[words.index("--disable") + 1] == "About", "a look at a mount asks nobody"


def test_its_variables_are_the_platforms_and_none_of_ours() -> None:
    around = {"PATH": "/bin", "AWS_ROLE_ARN": "r", "TERRA_BUCKETS_CREDENTIALS": "hush", "TERRA_SECRET_KEY": "hush"}
    assert arguments.environment(around) == {"PATH": "/bin", "AWS_ROLE_ARN": "r"}


@pytest.mark.parametrize(
    ("url", "where"), [("s3://lab/deep/er", f"lab/deep/er/{ID}"), ("s3://lab-{workspace}", f"lab-{ID}")]
)
def test_the_data_of_one_workspace_is_mounted_and_its_notebooks_to_read(url: str, where: str) -> None:
    place = arguments.where(parse_address(url).place_of(ID))
    shared = {"AllowOther": True, "DefaultPermissions": True, "DeviceName": "bucket"}
    data = arguments.data_request(place, Path("/points/bucket"), 1000)
    assert data == {
        "fs": f"store:{where}/data/", "mountPoint": "/points/bucket", "mountType": "mount", "mountOpt": shared,
        "vfsOpt": {
            "DirCacheTime": "5s", "UID": 1000, "GID": 1000, "CacheMode": "writes", "CacheMaxSize": "1000B",
            "WriteBack": "1s", "Umask": "002",
        },
    }  # fmt: skip
    notebooks = arguments.notebooks_request(place, Path("/points/notebooks"))
    assert (notebooks["fs"], notebooks["vfsOpt"]["ReadOnly"]) == (f"store:{where}/notebooks/", True)
    assert arguments.file_system(place) == {"fs": f"store:{where}/data"}
    mark = f"{where}/.terra/bucket"
    assert arguments.question(place) == {"fs": "store:", "remote": mark, "opt": {"filesOnly": True}}


@pytest.mark.parametrize(
    ("error", "answer"),
    [
        ("operation error S3: HeadObject, https response error StatusCode: 403, RequestID: x", Answer.REFUSED),
        ("HEAD https://lab.blob.example.org/lab/x RESPONSE 401: 401 Unauthorized", Answer.REFUSED),
        ("googleapi: Error 403: hush has no access", Answer.REFUSED),
        ("couldn't list files: 401 Not Authorized", Answer.REFUSED),
        ("couldn't list files: Sabre: No public access: 401 Unauthorized", Answer.REFUSED),
        ('couldn\'t list files: Propfind "http://lab.example.org/401 x/": dial tcp: connection refused', Answer.NONE),
        ("directory not found", Answer.MISSING),
        ("failed to create file system: Unable to login with provided credentials.", Answer.REFUSED),
        (
            "operation error S3: HeadObject, https response error StatusCode: 0, RequestID: 403, request send",
            Answer.NONE,
        ),
        ("rclone did not answer (ReadTimeout).", Answer.NONE),
    ],
)
def test_a_store_that_refuses_is_told_from_one_that_does_not_answer(error: str, answer: Answer) -> None:
    assert answer_of(error) is answer


def test_our_log_has_neither_addresses_nor_secrets() -> None:
    line = 'ERROR: PUT "https://lab.example.org/x?sig=hush%3D" for who:hush refused\n'
    assert told(line, ["hush", "who"]) == 'ERROR: PUT "<address> for <secret>:<secret> refused'
    assert len(told("x" * 5000, [])) == 400
