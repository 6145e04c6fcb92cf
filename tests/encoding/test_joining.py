"""Files that are joined: every frame of the parts, at the right time; or an error that says why not."""

import os
from fractions import Fraction

import av
import numpy as np
import pytest
from helpers import decode, demux

from dask_animate import join, write_video
from dask_animate.encoding import probe, read_frames
from dask_animate.errors import AnimateError, JoinError, OptionError

pytestmark = pytest.mark.newest  # PyAV alone matters, of which the oldest release is the newest

#: Codec, suffix, further options.
KINDS = [
    *(("h264", suffix, {}) for suffix in (".mp4", ".mov", ".mkv")),
    *(("hevc", suffix, {}) for suffix in (".mp4", ".mkv")),
    *(("vp9", ".webm", options) for options in ({}, {"pixel_format": "yuva420p"})),
    *(("av1", suffix, {}) for suffix in (".mp4", ".webm")),
    *(("ffv1", ".mkv", options) for options in ({}, {"pixel_format": "bgra"})),
]


def noise(n, channels=3, seed=0):
    rng = np.random.default_rng(seed)
    base = rng.integers(0, 256, (1, 64, 96, channels), np.uint8)
    return base // 2 + rng.integers(0, 9, (n, 64, 96, channels), np.uint8) + np.uint8(seed)


def pictures(path):
    return np.stack(list(read_frames(path)))


def times(path):
    """The exact times of all frames in the order of display, by the clock of the file."""
    packets = demux(path)
    return sorted(packet.pts * packet.time_base for packet in packets)


def write(path, n=10, fps=30, seed=0, **options):
    channels = 4 if options.get("pixel_format") in ("yuva420p", "bgra") else 3
    return write_video(noise(n, channels, seed), path, fps, **options)


@pytest.fixture
def parts(tmp_path):
    """Three MP4 files that fit together."""
    paths = [tmp_path / f"part{idx}.mp4" for idx in range(3)]
    for idx, path in enumerate(paths):
        write(path, 5 + idx, seed=idx)
    return paths


@pytest.mark.mostly_slow(5)
@pytest.mark.parametrize(("codec", "suffix", "options"), KINDS)
@pytest.mark.parametrize("fps", [30, Fraction(30000, 1001)])
def test_decoded_frames_are_those_of_the_parts(tmp_path, codec, suffix, options, fps):
    paths = [tmp_path / f"{idx}{suffix}" for idx in range(4)]
    sizes = [1, 9, 300, 4]  # one with several GOPs, one of 133.3 ms
    for seed, (path, n) in enumerate(zip(paths, sizes, strict=True)):
        write(path, n, fps, seed, codec=codec, **options)
    video = join([*paths, paths[1]], tmp_path / f"a{suffix}")
    alone = [pictures(path) for path in [*paths, paths[1]]]
    np.testing.assert_array_equal(pictures(video.path), np.concatenate(alone))
    clock = demux(video.path)[0].time_base
    ideal = [idx / Fraction(fps) for idx in range(323)]
    exact = 0 if suffix in (".mp4", ".mov") else clock / 2
    assert all(abs(a - b) <= exact for a, b in zip(times(video.path), ideal, strict=True))
    assert (video.n_frames, video.fps, video.codec, video.encoder) == (323, fps, codec, "copy")
    assert video.stats.partition_sizes == (1, 9, 300, 4, 9)
    assert (video.stats.n_frames_copied, video.stats.n_frames_rendered) == (323, 0)
    info, first = video.probe(), probe(paths[0])
    assert info.duration == pytest.approx(video.duration, abs=1e-3)
    for name in ("codec", "pixel_format", "width", "height", "color_tags", "has_alpha", "container"):
        assert getattr(info, name) == getattr(first, name)
    assert info.is_uniform


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
@pytest.mark.parametrize("codec", ["h264", "hevc", "vp9"])
def test_frames_are_shown_as_long_as_before(tmp_path, codec, suffix):
    durations = [{1: 0.5, -1: 1}, dict.fromkeys(range(10), 0.1), {-2: 3}, None]
    paths = [tmp_path / f"{idx}{suffix}" for idx in range(len(durations))]
    starts, end = [], 0
    for idx, path in enumerate(paths):
        video = write(path, seed=idx, codec=codec, durations=durations[idx])
        seconds = [(durations[idx] or {}).get(i, (durations[idx] or {}).get(i - 10)) for i in range(10)]
        for value in seconds:
            starts.append(end)
            end += Fraction(1, 30) if value is None else Fraction(str(value))
        assert end == pytest.approx(sum(probe(p).duration for p in paths[: idx + 1]), abs=2e-3)
    video = join(paths, tmp_path / f"a{suffix}")
    exact = 0 if suffix == ".mp4" else Fraction(1, 2000)
    assert all(abs(a - b) <= exact for a, b in zip(times(video.path), starts, strict=True))
    assert (video.fps, video.duration) == (30, float(end))
    assert video.probe().duration == pytest.approx(float(end), abs=1e-3)
    # the result is a part like any other
    twice = join([video.path, paths[3], paths[1]], tmp_path / f"b{suffix}")
    assert twice.duration == pytest.approx(float(end) + 1 / 3 + 1)


def test_rates_that_a_file_does_not_tell_apart(tmp_path):
    for fps in (30, 60):
        write(tmp_path / f"{fps}.mp4", fps=fps, codec="vp9")
    video = join([tmp_path / "30.mp4", tmp_path / "60.mp4"], tmp_path / "a.mp4")
    assert times(video.path) == [Fraction(i, 60) for i in (*range(0, 20, 2), *range(20, 30))]
    assert (video.fps, video.duration) == (60, 0.5)


def test_another_kind_of_file(parts, tmp_path):
    joined = join(parts, tmp_path / "a.mkv")
    np.testing.assert_array_equal(pictures(joined.path), np.concatenate([*map(pictures, parts)]))
    again = join([joined.path, joined.path], tmp_path / "a.mov")
    np.testing.assert_array_equal(pictures(again.path), np.concatenate([pictures(joined.path)] * 2))
    assert again.fps == 30
    assert again.probe().color_tags == (1, 1, 1, 1)
    assert join(parts[:1], tmp_path / "without", metadata={}).path.name == "without"


def test_files_of_another_encoder(tmp_path):
    """Of a size, a pixel format and colors that this library does not write, with open GOPs inside."""
    paths = []
    for seed in range(2):
        paths.append(tmp_path / f"{seed}.mp4")
        options = {"x264-params": "open-gop=1:keyint=8:bframes=3:scenecut=0:b-pyramid=normal"}
        with av.open(str(paths[-1]), "w") as container:
            stream = container.add_stream("libx264", rate=Fraction(24000, 1001), options=options)
            stream.width, stream.height, stream.pix_fmt = 94, 62, "yuvj422p"
            stream.codec_context.colorspace = 5
            for frame in noise(30, seed=seed):
                container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, "rgb24")))
            container.mux(stream.encode(None))
    video = join(paths, tmp_path / "a.mp4")
    np.testing.assert_array_equal(pictures(video.path), np.concatenate([*map(pictures, paths)]))
    assert (video.fps, video.width, video.height) == (Fraction(24000, 1001), 94, 62)
    info = video.probe()
    assert (info.pixel_format, info.color_tags[0], info.is_uniform) == ("yuvj422p", 5, True)


def test_chapters_and_metadata(parts, tmp_path):
    titled = tmp_path / "titled.mp4"
    write(titled, metadata={"title": "part"}, chapters=[("a", 0), ("b", 0.1)])
    chapters = [("One", 0.0), ("Two", 0.4)]
    video = join([titled, *parts], tmp_path / "a.mp4", metadata={"title": "All"}, chapters=chapters)
    assert video.probe().metadata["title"] == "All"
    assert video.probe().chapters == chapters
    plain = join([titled, *parts], tmp_path / "b.mp4").probe()
    assert plain.chapters == []
    assert "title" not in plain.metadata


def test_it_says_what_it_did(parts, tmp_path):
    video = join(map(str, parts), tmp_path / "a.mp4")
    assert "h264 (copy)" in str(video)
    assert "joined in" in str(video)
    assert str(video.stats).startswith("18 frames of 3 files copied in ")
    assert video.stats.encode_on == "nowhere"
    assert video._repr_html_().startswith("<video")


def cut(source, path, n_skipped):
    """Copy a file from its keyframe number `n_skipped` on."""
    with av.open(str(source)) as given, av.open(str(path), "w") as made:
        stream = made.add_stream_from_template(given.streams.video[0], opaque=True)
        keys = 0
        for packet in given.demux(video=0):
            keys += packet.is_keyframe and packet.size > 0
            if keys > n_skipped and packet.size:
                packet.stream = stream
                made.mux_one(packet)
    return path


@pytest.mark.parametrize("codec", ["h264", "hevc"])
def test_parts_that_need_what_came_before(tmp_path, codec):
    name = {"h264": "-x264-params", "hevc": "-x265-params"}[codec]
    whole = tmp_path / "open.mkv"
    params = "open-gop=1:keyint=8:min-keyint=8:scenecut=0:bframes=3"
    write(whole, 40, codec=codec, video_extra_ffmpeg_params=[name, params], video_preset="fast")
    part = cut(whole, tmp_path / "cut.mkv", 2)
    assert demux(part)[0].is_keyframe
    with pytest.raises(JoinError, match=r"cut\.mkv does not begin with a keyframe that resets"):
        join([whole, part], tmp_path / "a.mkv")
    closed = tmp_path / "closed.mkv"
    write(closed, 40, codec=codec, video_extra_ffmpeg_params=["-g", "8"])
    part = cut(closed, tmp_path / "cut.mkv", 2)
    video = join([closed, part], tmp_path / "a.mkv")
    both = np.concatenate([pictures(closed), pictures(closed)[16:]])
    np.testing.assert_array_equal(pictures(video.path), both)


@pytest.mark.parametrize(("codec", "suffix"), [("h264", ".mp4"), ("vp9", ".mkv")])
def test_a_part_without_a_keyframe(tmp_path, codec, suffix):
    whole, part = tmp_path / f"whole{suffix}", tmp_path / f"part{suffix}"
    write(whole, codec=codec)
    with av.open(str(whole)) as given, av.open(str(part), "w") as made:
        stream = made.add_stream_from_template(given.streams.video[0], opaque=True)
        for packet in [packet for packet in given.demux(video=0) if packet.size][1:]:
            packet.stream = stream
            made.mux_one(packet)
    with pytest.raises(JoinError, match=f"part{suffix} does not begin with a keyframe"):
        join([whole, part], tmp_path / f"a{suffix}")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"codec": "hevc"}, "codec: hevc, in the first h264"),
        ({"fps": 25}, "clock: 12800 ticks/s, in the first 15360 ticks/s"),
        ({"fps": 60}, "it has a different header"),
        ({"pixel_format": "yuv444p"}, "pixel format: yuv444p, in the first yuv420p"),
        ({"name": "b.mkv"}, "container: MKV or WebM, in the first MP4 or MOV"),
        ({"video_preset": "slow"}, "it has a different header, so it was encoded by another encoder, "),
        ({"video_extra_ffmpeg_params": ["-bf", "0"]}, "it has a different header"),
    ],
)
def test_parts_that_do_not_fit(tmp_path, parts, change, message):
    change = {"name": "b.mp4", **change}
    other = tmp_path / change.pop("name")
    write(other, **change)
    with pytest.raises(JoinError) as caught:
        join([*parts, other], tmp_path / "a.mp4")
    assert f"{other} does not fit the first part, {parts[0]}: {message}" in str(caught.value)
    assert not (tmp_path / "a.mp4").exists()


def test_parts_whose_size_or_colors_differ(tmp_path, parts):
    write_video(noise(3)[:, :62], tmp_path / "small.mp4", 30)
    with pytest.raises(JoinError, match="size: 96x62, in the first 96x64"):
        join([parts[0], tmp_path / "small.mp4"], tmp_path / "a.mp4")
    for name, tag in (("bt709.mkv", 1), ("bt601.mkv", 5)):
        with av.open(str(parts[0])) as given, av.open(str(tmp_path / name), "w") as made:
            stream = made.add_stream_from_template(given.streams.video[0], opaque=True)
            stream.codec_context.colorspace = tag
            for packet in given.demux(video=0):
                if packet.size:
                    packet.stream = stream
                    made.mux_one(packet)
    mixed = [tmp_path / "bt709.mkv", tmp_path / "bt601.mkv"]
    with pytest.raises(JoinError, match=r"color tags: 5, 1, 1, 1, in the first 1, 1, 1, 1"):
        join(mixed, tmp_path / "a.mkv")


def test_alpha(tmp_path):
    write(tmp_path / "clear.webm", pixel_format="yuva420p")
    write(tmp_path / "opaque.webm")
    with pytest.raises(JoinError, match="alpha channel: no, in the first yes"):
        join([tmp_path / "clear.webm", tmp_path / "opaque.webm"], tmp_path / "a.webm")
    with pytest.raises(OptionError, match="mp4 files cannot be transparent, as the parts are"):
        join([tmp_path / "clear.webm"], tmp_path / "a.mp4")
    video = join([tmp_path / "clear.webm"] * 2, tmp_path / "a.mkv")
    np.testing.assert_array_equal(
        pictures(video.path), np.concatenate([pictures(tmp_path / "clear.webm")] * 2)
    )
    assert pictures(video.path).shape == (20, 64, 96, 4)


def test_times_that_a_kind_of_file_cannot_hold(tmp_path):
    write(tmp_path / "fast.mp4", fps=2000)
    with pytest.raises(OptionError, match="matroska files count in 1/1000 s, but times in the parts"):
        join([tmp_path / "fast.mp4"], tmp_path / "a.mkv")


def test_audio(tmp_path, parts):
    path = tmp_path / "sound.mp4"
    with av.open(str(parts[0])) as given, av.open(str(path), "w") as made:
        stream = made.add_stream_from_template(given.streams.video[0], opaque=True)
        sound = made.add_stream("aac", rate=44100)
        for packet in given.demux(video=0):
            if packet.size:
                packet.stream = stream
                made.mux_one(packet)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
        frame.sample_rate = 44100
        made.mux(sound.encode(frame) + sound.encode(None))
    with pytest.raises(JoinError, match=r"sound\.mp4 has audio, which would be lost"):
        join([parts[0], path], tmp_path / "a.mp4")


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_a_truncated_part(tmp_path, suffix):
    whole, half = tmp_path / f"whole{suffix}", tmp_path / f"half{suffix}"
    write(whole, 300, video_extra_ffmpeg_params=["-g", "20"])
    half.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    with pytest.raises(JoinError, match=rf"half\{suffix} (is incomplete|has frames that are damaged)"):
        join([whole, half], tmp_path / f"a{suffix}")


@pytest.mark.parametrize("suffix", [".gif", ".apng", ".webp"])
def test_images_cannot_be_joined(tmp_path, suffix):
    path = tmp_path / f"image{suffix}"
    write(path, fps=10)
    with pytest.raises(JoinError, match=r"only MP4, MOV, .* files can be joined .* write_video"):
        join([path, path], tmp_path / f"a{suffix}")
    assert sorted(os.listdir(tmp_path)) == [path.name]


@pytest.mark.parametrize(
    ("files", "output", "message"),
    [
        ("parts/*.mp4", "a.mp4", r"files must be a list of paths .*glob\.glob"),
        (7, "a.mp4", "files must be a list of paths in their order, got 7"),
        ([], "a.mp4", "files is empty"),
        ([7], "a.mp4", r"files\[0\] must be a path, got 7"),
        (["part0.mp4", "nosuch.mp4"], "a.mp4", "cannot read .*nosuch.mp4: No such file"),
        (["part0.mp4", "."], "a.mp4", "cannot read .*: Is a directory"),
        (["part0.mp4", "note.mp4"], "a.mp4", "cannot read .*note.mp4: Invalid data"),
        (["part0.mp4", "empty.mp4"], "a.mp4", "cannot read .*empty.mp4: "),
        (["part0.mp4", "half.mp4"], "a.mp4", "half.mp4"),
        (["part0.mp4", "part1.mp4"], "./part1.mp4", r"output_file is files\[1\], part1.mp4"),
        (["part0.mp4"], "a.webm", "codec 'h264' does not go into 'a.webm'"),
        (["part0.mp4"], "a.gif", "codec 'h264' does not go into 'a.gif'"),
        (["part0.mp4"], 7, "output_file must be a path"),
        (["part0.mp4"], "/proc/nosuch/a.mp4", "cannot write /proc/nosuch/a.mp4"),
    ],
)
def test_bad_input_is_an_error_before_anything_is_written(
    tmp_path, parts, monkeypatch, files, output, message
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "note.mp4").write_text("no video")
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "half.mp4").write_bytes(parts[0].read_bytes()[:4000])
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(AnimateError, match=message):
        join(files, output)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_bad_texts_are_errors(parts, tmp_path):
    with pytest.raises(OptionError, match="chapters must start one after the other and before the end"):
        join(parts, tmp_path / "a.mp4", chapters=[("a", 0), ("b", 9)])
    with pytest.raises(OptionError, match="metadata takes title"):
        join(parts, tmp_path / "a.mp4", metadata={"actor": "x"})
    assert not (tmp_path / "a.mp4").exists()


def test_a_part_that_changes_meanwhile(parts, tmp_path, monkeypatch):
    from dask_animate.encoding import joining

    output = tmp_path / "new" / "a.mp4"

    class Changes(joining.Muxer):
        def __init__(self, *args):
            super().__init__(*args)
            write(parts[1], 12)

    monkeypatch.setattr(joining, "Muxer", Changes)
    with pytest.raises(JoinError, match=r"part1\.mp4 was changed while it was read"):
        join(parts, output)
    assert not output.parent.exists()


@pytest.mark.parametrize("name", ["12:30.mkv", "file:x.mkv", "concat:x.mkv"])
def test_names_with_a_colon(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_video(np.full((3, 16, 16, 3), 9, np.uint8), "x.mkv", 10, codec="ffv1")
    write_video(np.full((2, 16, 16, 3), 200, np.uint8), name, 10, codec="ffv1")
    join([name], "joined.mkv")
    assert (decode(tmp_path / "joined.mkv") == 200).all()
    assert len(decode(tmp_path / "joined.mkv")) == 2


def test_pixels_that_are_not_square(tmp_path):
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", 10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.codec_context.sample_aspect_ratio = Fraction(4, 3)
        for _ in range(3):
            container.mux(stream.encode(av.VideoFrame(64, 48, "yuv420p")))
        container.mux(stream.encode())
    with pytest.raises(JoinError, match="has pixels of the shape 4/3, which would be lost"):
        join([path], tmp_path / "b.mp4")


def test_a_pipe_is_no_part(tmp_path):
    os.mkfifo(tmp_path / "a.mkv")
    with pytest.raises(JoinError, match="is not a file"):
        join([tmp_path / "a.mkv"], tmp_path / "b.mkv")
