// Words and marks that several parts of the pages share.

import { count, duration } from "../lib/format.js";

export const MARKS = { measured: "●", predicted: "~", looked_up: "▤", analytic: "", described: "~" };
export const ORIGINS = {
  measured: "measured",
  predicted: "predicted by a model",
  looked_up: "looked up in a table",
  analytic: "computed from the network",
  described: "computed from the device's description, not measured",
};

/** As the API has it, but analytic numbers of a device are not exact: "described". */
export const shownOrigin = (key, origin) => (origin === "analytic" && /_m[sj](@|$)/.test(key) ? "described" : origin);

/** "21.8 ms ●" for a measured number, "~ 22.1 ms" for a predicted one. */
export function withOrigin(text, origin) {
  const mark = MARKS[origin];
  if (!mark || text === "–") return text;
  return mark === "~" ? `~ ${text}` : `${text} ${mark}`;
}

/** "14:02" in the viewer's time zone. */
export function clock(date) {
  return date ? date.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }) : "";
}

/** "18 / 40 candidates · 12/min · ETA 1 min 40 s (1 min 20 s – 2 min) · 16:40". */
export function progressText(progress, status) {
  const parts = [`${count(progress.done + progress.failed)} / ${count(progress.total)} candidates`];
  if (status === "paused") return [...parts, "paused"].join(" · ");
  if (["done", "stopped", "failed", "cancelled"].includes(status)) {
    return [...parts, `took ${duration(progress.seconds)}`].join(" · ");
  }
  if (status === "queued") return [...parts, "waiting for a search worker"].join(" · ");
  if (progress.rate_per_min) parts.push(`${rate(progress.rate_per_min)}`);
  parts.push(eta(progress));
  return parts.join(" · ");
}

function rate(perMinute) {
  return perMinute >= 1
    ? `${perMinute < 10 ? perMinute.toFixed(1) : Math.round(perMinute)}/min`
    : `${(perMinute * 60).toFixed(1)}/h`;
}

function eta({ eta_s: middle, eta_p10_s: low, eta_p90_s: high }) {
  if (middle === null || middle === undefined) return "estimating…";
  const end = new Date(Date.now() + middle * 1000);
  const range = duration(low) === duration(high) ? "" : ` (${duration(low)} – ${duration(high)})`;
  return `ETA ${duration(middle)}${range} · ${clock(end)}`;
}

export const STATUS_WORDS = {
  queued: "Queued",
  starting: "Starting",
  running: "Running",
  paused: "Paused",
  done: "Done",
  stopped: "Stopped",
  failed: "Failed",
  cancelled: "Cancelled",
};

export const STATUS_ICONS = { starting: "running", training: "running", measuring: "running", cancelled: "stopped" };

/** "#12", with the name if it is a network of the literature. */
export const nameOf = ({ number, known }) => (known ? `#${number} ${known}` : `#${number}`);
