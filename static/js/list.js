// Experiments list: keys, confirmations, code to copy, and rows that follow the socket.

import { confirmStep, debounce } from "./lib/dom.js";
import { Feed } from "./lib/feed.js";
import { count } from "./lib/format.js";
import { bind } from "./lib/keys.js";

const table = document.getElementById("experiments");

// Keys and buttons ----------------------------------------------------------------------------

function move(step) {
  const all = [...document.querySelectorAll(".row-link")];
  const at = all.indexOf(document.activeElement);
  all[Math.min(all.length - 1, Math.max(0, at === -1 ? 0 : at + step))]?.focus();
}

bind("c", "New experiment", () => location.assign("/experiments/new/"));
bind("/", "Filter the list", () => document.getElementById("filter")?.focus());
bind("j", "Next experiment", () => move(1));
bind("k", "Previous experiment", () => move(-1));

addEventListener("submit", async (event) => {
  const { confirm: title, confirmText: text } = event.target.dataset;
  if (!title) return;
  event.preventDefault();
  if (await confirmStep({ title, text, action: "Delete" })) event.target.submit();
});

for (const button of document.querySelectorAll("[data-open]")) {
  const dialog = document.getElementById(button.dataset.open);
  button.addEventListener("click", () => dialog.showModal());
}

for (const button of document.querySelectorAll("[data-copy]")) {
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(button.parentElement.querySelector("code").textContent);
    button.lastChild.textContent = "Copied";
  });
}

// Live rows -------------------------------------------------------------------------------------

/** HTML of a part of this site; null if it is gone, or the session is. */
async function part(url) {
  const response = await fetch(url, { credentials: "same-origin", redirect: "manual" }).catch(() => null);
  return response?.ok ? response.text() : null;
}

function parseRow(html) {
  const holder = document.createElement("template");
  holder.innerHTML = html; // drawn and escaped by our own server
  return holder.content.querySelector("tr");
}

/** What a row was last drawn from: it is fetched again only when this changes. */
const drawn = new Map();
const fingerprint = (summary) => `${summary.status} ${summary.front} ${summary.hypervolume.length}`;

function showProgress(row, { status, progress }) {
  const ended = progress.done + progress.failed;
  const percent = status === "done" ? 100 : progress.total ? Math.min(100, Math.floor((100 * ended) / progress.total)) : 0;
  const bar = row.querySelector(".progress");
  bar.setAttribute("aria-valuenow", percent);
  bar.firstElementChild.style.width = `${percent}%`;
  row.querySelector("[data-percent]").textContent = `${percent} %`;
  row.querySelector("[data-counts]").textContent = `${count(progress.done)} of ${count(progress.total)}${progress.failed ? ` · ${count(progress.failed)} failed` : ""}`;
}

async function redraw(row, id) {
  const html = await part(`/experiments/${id}/row/`);
  const fresh = html && parseRow(html);
  if (!fresh || row.querySelector("details[open]")) return; // never close a menu in use
  const focused = row.contains(document.activeElement);
  row.replaceWith(fresh);
  if (focused) fresh.querySelector(".row-link").focus();
}

function follow(summary) {
  if (summary.type !== "exp.summary") return;
  const row = table.querySelector(`tr[data-experiment="${CSS.escape(summary.experiment)}"]`);
  if (!row) return reload();
  showProgress(row, summary);
  const print = fingerprint(summary);
  if (drawn.get(summary.experiment) === print) return;
  drawn.set(summary.experiment, print);
  redraw(row, summary.experiment);
}

/** Something new, or something missed: read the table again, unless it is in use. */
const reload = debounce(async () => {
  const query = new URLSearchParams(location.search);
  if (query.has("page") || table.querySelector("details[open], #filter:focus")) return;
  query.set("part", "1");
  const html = await part(`?${query}`);
  if (html === null) return;
  const focused = document.activeElement?.closest("tr")?.dataset.experiment;
  table.innerHTML = html; // drawn and escaped by our own server
  if (focused) table.querySelector(`tr[data-experiment="${focused}"] .row-link`)?.focus();
}, 1000);

function showConnection({ state, wait }) {
  const dot = document.getElementById("connection");
  dot.hidden = false;
  dot.dataset.state = state;
  dot.textContent = { live: "live", connecting: "connecting", waiting: `reconnecting in ${wait} s` }[state];
}

if (table) new Feed(table.dataset.socket, { message: follow, back: reload, status: showConnection });
