"""Downloads against a server on loopback that stalls, cuts, lies and changes its mind."""

import errno
import hashlib
import random
import shutil
import socket
import threading
import time
import urllib.error

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.nn.file_server import serving
from wasinn_nb.nn.cancel import CancelToken
from wasinn_nb.nn.errors import (
    Cancelled,
    InvalidArgument,
    ModelNotFound,
    NNError,
    RuntimeFailure,
)
from wasinn_nb.nn.sources import download
from wasinn_nb.nn.sources.download import Downloader, checksum
from wasinn_nb.nn.sources.http import check_address

DATA = random.Random(0).randbytes(300_000)
SHA = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def server():
    with serving(DATA) as running:
        yield running


@pytest.fixture
def downloader(tmp_path):
    return Downloader(tmp_path / "downloads", stall=1.5, backoff=0.01)


def leftovers(path):
    """What lies beside a finished file besides what is known of it and its lock."""
    known = {path.name, f".{path.name}.json", f".{path.name}.lock"}
    return {entry.name for entry in path.parent.iterdir()} - known


def test_a_file_arrives_and_is_not_asked_for_again(server, downloader):
    seen = []
    path = downloader.fetch(server.url, progress=lambda what, part: seen.append((what, part)))
    assert path.read_bytes() == DATA
    assert path.name == "model.gguf"
    assert leftovers(path) == set()
    assert seen[0][0].startswith("downloading model.gguf")
    assert seen[-1] == ("downloaded model.gguf (300 KB of 300 KB)", 1.0)
    assert [part for _, part in seen] == sorted(part for _, part in seen)
    assert downloader.fetch(server.url) == path
    assert len(server.requests) == 1


def test_files_that_are_named_like_what_is_known_of_others(server, downloader):
    names = ["voice.onnx", "voice.onnx.json", "voice.onnx.part", "voice.onnx.lock"]
    paths = [downloader.fetch(f"{server.base}/{name}") for name in names]
    assert [path.name for path in paths] == names
    assert [downloader.fetch(f"{server.base}/{name}").read_bytes() for name in names] == [DATA] * 4
    assert len(server.requests) == len(names)


def test_a_cached_file_of_another_size_is_fetched_again(server, downloader):
    path = downloader.fetch(server.url)
    path.write_bytes(DATA[:100])
    assert downloader.fetch(server.url).read_bytes() == DATA


@pytest.mark.parametrize("validator", ["etag", "date"])
def test_a_cut_transfer_goes_on_where_it_was(server, downloader, validator):
    if validator == "date":
        server.etag, server.modified = None, "Sun, 01 Feb 2026 00:00:00 GMT"
    server.faults = [("cut", 100_000), ("cut", 50_000)]
    assert downloader.fetch(server.url).read_bytes() == DATA
    ranges = [headers.get("Range") for _, headers in server.requests]
    assert ranges == [None, "bytes=100000-", "bytes=150000-"]


def test_a_later_kernel_goes_on_where_an_earlier_one_was_stopped(server, tmp_path):
    server.faults = [("stall", 120_000)]
    token = CancelToken()

    def stop():
        until = time.monotonic() + 60
        while not any(file.stat().st_size > 100_000 for file in tmp_path.rglob("*.part")):
            assert time.monotonic() < until
            time.sleep(0.01)
        time.sleep(0.5)  # what is left is on its way
        token.cancel()

    threading.Thread(target=stop).start()
    with pytest.raises(Cancelled):
        Downloader(tmp_path).fetch(server.url, cancel=token)
    path = Downloader(tmp_path).fetch(f"{server.url}#sha256={SHA}")
    assert path.read_bytes() == DATA
    assert server.requests[1][1]["Range"] == "bytes=120000-"
    assert leftovers(path) == set()


def test_a_changed_file_is_not_mixed_with_the_old_one(server, downloader):
    server.faults = [("cut", 100_000), ("status", 404)]
    with pytest.raises(ModelNotFound):
        downloader.fetch(server.url)
    server.data, server.etag = DATA[::-1], '"v2"'
    assert downloader.fetch(server.url).read_bytes() == DATA[::-1]
    assert server.requests[-1][1]["If-Range"] == '"v1"'


@pytest.mark.parametrize("etag", [None, 'W/"weak"'])
def test_without_a_strong_version_a_cut_transfer_starts_over(server, downloader, etag):
    server.etag = etag
    server.faults = [("cut", 100_000)]
    assert downloader.fetch(server.url).read_bytes() == DATA
    assert all("Range" not in headers for _, headers in server.requests)


def test_a_server_that_ignores_ranges_starts_over(server, downloader):
    server.ranges = False
    server.faults = [("cut", 100_000)]
    assert downloader.fetch(server.url).read_bytes() == DATA


def test_a_file_that_became_shorter_starts_over(server, downloader):
    server.faults = [("cut", 200_000), ("status", 404)]
    with pytest.raises(ModelNotFound):
        downloader.fetch(server.url)
    server.data = DATA[:1000]
    assert downloader.fetch(server.url).read_bytes() == DATA[:1000]


def test_a_file_without_a_length_is_taken_to_its_end(server, downloader):
    server.lengths = False
    assert downloader.fetch(server.url).read_bytes() == DATA


def test_a_length_that_is_never_reached_is_an_error(server, downloader):
    server.faults = [("longer", 10)] * 20
    server.etag = None
    with pytest.raises(RuntimeFailure, match="ended after 300,000 of 300,010 bytes"):
        downloader.fetch(server.url)


def test_silence_is_given_up_and_tried_again(server, downloader):
    server.faults = [("stall", 10_000), ("hang",)]
    assert downloader.fetch(server.url).read_bytes() == DATA
    assert len(server.requests) == 3


def test_errors_that_pass_are_waited_for(server, downloader):
    server.faults = [("status", 500), ("status", 503, 0), ("status", 429)]
    assert downloader.fetch(server.url).read_bytes() == DATA


def test_errors_that_stay_are_told(server, downloader):
    server.faults = [("status", 503)] * 20
    with pytest.raises(RuntimeFailure, match="answered 503"):
        downloader.fetch(server.url)
    assert len(server.requests) == download.ATTEMPTS


@pytest.mark.parametrize(("status", "words"), [(404, "no file"), (403, "login"), (410, "410")])
def test_refusals_are_final(server, downloader, status, words):
    server.faults = [("status", status)]
    with pytest.raises(ModelNotFound, match=words):
        downloader.fetch(server.url)
    assert len(server.requests) == 1


@pytest.mark.parametrize("fault", [("stall", 5000), ("hang",), ("status", 503, 15)])
def test_cancel_is_quick_whatever_the_server_does(server, tmp_path, fault):
    server.faults = [fault]
    token = CancelToken()
    stopped = []

    def stop():
        stopped.append(time.monotonic())
        token.cancel("stop")

    threading.Timer(0.2, stop).start()
    with pytest.raises(Cancelled):
        Downloader(tmp_path).fetch(server.url, cancel=token)
    assert time.monotonic() - stopped[0] < 8  # and not when the server or its 15 s say so


def test_cancel_while_waiting_for_another_kernel(server, tmp_path):
    server.faults = [("stall", 5000)]
    first, second = CancelToken(), CancelToken()
    waiting = threading.Event()
    ends = []

    def fetch(token, progress):
        try:
            Downloader(tmp_path).fetch(server.url, cancel=token, progress=progress)
        except Cancelled:
            ends.append(token)

    begun = threading.Event()
    one = threading.Thread(target=fetch, args=(first, lambda *_: begun.set()))
    one.start()
    assert begun.wait(10)
    two = threading.Thread(
        target=fetch, args=(second, lambda what, _: what.startswith("waiting") and waiting.set())
    )
    two.start()
    assert waiting.wait(10)
    second.cancel()
    two.join(10)
    assert ends == [second]
    first.cancel()
    one.join(10)
    assert len(server.requests) == 1


def test_two_kernels_download_once(server, tmp_path):
    server.delay = 0.005
    paths = []
    threads = [
        threading.Thread(target=lambda: paths.append(Downloader(tmp_path).fetch(server.url)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(paths) == 4
    assert len(set(paths)) == 1
    assert len(server.requests) == 1


def test_checksums(server, downloader):
    assert downloader.fetch(f"{server.url}#sha256={SHA.upper()}").read_bytes() == DATA
    assert len(server.requests) == 1
    with pytest.raises(InvalidArgument, match=f"SHA-256 {SHA} instead of {'0' * 64}"):
        downloader.fetch(f"{server.url}#sha256={'0' * 64}")
    assert len(server.requests) == 2
    with pytest.raises(InvalidArgument, match="not a checksum"):
        downloader.fetch(f"{server.url}#md5=1234")


def test_a_wrong_file_is_not_kept(server, downloader):
    with pytest.raises(InvalidArgument, match="was deleted"):
        downloader.fetch(f"{server.url}#sha256={'0' * 64}")
    folder = downloader.path(server.url).parent
    assert not [entry for entry in folder.iterdir() if entry.suffix in {".gguf", ".part"}]


def test_redirects_are_followed_a_few_times(server, downloader):
    server.faults = [("redirect", f"{server.base}/elsewhere/other.gguf")]
    path = downloader.fetch(server.url)
    assert path.name == "model.gguf"
    assert [p for p, _ in server.requests] == ["/models/model.gguf", "/elsewhere/other.gguf"]


def test_redirects_do_not_go_round(server, downloader):
    server.faults = [("redirect", server.url)] * 50
    with pytest.raises(ModelNotFound, match="redirects"):
        downloader.fetch(server.url)
    assert len(server.requests) < 10


@pytest.mark.parametrize(
    ("target", "words"),
    [("http://example.org/x.gguf", "not encrypted"), ("file:///etc/passwd", "not followed")],
)
def test_redirects_do_not_leave_what_is_allowed(server, downloader, target, words):
    server.faults = [("redirect", target)]
    with pytest.raises(NNError, match=words):
        downloader.fetch(server.url)


def test_offline_is_told_with_the_host(downloader):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(ModelNotFound) as caught:
        downloader.fetch(f"http://127.0.0.1:{port}/model.gguf")
    assert "No connection to 127.0.0.1" in str(caught.value)
    assert "not in the cache" in str(caught.value)


def test_a_name_that_does_not_resolve(downloader, monkeypatch):
    def fail(*_args, **_options):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ModelNotFound, match=r"No connection to models\.invalid \(Name or service"):
        downloader.fetch("https://models.invalid/model.gguf")


def test_a_disk_without_room_is_told_before_anything_arrives(server, downloader, monkeypatch):
    usage = shutil.disk_usage("/")._replace(free=5000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(RuntimeFailure, match=r"needs 300 KB of disk; 5.00 KB is free"):
        downloader.fetch(server.url)


def test_a_disk_that_fills_up_is_told(server, downloader, monkeypatch):
    def fill(*_args):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(download._Job, "write", fill)
    with pytest.raises(RuntimeFailure, match="The disk is full"):
        downloader.fetch(server.url)


def test_an_unwritable_cache_is_told(server, tmp_path):
    (tmp_path / "downloads").write_text("a file where the directory should be")
    with pytest.raises(RuntimeFailure, match="cannot be written"):
        Downloader(tmp_path / "downloads").fetch(server.url)


def test_an_empty_file_is_told(server, downloader):
    server.data = b""
    with pytest.raises(ModelNotFound, match="empty"):
        downloader.fetch(server.url)


def test_addresses_that_are_not_allowed():
    for address, words in (
        ("http://example.org/m.gguf", "https://"),
        ("https://user:secret@example.org/m.gguf", "password"),
        ("https:///m.gguf", "not an address"),
        ("https://example.org:port/m.gguf", "not an address"),
        ("https://exa mple.org/", "not an address"),
    ):
        with pytest.raises(InvalidArgument) as caught:
            check_address(address)
        assert words in str(caught.value)
        assert "secret" not in str(caught.value)
    for address in ("https://example.org/m", "http://localhost:1/m", "http://[::1]/m"):
        assert check_address(address) == address


def test_an_https_server_with_an_unknown_certificate_is_refused(downloader, monkeypatch):
    import ssl

    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_message = "self-signed certificate"

    class Opener:
        def open(self, *_args, **_options):
            raise urllib.error.URLError(error)

    monkeypatch.setattr("wasinn_nb.nn.sources.http._opener", lambda _host: Opener())
    with pytest.raises(RuntimeFailure, match=r"certificate of example\.org .* self-signed"):
        downloader.fetch("https://example.org/model.gguf")


@given(st.text(max_size=80))
def test_any_fragment_is_a_checksum_or_refused(fragment):
    try:
        digest = checksum(fragment)
    except InvalidArgument:
        return
    assert digest == "" or len(digest) == 64


@given(st.from_regex(r"https://[a-z]{1,20}/[^\s#?]{0,60}", fullmatch=True))
def test_a_cached_file_stays_in_the_cache(tmp_path_factory, address):
    directory = tmp_path_factory.getbasetemp()
    path = Downloader(directory).path(address)
    assert path.parent.parent == directory
    assert path.resolve() == path
