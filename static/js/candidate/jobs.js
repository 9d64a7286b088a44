// A job in place: how far it is, what it found, where its file is.

import { el, icon } from "../lib/dom.js";
import { metric } from "../lib/format.js";

const NAMES = { measure: "Measurement", export: "ONNX export" };
const WORDS = {
  queued: "waiting for a worker",
  waiting: "waiting for the device's agent",
  running: "running",
  done: "done",
  failed: "failed",
  cancelled: "cancelled",
};

const ICONS = { cancelled: "stopped", waiting: "queued" };

/** @param {number|undefined} before the latency that the search used, in ms. */
export function jobCard(job, before) {
  const going = ["queued", "waiting", "running"].includes(job.status);
  return el(
    "div",
    { class: "card job", dataset: { kind: job.kind, status: job.status } },
    el(
      "span",
      { class: "status", dataset: { status: job.status } },
      icon(ICONS[job.status] ?? job.status),
      NAMES[job.kind] ?? job.kind,
    ),
    el("span", { class: "muted" }, job.problem || WORDS[job.status]),
    going ? bar(job) : el("div", { class: "job-result" }, ...result(job, before)),
  );
}

function bar(job) {
  const percent = Math.round(100 * job.progress);
  const inner = el("span", { style: `width: ${percent}%` });
  return el(
    "div",
    {
      class: "progress",
      role: "progressbar",
      "aria-valuemin": 0,
      "aria-valuemax": 100,
      "aria-valuenow": percent,
      "aria-label": "Progress",
    },
    inner,
  );
}

function result(job, before) {
  if (job.status === "failed") return [job.error || "The job failed without a reason."];
  if (job.status !== "done") return [];
  if (job.kind === "measure") return [measured(job.result, before)];
  return job.artifacts.flatMap((file) => exported(file, job.result));
}

function measured(result, before) {
  if (typeof result?.value !== "number") return "";
  const text = `${metric("latency_ms", result.value)} ●`;
  if (!before) return text;
  const change = 100 * (result.value / before - 1);
  return `${text}  (during the search ${metric("latency_ms", before)} ●, ${change >= 0 ? "+" : "−"}${Math.abs(change).toFixed(1)} %)`;
}

function exported(file, result) {
  const facts = result?.facts ?? {};
  const size = file.bytes >= 1e6 ? `${(file.bytes / 1e6).toFixed(1)} MB` : `${(file.bytes / 1e3).toFixed(1)} kB`;
  const checked =
    typeof facts.max_abs_diff === "number"
      ? el(
          "p",
          { class: "checked" },
          icon("done"),
          `Ran in ONNX Runtime ${facts.onnxruntime ?? ""}: largest difference to PyTorch ${facts.max_abs_diff.toExponential(1)}`,
        )
      : null;
  return [
    el(
      "a",
      { class: "file-name", href: `/api/v1/artifacts/${file.id}/download/` },
      icon("download"),
      `Download ${file.name}`,
    ),
    el("span", { class: "number secondary" }, size),
    el("code", { class: "sha", title: "SHA-256" }, file.sha256),
    checked,
  ].filter(Boolean);
}
