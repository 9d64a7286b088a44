// Import a table: send the file for a dry run, show what it would change, then confirm.

import { request } from "../lib/api.js";
import { el, icon } from "../lib/dom.js";
import { count, significant } from "../lib/format.js";
import { toastError } from "../lib/toasts.js";

const form = document.getElementById("import-form");
const drop = document.getElementById("drop");
const { file: input, search_space: space } = form.elements;
const look = form.querySelector("button[type=submit]");
const confirm = document.getElementById("confirm");
let file = null;

input.addEventListener("change", () => take(input.files[0]));
for (const kind of ["dragover", "dragleave", "drop"]) {
  drop.addEventListener(kind, (event) => {
    event.preventDefault();
    drop.classList.toggle("is-over", kind === "dragover");
    if (kind === "drop") take(event.dataTransfer.files[0]);
  });
}

function take(chosen) {
  file = chosen ?? null;
  document.getElementById("file-name").textContent = file ? `${file.name}, ${count(Math.ceil(file.size / 1000))} kB` : "No file yet";
  look.disabled = !file;
  document.getElementById("dry-run").hidden = true;
}

space.addEventListener("change", () => (document.getElementById("dry-run").hidden = true));

/** Send the file as it is. */
function send(dry) {
  const query = new URLSearchParams({ source: file.name, ...(space.value && { search_space: space.value }), ...(dry && { dry_run: "1" }) });
  return request("POST", `devices/${form.dataset.slug}/table/?${query}`, file, { headers: { "Content-Type": "text/csv" } });
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  look.setAttribute("aria-busy", "true");
  try {
    show(await send(true));
  } catch (error) {
    document.getElementById("dry-run").hidden = true;
    toastError("The file cannot be imported", error);
  }
  look.removeAttribute("aria-busy");
});

confirm.addEventListener("click", async () => {
  confirm.setAttribute("aria-busy", "true");
  confirm.disabled = true;
  try {
    await send(false);
    location.assign(`/devices/${form.dataset.slug}/`);
  } catch (error) {
    confirm.removeAttribute("aria-busy");
    confirm.disabled = false;
    toastError("Nothing was imported", error);
  }
});

function show(report) {
  const rows = report.tables.reduce((sum, table) => sum + table.rows, 0);
  const rejected = report.rejected_count;
  const parts = report.tables.flatMap((table) => tableParts(table));
  if (rejected) parts.push(section(`Rejected (${count(rejected)})`, ["Line", "Reason"], report.rejected.map((row) => [count(row.line), row.reason]), [0], rejected));
  document.getElementById("dry-body").replaceChildren(...parts);
  confirm.disabled = rows === 0;
  confirm.lastElementChild.textContent = rejected ? `Import ${count(rows)} rows, leave ${count(rejected)} out` : `Import ${count(rows)} rows`;
  const panel = document.getElementById("dry-run");
  panel.hidden = false;
  panel.scrollIntoView({ block: "nearest" });
}

function tableParts(table) {
  const counts = [
    ["New", table.new], ["Changed", table.changed], ["Over 20 %", table.changed_over_20_percent],
    ["Unchanged", table.unchanged], ["Gone", table.missing], ["Flagged", table.flagged],
  ]; // prettier-ignore
  const head = el(
    "div",
    { class: "dry-section card-body" },
    el("p", { class: "secondary" }, `${table.metric}, in ${table.unit}: ${count(table.rows)} ${table.layout}${table.search_space ? ` of ${table.search_space}` : ""}`),
    el("dl", { class: "dry-counts number" }, ...counts.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, count(value))))),
    ...table.notes.map((note) => el("p", { class: "throttle-line" }, icon("warning"), note)),
  );
  const changed = table.changes.map((row) => [
    row.line ? count(row.line) : "–",
    row.key,
    number(row.before),
    number(row.value),
    el("span", { class: row.large ? "is-large" : "" }, row.large ? "▲ " : "", row.percent === null ? "–" : `${row.percent > 0 ? "+" : "−"}${Math.abs(row.percent).toFixed(1)} %`),
  ]);
  const flagged = table.flagged_rows.map((row) => [row.line ? count(row.line) : "–", row.key, number(row.value), row.reasons.join("; ")]);
  return [
    head,
    changed.length && section(`Changed: largest first (${count(table.changed)})`, ["Line", "Key", "Now", "File", "Change"], changed, [0, 2, 3, 4], table.changed),
    flagged.length && section(`Flagged: kept, not trusted (${count(table.flagged)})`, ["Line", "Key", "Value", "Why"], flagged, [0, 2], table.flagged),
  ].filter(Boolean);
}

const number = (value) => (value === null ? "–" : significant(value, 4).replace("-", "−"));

function section(title, heads, rows, numeric, total) {
  const line = (tag, cells) =>
    el("tr", {}, ...cells.map((cell, at) => el(tag, { class: numeric.includes(at) ? "is-number" : "", ...(tag === "th" && { scope: "col" }) }, cell)));
  return el(
    "div",
    { class: "dry-section" },
    el("h3", {}, title),
    el("div", { class: "table-scroll" }, el("table", { class: "table numbers" }, el("thead", {}, line("th", heads)), el("tbody", {}, ...rows.map((row) => line("td", row))))),
    rows.length < total && el("p", { class: "chart-caption" }, `The first ${count(rows.length)} of ${count(total)}.`),
  );
}
