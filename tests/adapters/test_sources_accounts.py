"""Whose keys are used: s3://, gs:// and az:// with credentials from where each ecosystem's own tools find them.

Moto and Azurite answer; moto believes every signature, so what was sent is read off the wire in front of it.
"""

import base64
import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from reconciler.adapters.sources import Sources, aws
from reconciler.core.errors import Reason, ReconcileError, TerminalError
from reconciler.core.spec import Credentials, Source
from tests.azurite import ACCOUNT, Azure
from tests.azurite import KEY as AZURE_KEY
from tests.fault_proxy import Proxy, fault_proxy
from tests.web import KEY, SECRET, Page, Web, s3_client, s3_server

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", autouse=True)
def filled(moto: str, azure: Azure) -> None:
    """The same object in a bucket and in two containers."""
    client = s3_client(moto)
    client.create_bucket(Bucket="models", ACL="public-read")
    client.put_object(Bucket="models", Key="m/a", Body=b"abc", ACL="public-read")
    azure.fill("models", {"m/a": b"abc"})
    azure.fill("open", {"m/a": b"abc"}, public=True)


@pytest.fixture
def wire(moto: str) -> Iterator[Proxy]:
    """The server with what was sent to it."""
    with fault_proxy(moto) as proxy:
        yield proxy


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nobody's keys."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)


def read(uri: str, environment: Mapping[str, str], profile: Credentials | None = None) -> bytes:
    """The one file of a source."""
    sources = Sources({"p": profile or Credentials()}, environment)
    store = sources.store(Source(uri=uri, credentials="p"))
    (file,) = store.listing()
    return b"".join(store.blocks(file))


def sent(proxy: Proxy) -> str:
    return "\n".join(proxy.sent).lower()


# --- s3://


def aws_files(directory: Path, monkeypatch: pytest.MonkeyPatch, config: str) -> None:
    """What `aws configure` writes."""
    (directory / ".aws").mkdir()
    (directory / ".aws/credentials").write_text(
        f"[prod]\naws_access_key_id = {KEY}\naws_secret_access_key = {SECRET}\naws_session_token = T0KEN\n"
    )
    (directory / ".aws/config").write_text(config)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(directory / ".aws/credentials"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(directory / ".aws/config"))


@pytest.mark.parametrize("by_variable", [True, False])
def test_a_profile_of_aws_gives_endpoint_region_keys_and_token(
    wire: Proxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, by_variable: bool
) -> None:
    aws_files(tmp_path, monkeypatch, f"[profile prod]\nregion = eu-west-7\nendpoint_url = {wire.url}\n")
    if by_variable:
        monkeypatch.setenv("AWS_PROFILE", "prod")
    assert read("s3://models/m/a", {}, None if by_variable else Credentials(profile="prod")) == b"abc"
    assert f"credential={KEY.lower()}/" in sent(wire)
    assert "/eu-west-7/s3/aws4_request" in sent(wire)
    assert "x-amz-security-token: t0ken" in sent(wire)
    assert "get /models/m/a http" in sent(wire)  # the bucket in the path is obstore's way unless told otherwise


def test_a_profile_may_ask_for_the_bucket_in_the_host(
    web: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = "http://s3.invalid"
    config = f"[profile prod]\nendpoint_url = {place}\ns3 =\n  addressing_style = virtual\n"
    aws_files(tmp_path, monkeypatch, config)
    monkeypatch.setenv("http_proxy", web.url)  # the only way to a name that does not exist
    with pytest.raises(ReconcileError):
        read("s3://models/m/a", {}, Credentials(profile="prod"))
    assert web.requests[0] == "HEAD http://models.s3.invalid/m/a"


IN_ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "AKIDENV",
    "AWS_SECRET_ACCESS_KEY": "s",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
}


@pytest.fixture
def asked_of_botocore(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Credentials]:
    """Whose session was opened, in a home without a config."""
    asked: list[Credentials] = []
    session = aws._session
    monkeypatch.setenv("HOME", str(tmp_path))

    def counted(profile: Credentials) -> object:
        asked.append(profile)
        return session(profile)

    monkeypatch.setattr(aws, "_session", counted)
    return asked


def test_keys_of_the_environment_need_nothing_of_botocore(asked_of_botocore: list[Credentials]) -> None:
    """It takes half a second to say the same."""
    found = aws.settings("b", Credentials(), {**IN_ENVIRONMENT, "AWS_SESSION_TOKEN": "t", "AWS_REGION": "eu-west-1"})
    assert found["config"] == {"region": "eu-west-1", "endpoint": "http://127.0.0.1:9"}
    assert found["credential_provider"]() == {
        "access_key_id": "AKIDENV",
        "secret_access_key": "s",
        "token": "t",
        "expires_at": None,
    }
    assert asked_of_botocore == []


@pytest.mark.parametrize(
    "variable", ["AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SECURITY_TOKEN", "AWS_SECRET_ACCESS_KEY"]
)
def test_where_the_environment_is_not_all_botocore_is_asked(
    asked_of_botocore: list[Credentials], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    (tmp_path / "credentials").write_text("[default]\naws_access_key_id = AKIDFILE\naws_secret_access_key = s\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    environment = {**IN_ENVIRONMENT, variable: "" if variable.endswith("KEY") else "default"}
    aws.settings("b", Credentials(), environment)
    assert asked_of_botocore == [Credentials()]


@pytest.mark.parametrize("file", ["config", "credentials"])
def test_the_files_of_aws_are_read_beside_keys_of_the_environment(
    asked_of_botocore: list[Credentials], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str
) -> None:
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / file).write_text("[default]\nregion = eu-north-1\n")
    for name, text in IN_ENVIRONMENT.items():
        monkeypatch.setenv(name, text)
    found = aws.settings("b", Credentials(), IN_ENVIRONMENT)
    assert found["config"]["region"] == "eu-north-1"
    assert found["credential_provider"]()["access_key_id"] == "AKIDENV"
    assert asked_of_botocore == [Credentials()]


def test_temporary_keys_of_a_profile_s_variables_are_sent_with_their_token(wire: Proxy) -> None:
    environment = {
        "P_AWS_ACCESS_KEY_ID": "AKIDTEMP",
        "P_AWS_SECRET_ACCESS_KEY": SECRET,
        "P_AWS_SESSION_TOKEN": "T0KEN",
        "P_AWS_REGION": "eu-west-9",
        "P_AWS_ENDPOINT_URL": wire.url,
    }
    assert read("s3://models/m/a", environment, Credentials(from_env="P_")) == b"abc"
    assert "x-amz-security-token: t0ken" in sent(wire)
    assert "/eu-west-9/s3/aws4_request" in sent(wire)


def test_a_role_of_the_machine_is_found(wire: Proxy, web: Web, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    role = {
        "AccessKeyId": "AKIDROLE",
        "SecretAccessKey": SECRET,
        "Token": "R0LE",
        "Expiration": "2036-01-01T00:00:00Z",
    }
    web.put("/role", json.dumps(role).encode())
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{web.url}/role")
    aws_files(tmp_path, monkeypatch, "")
    assert read("s3://models/m/a", {"AWS_ENDPOINT_URL_S3": wire.url}) == b"abc"
    assert "credential=akidrole/" in sent(wire)
    assert "x-amz-security-token: r0le" in sent(wire)


@pytest.mark.parametrize("profile", [Credentials(), Credentials(from_env="P_")])
def test_an_anonymous_reader_sends_no_signature(wire: Proxy, profile: Credentials) -> None:
    environment = {"AWS_ENDPOINT_URL": wire.url, f"{profile.from_env or ''}AWS_SKIP_SIGNATURE": "true"}
    assert read("s3://models/m/a", environment, profile) == b"abc"
    assert "authorization" not in sent(wire)


def test_an_anonymous_reader_is_refused_where_keys_are_wanted(tmp_path: Path) -> None:
    (tmp_path / "buckets/models").mkdir(parents=True)
    with s3_server(tmp_path / "buckets") as endpoint, pytest.raises(TerminalError) as raised:
        read("s3://models/m/a", {"AWS_ENDPOINT_URL": endpoint, "AWS_SKIP_SIGNATURE": "true"})
    assert raised.value.reason is Reason.SOURCE_UNREADABLE


def test_a_version_of_an_object_is_read_although_there_is_a_later_one(moto: str) -> None:
    client = s3_client(moto)
    client.create_bucket(Bucket="versioned")
    client.put_bucket_versioning(Bucket="versioned", VersioningConfiguration={"Status": "Enabled"})
    old = client.put_object(Bucket="versioned", Key="m/a", Body=b"old")["VersionId"]
    client.put_object(Bucket="versioned", Key="m/a", Body=b"new")
    environment = {"P_AWS_ACCESS_KEY_ID": KEY, "P_AWS_SECRET_ACCESS_KEY": SECRET, "AWS_ENDPOINT_URL": moto}
    profile = Credentials(from_env="P_")
    assert read("s3://versioned/m/a", environment, profile) == b"new"
    assert read(f"s3://versioned/m/a?versionId={old}", environment, profile) == b"old"
    with pytest.raises(TerminalError):
        read("s3://versioned/m/a?versionId=none", environment, profile)


# --- gs://


def service_account(key: rsa.RSAPrivateKey) -> str:
    """What Google's console gives for a service account."""
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    account = {
        "type": "service_account",
        "private_key_id": "1",
        "private_key": private.decode(),
        "client_email": "models@project.iam.gserviceaccount.com",
    }
    return json.dumps(account)


@pytest.mark.parametrize(
    "variable", ["GOOGLE_SERVICE_ACCOUNT", "GOOGLE_SERVICE_ACCOUNT_KEY", "P_GOOGLE_SERVICE_ACCOUNT"]
)
def test_a_service_account_signs_what_is_asked_of_google(wire: Proxy, tmp_path: Path, variable: str) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    path = tmp_path / "account.json"
    path.write_text(service_account(key))
    value = path.read_text() if variable.endswith("KEY") else str(path)
    profile = Credentials(endpoint_url=wire.url, from_env="P_" if variable.startswith("P_") else None)
    assert read("gs://models/m/a", {variable: value}, profile) == b"abc"
    token = next(line for line in proxy_lines(wire) if line.lower().startswith("authorization: bearer ")).split()[-1]
    signed, _, signature = token.rpartition(".")
    key.public_key().verify(_decoded(signature), signed.encode(), padding.PKCS1v15(), hashes.SHA256())
    assert json.loads(_decoded(signed.partition(".")[2]))["iss"] == "models@project.iam.gserviceaccount.com"


def test_an_anonymous_reader_of_google_sends_no_token(wire: Proxy) -> None:
    environment = {"GOOGLE_SKIP_SIGNATURE": "true", "STORAGE_EMULATOR_HOST": wire.url}
    assert read("gs://models/m/a", environment) == b"abc"
    assert "authorization" not in sent(wire)


def proxy_lines(proxy: Proxy) -> list[str]:
    return list(proxy.sent)


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


# --- az://


def test_an_account_is_found_in_azures_own_variables(azure: Azure) -> None:
    place = {"AZURE_STORAGE_ENDPOINT": azure.endpoint}
    connection = (
        f"DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={AZURE_KEY};BlobEndpoint={azure.endpoint};"
    )
    for environment in (
        place | {"AZURE_STORAGE_ACCOUNT": ACCOUNT, "AZURE_STORAGE_KEY": AZURE_KEY},
        place | {"AZURE_STORAGE_ACCOUNT_NAME": ACCOUNT, "AZURE_STORAGE_ACCOUNT_KEY": AZURE_KEY},
        place | {"AZURE_STORAGE_ACCOUNT": ACCOUNT, "AZURE_STORAGE_SAS_TOKEN": azure.sas()},
        place | {"AZURE_STORAGE_ACCOUNT": ACCOUNT, "AZURE_STORAGE_SAS_TOKEN": "?" + azure.sas()},
        {"AZURE_STORAGE_CONNECTION_STRING": connection},
    ):
        assert read("az://models/m/a", environment) == b"abc"


def test_a_container_may_be_named_with_its_account(azure: Azure) -> None:
    environment = {"AZURE_STORAGE_ENDPOINT": azure.endpoint, "AZURE_STORAGE_KEY": AZURE_KEY}
    assert read(f"abfs://models@{ACCOUNT}.dfs.core.windows.net/m/a", environment) == b"abc"
    assert read(f"abfss://models@{ACCOUNT}.dfs.core.windows.net/m", environment) == b"abc"


def test_a_public_container_is_read_without_any_key(azure: Azure) -> None:
    environment = {
        "AZURE_STORAGE_ENDPOINT": azure.endpoint,
        "AZURE_STORAGE_ACCOUNT": ACCOUNT,
        "AZURE_SKIP_SIGNATURE": "true",
    }
    assert read("az://open/m/a", environment) == b"abc"
    with pytest.raises(TerminalError):
        read("az://models/m/a", environment)


def test_a_profile_wins_over_other_credentials_of_the_environment(
    azure: Azure, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_KEY", base64.b64encode(b"another account's").decode())
    environment = {"P_AZURE_STORAGE_ACCOUNT": ACCOUNT, "P_AZURE_STORAGE_SAS_TOKEN": azure.sas()}
    assert read("az://models/m/a", environment, Credentials(endpoint_url=azure.endpoint, from_env="P_")) == b"abc"


def test_a_container_without_an_account_is_told(azure: Azure) -> None:
    with pytest.raises(TerminalError, match="no usable credentials") as raised:
        read("az://models/m/a", {"AZURE_STORAGE_ENDPOINT": azure.endpoint})
    assert raised.value.reason is Reason.CREDENTIALS_MISSING


# --- all of them


def test_a_machine_that_is_nobody_has_no_credentials(azure: Azure, web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    web.pages["/identity"] = Page(status=400)
    monkeypatch.setenv("AZURE_MSI_ENDPOINT", f"{web.url}/identity")
    with pytest.raises(TerminalError, match="no usable credentials") as raised:
        read("az://models/m/a", {"AZURE_STORAGE_ENDPOINT": azure.endpoint, "AZURE_STORAGE_ACCOUNT": ACCOUNT})
    assert raised.value.reason is Reason.CREDENTIALS_MISSING


def test_nothing_that_is_said_of_a_failure_holds_a_secret(azure: Azure, tmp_path: Path) -> None:
    key = service_account(rsa.generate_private_key(public_exponent=65537, key_size=2048))
    wrong = base64.b64encode(b"wr0ng").decode()
    environment = {
        "P_AWS_ACCESS_KEY_ID": "AKIDWR0NG",
        "P_AWS_SECRET_ACCESS_KEY": "wr0ng-secret",
        "P_AWS_SESSION_TOKEN": "wr0ng-token",
        "P_GOOGLE_SERVICE_ACCOUNT_KEY": key,
        "P_AZURE_STORAGE_ACCOUNT": ACCOUNT,
        "P_AZURE_STORAGE_ACCOUNT_KEY": wrong,
        "S_AZURE_STORAGE_ACCOUNT": ACCOUNT,
        "S_AZURE_STORAGE_SAS_TOKEN": azure.sas()[:-8] + "wr0ng%3D",
        "S_AZURE_STORAGE_KEY": "",
        "X_AZURE_STORAGE_ACCOUNT": ACCOUNT,
        "X_AZURE_STORAGE_ACCOUNT_KEY": "no base64: wr0ng",
        "X_GOOGLE_SERVICE_ACCOUNT_KEY": "no json: wr0ng",
    }
    dead = "http://ann:wr0ng@127.0.0.1:9"
    (tmp_path / "buckets/models").mkdir(parents=True)
    with s3_server(tmp_path / "buckets") as s3:
        for uri, endpoint, prefix in (
            ("s3://models/m", s3, "P_"),
            ("s3://models/m", dead, "P_"),
            ("gs://models/m", dead, "P_"),
            ("gs://models/m", azure.endpoint, "P_"),
            ("gs://models/m", dead, "X_"),
            ("az://models/m", azure.endpoint, "P_"),
            ("az://models/m", azure.endpoint, "S_"),
            ("az://models/m", azure.endpoint, "X_"),
            ("az://models/m", dead, "S_"),
        ):
            with pytest.raises(ReconcileError) as raised:
                read(uri, environment, Credentials(endpoint_url=endpoint, from_env=prefix))
            said = f"{raised.value} {raised.value!r}"
            assert not [part for part in ("wr0ng", "WR0NG", wrong, "PRIVATE KEY", "sig=") if part in said], said


def test_an_azure_key_that_is_none_is_told_by_its_variable() -> None:
    with pytest.raises(TerminalError, match="AZURE_STORAGE_KEY") as raised:
        read("az://models/m/a", {"AZURE_STORAGE_ACCOUNT": ACCOUNT, "AZURE_STORAGE_KEY": "s3cret!"})
    assert raised.value.reason is Reason.CREDENTIALS_MISSING
    assert "s3cret" not in f"{raised.value} {raised.value!r}"
