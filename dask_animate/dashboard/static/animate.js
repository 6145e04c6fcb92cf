// Draws the page from the JSON of the scheduler. Nothing but text and numbers gets into the document:
// names, parameters and errors come from users, so that markup in them must stay text.
"use strict";

const RUNNING_MS = 500, IDLE_MS = 2000;
const KIND = {
  "running": "running", "waiting for workers": "waiting", "client gone": "gone", "done": "done",
  "failed": "failed", "cancelled": "cancelled",
};
const LAYERS = ["drawn", "reused", "sent"]; // frames of a cell of the strip; seconds come last
const LEGEND = {
  drawn: "drawn", reused: "from the store", sent: "sent to workers", "failed-part": "failed",
  cost: "ms per frame",
};

const at = (id) => document.getElementById(id);

function make(tag, className, ...children) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  node.append(...children); // strings become text nodes
  return node;
}

function path(className, d) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", "path");
  node.setAttribute("class", className);
  node.setAttribute("d", d);
  return node;
}

// Draw a part of the page, unless what it shows is the same, lest a selection in it is lost.
const shown = new Map();
function part(name, data, draw) {
  const told = JSON.stringify(data);
  if (shown.get(name) === told) return;
  shown.set(name, told);
  draw(data);
}

const number = (value) => value.toLocaleString("en");
const plural = (n, word) => `${number(n)} ${word}${n === 1 ? "" : "s"}`;
const bytes = (n) => {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let unit = 0;
  for (; n >= 1000 && unit < units.length - 1; unit++) n /= 1000;
  return `${n.toFixed(unit ? 1 : 0)} ${units[unit]}`;
};
const significant = (value) => (value >= 100 ? value.toFixed(0) : value.toPrecision(value >= 10 ? 3 : 2));

function duration(seconds) {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const s = Math.round(seconds), m = Math.floor(s / 60), h = Math.floor(m / 60);
  if (s < 60) return `${s} s`;
  const two = (n) => String(n).padStart(2, "0");
  return h ? `${h}:${two(m % 60)}:${two(s % 60)} h` : `${m}:${two(s % 60)} min`;
}

const place = (address) => address.replace(/^[a-z]+:\/\//, ""); // without the protocol
const baseName = (file) => file.split(/[\\/]/).pop() || file;

// ---- the parts of the page -----------------------------------------------------------------------

function drawPicture({ chosen, now }) {
  const { latest } = chosen;
  at("frame").hidden = !latest;
  at("no-frame").hidden = Boolean(latest);
  at("caption").hidden = !latest;
  if (latest) {
    const source = `animate.jpg?render=${encodeURIComponent(chosen.id)}&time=${latest.time}`;
    if (at("frame").getAttribute("src") !== source) at("frame").src = source;
    const age = duration(Math.max(0, now - latest.time));
    at("frame").alt = `Frame ${latest.frame_idx}`;
    at("caption").textContent = `Frame ${number(latest.frame_idx)}, ${age} ago, by ${place(latest.worker)}`;
  } else if (!chosen.has_thumbnails) {
    at("no-frame").textContent = "Pictures of frames are switched off.";
  } else {
    at("no-frame").textContent = chosen.status === "running"
      ? "The next frame shows here in a moment."
      : "No picture: nobody looked while frames were drawn.";
  }
}

function drawProgress({ chosen }) {
  const { n_done, n_frames, status } = chosen;
  const counts = [make("b", "", number(n_done))];
  counts.push(make("span", "", n_frames === null ? "frames drawn" : `of ${number(n_frames)} frames drawn`));
  const share = n_frames ? n_done / n_frames : 0;
  if (n_frames) counts.push(make("span", "share", `${Math.floor(100 * share)} %`));
  at("counts").replaceChildren(...counts);
  at("bar").className = KIND[status];
  at("bar").setAttribute("aria-valuenow", Math.floor(100 * share));
  at("bar").firstElementChild.style.width = `${100 * share}%`;
  const isOver = !["running", "waiting for workers"].includes(status);
  const figures = [[isOver ? "total" : "elapsed", duration(chosen.seconds)]];
  if (!isOver) {
    figures.push(["remaining", chosen.seconds_left === null ? "–" : duration(chosen.seconds_left)]);
  }
  figures.push(["frames per second", significant(chosen.frames_per_second)]);
  figures.push(["partitions", number(chosen.n_partitions)]);
  if (chosen.result.n_frames) figures.push(["written", number(chosen.result.n_frames)]);
  if (chosen.n_reused) figures.push(["from the store", number(chosen.n_reused)]);
  if (chosen.n_drawn) figures.push(["incremental", `${Math.round(100 * chosen.n_blitted / chosen.n_drawn)} %`]);
  at("figures").replaceChildren(
    ...figures.map(([name, value]) => make("div", "", make("dt", "", name), make("dd", "", value))),
  );
}

function pairs(node, rows) {
  node.className = "pairs";
  node.replaceChildren(
    ...rows.flatMap(([name, value]) => [make("dt", "", name), make("dd", "text", value)]),
  );
  return node;
}

function drawFailures({ failures, n_failures }) {
  at("failures").hidden = !failures.length;
  const articles = failures.slice().reverse().map((failure) => {
    const what = failure.frame_idx === null ? "A partition" : `Frame ${number(failure.frame_idx)}`;
    const rows = [["error", failure.text]];
    if (failure.params) rows.push(["parameters", failure.params]);
    if (failure.worker) rows.push(["worker", place(failure.worker)]);
    const article = make("article", "", make("h2", "", `${what} could not be drawn`), pairs(make("dl"), rows));
    if (failure.traceback) article.append(make("pre", "", failure.traceback));
    return article;
  });
  if (n_failures > failures.length) {
    articles.push(make("p", "", `${number(n_failures - failures.length)} earlier failures are not shown.`));
  }
  at("failures").replaceChildren(...articles);
}

const column = (x, y, height) => `M${x} ${y}h1v${height}h-1z`;

function drawStrip({ strip, n_frames, failed }) {
  const { width, cells } = strip;
  const n_cells = Math.max(1, n_frames === null ? cells.length : Math.ceil(n_frames / width));
  const done = (cell) => cell[0] + cell[1];
  const costs = cells.map((cell) => (done(cell) ? 1000 * cell[3] / done(cell) : 0));
  const most = Math.max(...costs, 0) || 1;
  at("costs").setAttribute("viewBox", `0 0 ${n_cells} 1`);
  at("costs").replaceChildren(
    path("fill-cost", costs.map((cost, x) => (cost ? column(x, 1 - cost / most, cost / most) : "")).join("")),
  );
  const drawn = LAYERS.map(() => "");
  cells.forEach((cell, x) => {
    let y = 1;
    const room = Math.max(width, done(cell));
    LAYERS.forEach((name, layer) => {
      const height = Math.min(y, cell[layer] / room);
      if (height > 0.001) drawn[layer] += column(x, (y -= height), height);
    });
  });
  at("strip").setAttribute("viewBox", `0 0 ${n_cells} 1`);
  const marks = failed.map(([start, n]) => `M${start / width} 0h${Math.max(1, n / width)}v1H${start / width}z`);
  at("strip").replaceChildren(
    ...LAYERS.map((name, layer) => path(`fill-${name}`, drawn[layer])), path("fill-failed", marks.join("")),
  );
  at("dearest").textContent = cells.length ? `at most ${significant(most)} ms per frame` : "";
  at("last-frame").textContent = n_frames === null ? "" : number(n_frames - 1);
  at("frames").onmousemove = (event) => {
    const box = at("strip").getBoundingClientRect();
    const x = Math.floor((event.clientX - box.left) / box.width * n_cells);
    at("readout").textContent = x in cells ? describe(cells[x], costs[x], x * width, width) : "";
  };
  at("frames").onmouseleave = () => { at("readout").textContent = ""; };
}

function describe(cell, cost, start, width) {
  const frames = width === 1 ? `Frame ${number(start)}` : `Frames ${number(start)} to ${number(start + width - 1)}`;
  const counts = ["drawn", "from the store", "sent"]
    .map((name, layer) => (cell[layer] > 0.01 ? `${significant(cell[layer])} ${name}` : ""))
    .filter(Boolean).join(", ");
  return `${frames}: ${counts || "not begun"}${cost ? `; ${significant(cost)} ms per frame` : ""}`;
}

function drawRate({ rate }) {
  const { cells, width } = rate;
  const most = Math.max(...cells, 0) || 1;
  const heights = cells.map((value) => 1 - 0.97 * value / most);
  at("rate").setAttribute("viewBox", `0 0 ${Math.max(1, cells.length)} 1`);
  at("rate").replaceChildren();
  if (heights.length) {
    const line = `M0 ${heights[0]}${heights.map((y, x) => `L${x + 0.5} ${y}`).join("")}`
      + `L${cells.length} ${heights.at(-1)}`;
    at("rate").append(path("fill-rate", `${line}V1H0z`), path("line-rate", line));
  }
  at("fastest").textContent = cells.length ? `at most ${significant(most)}` : "";
  at("last-second").textContent = cells.length ? duration(cells.length * width) : "";
}

function drawWorkers({ workers }) {
  const total = (worker) => Object.values(worker.ms).reduce((sum, ms) => sum + ms, 0);
  const most = Math.max(...workers.map(total), 0) || 1;
  const known = new Set();
  at("worker-rows").replaceChildren(...workers.map((worker) => {
    const bars = make("div", "bars");
    for (const [name, ms] of Object.entries(worker.ms)) {
      if (ms < 0.01 * total(worker)) continue;
      const bar = make("div", name);
      bar.style.width = `${100 * ms / most}%`;
      bar.title = `${name}: ${significant(ms)} ms`;
      bars.append(bar);
      known.add(name);
    }
    const notes = [plural(worker.n_frames, "frame")];
    if (worker.setup_seconds) notes.push(`setup ${duration(worker.setup_seconds)}`);
    if (worker.is_gone) notes.push("left the cluster");
    const name = make("td", "name", place(worker.address), make("span", "minor", notes.join(", ")));
    const ms = make("td", "number", worker.n_frames ? significant(total(worker)) : "–");
    if (worker.is_slow) ms.append(make("span", "minor slow", "▲ slow"));
    return make("tr", "", name, make("td", "wide", bars), ms);
  }));
  drawLegend("phase-legend", [...known].map((name) => [name, name]));
}

function drawLegend(id, entries) {
  at(id).replaceChildren(...entries.map(([className, text]) => make("span", className, text)));
}

const statusOf = (status) => make("span", `status ${KIND[status]}`, status);
const progressOf = ({ n_done, n_frames }) =>
  n_frames === null ? plural(n_done, "frame") : `${number(n_done)} of ${number(n_frames)}`;

function choose(id) {
  chosenId = id;
  history.replaceState(null, "", id ? `#${id}` : " ");
  refresh();
}

function drawRenders({ renders, chosen, n_dropped }) {
  at("render-rows").replaceChildren(...renders.map((render) => {
    const open = make("button", "", baseName(render.file));
    open.type = "button";
    open.title = render.file;
    const started = new Date(1000 * render.started).toLocaleTimeString();
    const name = make("td", "name", open, make("span", "minor", `${progressOf(render)}, ${started}`));
    const row = make("tr", render.id === chosen ? "chosen" : "", name, make("td", "", statusOf(render.status)));
    row.onclick = () => choose(render.id);
    return row;
  }));
  at("dropped").textContent = n_dropped
    ? `${plural(n_dropped, "older render")} ${n_dropped === 1 ? "is" : "are"} no longer kept.` : "";
}

function drawChoice({ options, chosen }) {
  at("choice").replaceChildren(...options.map(([id, text]) => {
    const option = make("option", "", text);
    option.value = id;
    option.selected = id === chosen;
    return option;
  }));
}

function drawReasons({ reasons }) {
  at("reasons").hidden = !reasons.length;
  at("reason-list").replaceChildren(...reasons.map((reason) => make("li", "text", reason)));
}

function drawResult({ result }) {
  const { summary, file_size, ...others } = result;
  at("result").hidden = !Object.keys(result).length;
  const rows = Object.entries(others).map(([name, value]) => [
    name.replaceAll("_", " ").replace(/^n /, ""), typeof value === "number" ? number(value) : value,
  ]);
  if (file_size !== undefined) rows.push(["file size", bytes(file_size)]);
  pairs(at("result-list"), rows);
  at("summary").hidden = !summary;
  at("summary").textContent = summary ?? "";
}

function drawPage(told) {
  const { chosen, renders } = told;
  at("empty").hidden = Boolean(chosen);
  at("page").hidden = !chosen;
  if (!chosen) return;
  part("status", chosen.status, (status) => at("status").replaceChildren(statusOf(status)));
  const options = renders.map((render) => [render.id, `${baseName(render.file)} – ${render.status}`]);
  part("choice", { options, chosen: chosen.id }, drawChoice);
  drawPicture(told);
  drawProgress(told);
  part("failures", { failures: chosen.failures, n_failures: chosen.n_failures }, drawFailures);
  const failed = chosen.failures.map(({ frames }) => frames).filter(Boolean);
  part("strip", { strip: chosen.strip, n_frames: chosen.n_frames, failed }, drawStrip);
  part("rate", { rate: chosen.rate }, drawRate);
  part("workers", { workers: chosen.workers }, drawWorkers);
  const short = renders.map(({ id, file, status, n_done, n_frames, started }) =>
    ({ id, file, status, n_done, n_frames, started }));
  part("renders", { renders: short, chosen: chosen.id, n_dropped: told.n_dropped }, drawRenders);
  part("reasons", { reasons: chosen.reasons }, drawReasons);
  part("result", { result: chosen.result }, drawResult);
}

// ---- asking the scheduler ------------------------------------------------------------------------

let chosenId = location.hash.slice(1), timer, turn = 0;

async function refresh() {
  const mine = ++turn; // an answer that comes after a later question is not shown
  let wait = IDLE_MS;
  try {
    const answer = await fetch(`animate.json?render=${encodeURIComponent(chosenId)}`);
    if (!answer.ok) throw new Error(`${answer.status}`);
    const told = await answer.json();
    if (mine !== turn) return;
    at("silence").hidden = true;
    drawPage(told);
    if (told.renders.some(({ status }) => status === "running")) wait = RUNNING_MS;
  } catch {
    at("silence").textContent = "The scheduler does not answer. What is shown may be out of date.";
    at("silence").hidden = false;
  }
  clearTimeout(timer);
  if (!document.hidden) timer = setTimeout(refresh, wait); // who does not look costs nothing
}

drawLegend("strip-legend", Object.entries(LEGEND));
at("choice").onchange = (event) => choose(event.target.value);
at("copy").onclick = async () => {
  getSelection().selectAllChildren(at("summary"));
  try {
    await navigator.clipboard.writeText(at("summary").textContent);
  } catch {
    document.execCommand("copy"); // where a frame may not use the clipboard otherwise
  }
};
document.addEventListener("visibilitychange", () => { if (!document.hidden) refresh(); });
window.addEventListener("hashchange", () => { chosenId = location.hash.slice(1); refresh(); });
refresh();
