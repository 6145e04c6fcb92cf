"""Which GPUs are tried, how often, and by whom: no machine of the tests has one that encodes."""

from contextlib import contextmanager

import av
import pytest
from helpers import FrameNumber, assert_nothing_beside, assert_shows

from dask_animate.encoding import encoder_choice
from dask_animate.encoding.encoder_choice import encoder_reasons, gpu_reason, lasting_gpu_reason
from dask_animate.encoding.options import EncodeOptions
from dask_animate.errors import AnimateError, EncoderError
from dask_animate.execution import worker_gpus
from dask_animate.frames import FrameSize

NO_UNIT = "OpenEncodeSessionEx failed: unsupported device (2): (no details)"
IN_USE = "OpenEncodeSessionEx failed: out of memory (10): (no details)"
NONE_LEFT = "No capable devices found"
SIZE = FrameSize(48, 64)


@pytest.fixture
def nvenc(monkeypatch):
    """An NVENC that fails as it is told to; returns what it says, and how often it was opened."""

    class Nvenc:
        def __init__(self):
            self.messages = []
            self.n_opened = 0

        def open(self, context):
            self.n_opened += 1
            raise av.error.ExternalError(542398533, "Generic error in an external library")

        @contextmanager
        def said(self):
            yield self.messages

    one = Nvenc()
    monkeypatch.setattr(encoder_choice, "_lacking", {})
    monkeypatch.setattr(encoder_choice, "open_encoder", one.open)
    monkeypatch.setattr(encoder_choice, "_messages", one.said)
    return one


@pytest.mark.parametrize(
    ("messages", "cause"),
    [
        (["Cannot load libcuda.so.1"], "there is no NVIDIA driver on this machine (Cannot load"),
        (["Cannot load libnvidia-encode.so.1"], "the driver lacks its encoding library"),
        (["The minimum required Nvidia driver for nvenc is 570.0 or newer"], "the NVIDIA driver is too"),
        ([NO_UNIT, NONE_LEFT], "this GPU has no NVENC unit (A100, H100 and H200 have none) (OpenEnc"),
        (
            ["cuInit(0) failed -> CUDA_ERROR_NO_DEVICE: no CUDA-capable device is detected"],
            "there is no",
        ),
        (["No CUDA capable devices found"], "there is no NVIDIA GPU on this machine"),
    ],
)
def test_what_lasts_is_found_out_once(nvenc, messages, cause):
    nvenc.messages = messages
    reason = gpu_reason(EncodeOptions.create("a.mp4", 30), SIZE)
    assert reason.startswith(cause)
    assert messages[0] in reason
    other = EncodeOptions.create("a.mp4", 30, codec="hevc", quality=30)
    assert gpu_reason(other, FrameSize(1080, 1920)) == lasting_gpu_reason(other) == reason
    assert encoder_reasons(EncodeOptions.create("a.mp4", 30, mode="gpu"), SIZE) == {"h264_nvenc": reason}
    assert nvenc.n_opened == 1
    assert gpu_reason(EncodeOptions.create("a.mp4", 30, mode="cpu"), SIZE) == 'video_mode="cpu"'
    assert gpu_reason(EncodeOptions.create("a.webm", 30), SIZE).startswith("no GPU encodes vp9")


@pytest.mark.parametrize(
    ("messages", "cause"),
    [
        ([IN_USE, NONE_LEFT], "all encoding sessions of the driver are in use"),
        ([NO_UNIT, IN_USE, NONE_LEFT], "all encoding sessions of the driver are in use"),
        (["Width 9000 exceeds 8192", NONE_LEFT], "it does not take frames of this size"),
        (
            ["InitializeEncoder failed: invalid param (8): Frame Dimension less than the minimum"],
            "it does",
        ),
        ([NO_UNIT, "cuCtxCreate failed -> CUDA_ERROR_NEW", NONE_LEFT], "this GPU has no NVENC unit"),
        (["Codec not supported", NONE_LEFT], "the NVENC unit of this GPU does not take this codec"),
        (["Something new"], "Something new: h264_nvenc does not start at 64x48 pixels with "),
    ],
)
def test_what_may_pass_is_tried_again(nvenc, messages, cause):
    nvenc.messages = messages
    options = EncodeOptions.create("a.mp4", 30)
    for n_opened in (1, 2):
        assert gpu_reason(options, SIZE).startswith(cause)
        assert lasting_gpu_reason(options) is None
        assert nvenc.n_opened == n_opened


def test_another_gpu_is_tried(nvenc):
    nvenc.messages = [NO_UNIT, NONE_LEFT]
    first, second = (
        EncodeOptions.create("a.mp4", 30, extra_ffmpeg_params=["-gpu", number]) for number in "01"
    )
    assert gpu_reason(first, SIZE) == gpu_reason(first, SIZE)
    assert nvenc.n_opened == 1
    assert lasting_gpu_reason(second) is None
    gpu_reason(second, SIZE)
    assert nvenc.n_opened == 2


def answer(reason, lasts):
    """Make what runs on a worker: its GPU says so, and counts how often it is asked."""

    def prepare():
        from dask_animate.encoding import encoder_choice

        def gpu_reason(options, size):
            encoder_choice.n_asked += 1
            return reason

        encoder_choice.n_asked = 0
        encoder_choice.gpu_reason = gpu_reason
        encoder_choice.lasting_gpu_reason = lambda options: reason if lasts else None

    return prepare


def n_asked(client):
    def of_worker():
        from dask_animate.encoding import encoder_choice

        return encoder_choice.n_asked

    return sorted(client.run(of_worker).values())


def render(path, client, **options):
    options = {"client": client, "encode_on": "workers", "partition_size": 5, **options}
    video = FrameNumber().make_video(path, range(20), 30, **options)
    assert_shows(path, range(20), 30)
    return video


def test_one_worker_answers_for_all(tmp_path, own_client):
    """The first one says no; nobody else is asked, and what lasts is not asked again."""
    own_client.run(answer("there is no GPU here", lasts=True))
    for _ in range(3):
        assert render(tmp_path / "a.mp4", own_client).encoder == "libx264"
        assert n_asked(own_client) == [0, 1]
    with pytest.raises(EncoderError, match="there is no GPU here"):
        render(tmp_path / "b.mp4", own_client, video_mode="gpu")
    assert sum(n_asked(own_client)) == 2
    render(tmp_path / "a.mp4", own_client, video_mode="cpu")
    assert sum(n_asked(own_client)) == 2
    assert_nothing_beside(tmp_path / "a.mp4")


def test_what_may_pass_is_asked_of_workers_again(tmp_path, own_client):
    own_client.run(answer("all encoding sessions are in use", lasts=False))
    for n_renders in (1, 2, 3):
        assert render(tmp_path / "a.mp4", own_client).encoder == "libx264"
        assert sum(n_asked(own_client)) == n_renders


@pytest.mark.parametrize("all_die", [False, True])
def test_workers_that_die_of_their_gpus(tmp_path, own_client, all_die):
    """Their drivers end the process. Who asks does not know what their successors can do."""

    def prepare():
        import os

        from dask_animate.encoding import encoder_choice

        encoder_choice.gpu_reason = lambda options, size: os._exit(1)

    own_client.run(answer(None, lasts=False))
    dying = list(own_client.nthreads()) if all_die else [max(own_client.nthreads())]
    own_client.run(prepare, workers=dying)
    video = render(tmp_path / "a.mp4", own_client)
    assert video.encoder == "libx264"
    assert_nothing_beside(tmp_path / "a.mp4")


def test_a_gpu_that_is_insisted_on_is_used(tmp_path, own_client):
    """All say that theirs can encode, which is not so."""
    own_client.run(answer(None, lasts=False))
    with pytest.raises(AnimateError, match="h264_nvenc"):
        render(tmp_path / "a.mp4", own_client, video_mode="gpu")
    assert n_asked(own_client) == [1, 1]
    assert list(tmp_path.iterdir()) == []


def test_a_worker_that_does_not_answer(tmp_path, own_client, monkeypatch, caplog):
    monkeypatch.setattr(worker_gpus, "PATIENCE_SECONDS", 0.5)

    def prepare():
        import time

        from dask_animate.encoding import encoder_choice

        encoder_choice.gpu_reason = lambda options, size: time.sleep(2)

    own_client.run(prepare)
    with caplog.at_level("INFO", "dask_animate"):
        assert render(tmp_path / "a.mp4", own_client).encoder == "libx264"
    assert "does not say whether its GPU can encode (TimeoutError: no answer in 0.5 s)" in caplog.text
