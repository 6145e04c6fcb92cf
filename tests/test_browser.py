"""In a real browser: files play, each frame in its place, in the colors that were drawn."""

import dataclasses
import http.server
import json
import os
import queue
import shutil
import subprocess
import threading
from itertools import pairwise
from urllib.parse import unquote

import numpy as np
import pytest
from helpers import FrameNumber, read_numbers
from partial_renders import NUMBERS, render_until_killed
from renders import made_up_stats

from dask_animate import video as result
from dask_animate import write_video

pytestmark = pytest.mark.newest

PAGE = """
<!doctype html><meta charset="utf-8"><body><script>
async function run() {
  const plan = await (await fetch("/plan")).json();
  const result = {};
  for (const name of plan.names) {
    const blob = await (await fetch("/" + name)).blob();
    const media = document.createElement(plan.image ? "img" : "video");
    media.muted = true;
    const ready = new Promise((done, fail) => {
      media.onloadeddata = media.onload = done;
      media.onerror = () => fail(name + ": " + (media.error ? media.error.message : "no image"));
    });
    document.body.replaceChildren(media);
    media.src = URL.createObjectURL(blob);
    await ready;
    const width = media.videoWidth || media.naturalWidth;
    const height = media.videoHeight || media.naturalHeight;
    const canvas = new OffscreenCanvas(width, height);
    const context = canvas.getContext("2d", {willReadFrequently: true});
    const shots = [];
    for (const time of plan.times) {
      if (!plan.image) {
        // The event "seeked" may come before the frame does.
        const seeked = new Promise(done => media.onseeked = done);
        const presented = new Promise(done => media.requestVideoFrameCallback(done));
        media.currentTime = time;
        await seeked;
        await Promise.race([presented, new Promise(done => setTimeout(done, 1000))]);
      }
      context.clearRect(0, 0, width, height);
      context.drawImage(media, 0, 0);
      shots.push(plan.points.map(([x, y]) => Array.from(context.getImageData(x, y, 1, 1).data)));
    }
    result[name] = {shots, width, height, duration: media.duration || 0};
  }
  return result;
}
async function notebook(html) {
  document.body.innerHTML = html;
  const media = document.querySelector("video, img");
  const loaded = () => media.tagName == "IMG" ? media.naturalWidth : media.readyState >= 2;
  for (let i = 0; i < 100 && !loaded(); i++) await new Promise(done => setTimeout(done, 100));
  return {loaded: Boolean(loaded()), text: document.body.innerText};
}
async function page({name, width}) {
  const frame = document.createElement("iframe");
  frame.style = `width: ${width}px; height: 1000px`;
  const loaded = new Promise(done => frame.onload = done);
  frame.src = "/" + encodeURIComponent(name);
  document.body.replaceChildren(frame);
  await loaded;
  const inside = frame.contentDocument, root = inside.documentElement;
  return {
    hit: frame.contentWindow.hit ?? null, scripts: inside.scripts.length, text: inside.body.innerText,
    images: Array.from(inside.images, image => image.complete && image.naturalWidth),
    overflow: root.scrollWidth - root.clientWidth, mode: inside.compatMode,
  };
}
fetch("/plan").then(plan => plan.json())
  .then(plan => plan.page ? page(plan.page) : plan.html ? notebook(plan.html) : run())
  .then(result => result, error => ({error: String(error)}))
  .then(result => fetch("/done", {method: "POST", body: JSON.stringify(result)}));
</script>
"""


@pytest.fixture
def show(tmp_path):
    """Return a function that shows files in Chromium and returns pixels at points and times."""
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "chrome"))), None)
    if program is None:
        assert "CI" not in os.environ, "the tests' browser is missing"
        pytest.skip("needs the program chromium")
    results, plan = queue.Queue(), {}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            if self.path == "/":
                data = PAGE.encode()
            elif self.path == "/plan":
                data = json.dumps(plan).encode()
            elif (tmp_path / unquote(self.path[1:])).is_file():
                data = (tmp_path / unquote(self.path[1:])).read_bytes()
            else:
                return self.send_error(404)
            self.send_response(200)
            is_page = self.path == "/" or self.path.endswith(".html")
            self.send_header("Content-Type", "text/html" if is_page else "")
            self.end_headers()
            self.wfile.write(data)

        def do_POST(self):
            results.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *args):
            pass

    def show(names=(), times=(), points=(), image=False, html=None, page=None):
        plan.update(names=names, times=times, points=points, image=image, html=html, page=page)
        url = f"http://127.0.0.1:{server.server_port}/"
        command = [program, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"]
        command += [f"--user-data-dir={tmp_path / 'profile'}", url]
        with subprocess.Popen(command, stderr=subprocess.DEVNULL) as browser:
            try:
                result = results.get(timeout=90)
            finally:
                browser.kill()
        assert "error" not in result, result["error"]
        return result

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=[0.01], daemon=True)
        thread.start()
        yield show
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("encode_on", ["workers", pytest.param("client", marks=pytest.mark.slow)])
def test_frames_are_in_their_places(tmp_path, show, client, encode_on):
    """Of segments, of whole streams, with B-frames and without."""
    n, fps = 12, 10
    names = []
    for codec, suffix in (("h264", ".mp4"), ("vp9", ".webm"), ("av1", ".mp4")):
        names.append(f"{codec}{suffix}")
        FrameNumber().make_video(
            tmp_path / names[-1],
            [3 * i for i in range(n)],
            fps,
            codec=codec,
            encode_on=encode_on,
            partition_size=(1, 5, 6),
            client=client,
        )
    rows, columns = (10, 30), [int((i + 0.5) * 10) for i in range(14)]
    points = [(x, y) for y in rows for x in columns]
    times = [(i + 0.5) / fps for i in range(n)]
    for name, shown in show(names, times, points).items():
        pixels = np.array(shown["shots"])[..., :3].reshape(n, 2, 14, 3)
        picture = pixels.repeat(20, 1).repeat(10, 2)
        assert [read_numbers(frame) for frame in picture] == [(i, 3 * i) for i in range(n)], name
        assert shown["duration"] == pytest.approx(n / fps, abs=0.002)


@pytest.mark.parametrize(
    ("suffix", "n_shown"),
    [
        (".mp4", 12),
        *(pytest.param(*case, marks=pytest.mark.slow) for case in ((".mov", 12), (".webm", 11))),
    ],
)
def test_what_a_killed_render_left_plays(tmp_path, show, suffix, n_shown):
    """A file that was growing, without an index. WebM does not tell how long the last frame is shown."""
    render_until_killed(tmp_path / f"a{suffix}")
    points = [(int((i + 0.5) * 10), y) for y in (10, 30) for i in range(14)]
    times = [(i + 0.5) / 30 for i in range(12)]
    (shown,) = show([f"a.partial{suffix}"], times, points).values()
    bits = np.array(shown["shots"])[..., 0].reshape(12, 2, 14) > 127
    assert (bits << np.arange(14)).sum(-1).tolist() == [[i, NUMBERS[i]] for i in range(12)]
    assert shown["duration"] == pytest.approx(n_shown / 30, abs=0.002)


COLORS = [(255, 0, 0), (0, 128, 0), (31, 119, 180), (255, 127, 14), (255, 255, 255), (0, 0, 0)]


@pytest.mark.parametrize("size", [(480, 640), pytest.param((1080, 1920), marks=pytest.mark.slow)])
def test_colors_are_those_that_were_drawn(tmp_path, show, size):
    height, width = size
    frame = np.zeros((height, width, 3), np.uint8)
    edges = np.linspace(0, width, len(COLORS) + 1).astype(int)
    for (left, right), color in zip(pairwise(edges), COLORS, strict=True):
        frame[:, left:right] = color
    names = ["a.mp4", "a.webm", "b.mp4"]
    for name in names:
        codec = "av1" if name == "b.mp4" else None
        write_video([frame] * 12, tmp_path / name, 10, codec=codec)
    points = [(int((left + right) / 2), height // 2) for left, right in pairwise(edges)]
    for name, shown in show(names, [0.55], points).items():
        assert (shown["height"], shown["width"]) == size
        off = np.abs(np.array(shown["shots"][0])[:, :3] - COLORS)
        # Without a GPU Chromium takes 2.11, by which chroma counts for blue, for 2. Were the tags not
        # followed, BT.601 taken for BT.709, red and green would be off by 20 and more.
        assert off[:, :2].max() <= 3, (name, off)
        assert off[:, 2].max() <= 8, (name, off)


def test_alpha(tmp_path, show):
    frames = np.zeros((12, 64, 96, 4), np.uint8)
    frames[:, :, :48] = (200, 30, 60, 255)
    frames[:, :, 48:] = (200, 30, 60, 100)
    points, expected = [(20, 30), (80, 30)], frames[0, 30, [20, 80]].astype(int)
    write_video(frames, tmp_path / "a.webm", 10)
    videos = show(["a.webm"], [0.55], points)
    names = ["a.apng", "a.webp"]
    for name in names:
        write_video(frames, tmp_path / name, 10)
    images = show(names, [0], points, image=True)
    for name, shown in {**videos, **images}.items():
        assert np.abs(np.array(shown["shots"][0]) - expected).max() <= 5, name


def test_images_show(tmp_path, show):
    FrameNumber((2.8, 0.8)).make_video(tmp_path / "a.gif", [77] * 5, 1, num_workers=1)
    columns = [int((i + 0.5) * 10) for i in range(14)]
    (shown,) = show(["a.gif"], [0], [(x, 30) for x in columns], image=True).values()
    bits = np.array(shown["shots"][0])[:, 0] > 127
    assert (bits << np.arange(14)).sum() == 77


@pytest.mark.parametrize(
    ("suffix", "limit"),
    [
        *((".mp4", 2**20), (".gif", 0)),
        *(pytest.param(*case, marks=pytest.mark.slow) for case in ((".mp4", 0), (".gif", 2**20))),
        *(
            pytest.param(suffix, limit, marks=pytest.mark.slow)
            for suffix in (".mov", ".webm", ".mkv", ".apng", ".webp")
            for limit in (2**20, 0)
        ),
    ],
)
def test_a_notebooks_output_plays(tmp_path, show, monkeypatch, suffix, limit):
    """Embedded or linked, from the directory of the notebook."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(result, "EMBED_LIMIT", limit)
    video = FrameNumber().make_video(f"a b{suffix}", range(5), 10, num_workers=1)
    shown = show(html=video._repr_html_())
    assert shown["loaded"]
    assert f"a b{suffix}: 5 frames at 10 fps, 0.50 s" in shown["text"]
    assert ("Not stored in this notebook" in shown["text"]) == (limit == 0)


@pytest.mark.parametrize("width", [400, 1600])
def test_a_report_shows_hostile_texts_and_runs_nothing(tmp_path, show, width):
    hostile = """<script>window.hit = 1</script><img src=x onerror="window.hit=1">"""
    path = tmp_path / f"{hostile.replace('/', '!')}.mp4"
    video = FrameNumber().make_video(path, range(12), 10, num_workers=1)
    stats = made_up_stats(3, 40, worker=f"tcp://{hostile}:{{}}", warnings=[hostile])
    dataclasses.replace(video, stats=stats).report(tmp_path / "a.html")
    shown = show(page={"name": "a.html", "width": width})
    assert (shown["hit"], shown["scripts"], shown["mode"]) == (None, 0, "CSS1Compat")
    assert len(shown["images"]) == 2
    assert all(shown["images"])
    assert shown["overflow"] == 0
    for text in (path.name, hostile, f"tcp://{hostile}:40002"):
        assert text in shown["text"]
