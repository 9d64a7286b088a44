// The front chart's data, without elements: which candidate is drawn as what, ranges, densities.
// `experiments/figures/front_data.py` is the twin of the first half.

import { metric } from "../lib/format.js";
import { nameOf, shownOrigin, withOrigin } from "./words.js";

export const NEW_SECONDS = 60;
const MANY = 2000; // points from which a cloud is a density (WebGL needs eval, which the page forbids)
const GRID = [96, 60];
const FEW = 400; // crosses that are drawn of those that miss a limit

/** Candidates by part: {role: [{number, x, y, text}]}, and the axes they are on. */
export function sortParts(model, x, y, now = Date.now()) {
  const parts = { front: [], dominated: [], infeasible: [], rug: [], baseline: [], knee: [], new: [], known: [] };
  const front = new Set(model.front);
  const rivals = [];
  for (const candidate of model.candidates.values()) {
    if (candidate.status !== "done") continue;
    const point = pointOf(candidate, x, y);
    if (point.x === null) continue;
    if (candidate.baseline) {
      if (candidate.feasible && point.y !== null) rivals.push(point);
      continue;
    }
    if (point.y === null) {
      if (!candidate.feasible) parts.rug.push({ ...point, y: 0.022 });
      continue;
    }
    const role = front.has(candidate.number) ? "front" : candidate.feasible ? "dominated" : "infeasible";
    parts[role].push(point);
    if (candidate.known) parts.known.push(point);
    if (candidate.number === model.knee) parts.knee.push(point);
    if (candidate.ended && now - candidate.ended < NEW_SECONDS * 1000)
      parts.new.push({ ...point, ended: candidate.ended });
  }
  parts.known.sort((a, b) => a.number - b.number);
  parts.front.sort((a, b) => a.x - b.x || b.y - a.y);
  parts.baseline = frontOf(rivals, x, y);
  return parts;
}

function pointOf(candidate, x, y) {
  const scaled = (axis) => {
    const value = candidate.metrics[axis.key];
    return value === undefined ? null : value * axis.factor;
  };
  const texts = [x, y].map((axis) =>
    withOrigin(metric(axis.key, candidate.metrics[axis.key]), shownOrigin(axis.key, candidate.origins[axis.key])),
  );
  const verdict = candidate.feasible ? "" : "<br>misses a limit";
  return {
    number: candidate.number,
    x: scaled(x),
    y: scaled(y),
    known: candidate.known,
    text: `<b>${nameOf(candidate)}</b><br>${y.label} ${texts[1]}<br>${x.label} ${texts[0]}${verdict}`,
  };
}

/** Non-dominated points of two axes, sorted by x. */
export function frontOf(points, x, y) {
  const sign = (axis) => (axis.higher ? -1 : 1);
  const sorted = [...points].sort((a, b) => sign(x) * (a.x - b.x) || sign(y) * (a.y - b.y));
  let best = Infinity;
  const kept = sorted.filter((point) => sign(y) * point.y < best && ((best = sign(y) * point.y), true));
  return kept.sort((a, b) => a.x - b.x);
}

/** Ranges of both axes: feasible points (all, while none is), known networks, and limits that are near. */
export function ranges(parts, x, y) {
  let shown = [...parts.front, ...parts.dominated, ...parts.baseline];
  if (!shown.length) shown = parts.infeasible;
  shown = [...shown, ...parts.known];
  const xs = shown.length ? shown.map((p) => p.x) : parts.rug.map((p) => p.x);
  return [
    range(x, xs),
    range(
      y,
      shown.map((p) => p.y),
    ),
  ];
}

function range(axis, values) {
  if (!values.length)
    return [0, axis.limits.length ? Math.max(...axis.limits.map((limit) => 1.3 * limit.value)) : axis.factor];
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) [low, high] = [Math.min(low, value), Math.max(high, value)];
  const room = (high - low) * 0.05 || Math.abs(high) * 0.05 || 1;
  [low, high] = [low - room, high + room];
  for (const { value } of axis.limits) {
    const wide = [Math.min(low, value), Math.max(high, value)];
    if (wide[1] - wide[0] > 2 * (high - low)) continue;
    [low, high] = wide;
    const margin = 0.03 * (high - low);
    if (value === low) low -= margin;
    else if (value === high) high += margin;
  }
  return [low, high];
}

/** Whether the cloud is so large that drawing it every second would hurt. */
export const isLarge = (parts) => parts.dominated.length + parts.infeasible.length > MANY;

/** The parts as they are drawn within ranges: of a large cloud points where few are in sight, else a density. */
export function drawable(parts, x, y) {
  const [across, up] = [[...x].sort(byValue), [...y].sort(byValue)];
  const seen = parts.dominated.filter(inside(across, up));
  const isDense = seen.length > MANY;
  return {
    ...parts,
    density: isDense ? density(seen, across, up) : null,
    dominated: isDense ? [] : parts.dominated.length > MANY ? seen : parts.dominated,
    infeasible: thinned(parts.infeasible, FEW),
    rug: thinned(parts.rug, FEW),
  };
}

const byValue = (a, b) => a - b;

/** Every n-th point, so that at most `most` are drawn. */
function thinned(points, most) {
  const step = Math.ceil(points.length / most) || 1;
  return points.filter((_, i) => i % step === 0);
}

const inside =
  ([left, right], [low, high]) =>
  (point) =>
    point.x >= left && point.x <= right && point.y >= low && point.y <= high;

/** Counts on a grid over the ranges, as the columns of a heat map; the colour is logarithmic. */
function density(points, [left, right], [low, high]) {
  const [columns, rows] = GRID;
  const [wide, tall] = [(right - left) / columns, (high - low) / rows];
  const counts = Array.from({ length: rows }, () => new Array(columns).fill(0));
  for (const { x, y } of points) {
    counts[Math.min(rows - 1, Math.floor((y - low) / tall))][Math.min(columns - 1, Math.floor((x - left) / wide))] += 1;
  }
  return {
    x0: left + wide / 2,
    dx: wide,
    y0: low + tall / 2,
    dy: tall,
    z: counts.map((row) => row.map((n) => (n ? Math.log1p(n) : null))),
    text: counts.map((row) => row.map(String)),
  };
}

/** Points as the columns of a trace. */
export function columns(points) {
  return {
    x: points.map((p) => p.x),
    y: points.map((p) => p.y),
    customdata: points.map((p) => p.number),
    text: points.map((p) => p.text),
  };
}

const LETTER = 6.2; // px, a little more than the average at 11 px
const [GAP, LINE] = [9, 14]; // px from the middle of a marker to its name, and the name's height
const PLACES = ["top left", "top right", "bottom right", "bottom left", "top center", "bottom center"];

/** Names of known networks, each once, placed within the plot and apart as far as there is room. */
export function names(points, [left, right], [low, high], [width, height]) {
  const boxes = [];
  const written = new Set();
  const placed = points.map((point) => {
    if (written.has(point.known)) return { text: "", place: PLACES[0] }; // one run per seed begins with it
    written.add(point.known);
    const at = [((point.x - left) / (right - left)) * width, ((high - point.y) / (high - low)) * height];
    const found = PLACES.map((place) => ({ place, box: boxAt(place, at, point.known.length * LETTER) }));
    const within = found.filter(({ box }) => box.x0 >= 0 && box.x1 <= width && box.y0 >= 0 && box.y1 <= height);
    const best = within.find(({ box }) => !boxes.some((other) => overlaps(box, other))) ?? within[0] ?? found[0];
    boxes.push(best.box);
    return { text: point.known, place: best.place };
  });
  return { text: placed.map(({ text }) => text), textposition: placed.map(({ place }) => place) };
}

function boxAt(place, [x, y], wide) {
  const [up, side] = place.split(" ");
  const x0 = { left: x - GAP - wide, center: x - wide / 2, right: x + GAP }[side];
  const y0 = up === "top" ? y - GAP - LINE : y + GAP;
  return { x0, x1: x0 + wide, y0, y1: y0 + LINE };
}

const overlaps = (a, b) => a.x0 < b.x1 && b.x0 < a.x1 && a.y0 < b.y1 && b.y0 < a.y1;
