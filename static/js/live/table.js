// The latest candidates: one row each, updated in place; sorted by any column.

import { el, icon } from "../lib/dom.js";
import { count, metric } from "../lib/format.js";
import { ORIGINS, shownOrigin, STATUS_ICONS, withOrigin } from "./words.js";

const LATEST = 200;
const RANK = { training: 0, measuring: 1, queued: 2, done: 3, failed: 4, cancelled: 5 };

export class CandidateTable {
  constructor(model, facts, address) {
    this.model = model;
    this.facts = facts;
    this.address = address;
    this.sort = { key: "number", down: true };
    this.rows = new Map();
    this.table = document.getElementById("candidates");
    this.head();
    this.table.tHead.addEventListener("click", (event) => {
      const button = event.target.closest("button[data-key]");
      if (button) this.sortBy(button.dataset.key);
    });
    this.table.tBodies[0].addEventListener("click", (event) => {
      const link = event.target.closest("tr")?.querySelector("a");
      if (link && !event.target.closest("a") && !getSelection().toString()) link.click();
    });
  }

  columns() {
    return [
      { key: "number", label: "#", down: true },
      { key: "status", label: "State" },
      ...this.facts.metrics.map((key) => {
        const goal = this.facts.objectives.find((item) => item.key === key);
        return {
          key,
          label: `${this.facts.labels[key]}${goal ? (goal.higher ? " ↑" : " ↓") : ""}`,
          number: true,
          down: goal?.higher,
        };
      }),
      { key: "limits", label: "Limits" },
      { key: "front", label: "Front" },
    ];
  }

  head() {
    const cells = this.columns().map((column) =>
      el(
        "th",
        { scope: "col", class: column.number ? "is-number" : "", dataset: { column: column.key } },
        el("button", { type: "button", dataset: { key: column.key } }, column.label),
      ),
    );
    this.table.tHead.replaceChildren(el("tr", {}, ...cells));
    this.showSort();
  }

  sortBy(key) {
    const column = this.columns().find((item) => item.key === key);
    this.sort = this.sort.key === key ? { key, down: !this.sort.down } : { key, down: Boolean(column.down) };
    this.showSort();
    this.draw();
  }

  showSort() {
    for (const cell of this.table.tHead.rows[0].cells) {
      if (cell.dataset.column === this.sort.key)
        cell.setAttribute("aria-sort", this.sort.down ? "descending" : "ascending");
      else cell.removeAttribute("aria-sort");
    }
  }

  value(candidate) {
    const { key } = this.sort;
    if (key === "number") return candidate.number;
    if (key === "status") return RANK[candidate.status] ?? 9;
    if (key === "limits") return candidate.feasible === null ? null : Number(candidate.feasible);
    if (key === "front") return Number(this.front.has(candidate.number));
    return candidate.metrics[key] ?? null;
  }

  draw() {
    this.front = new Set(this.model.front);
    const total = this.model.candidates.size;
    const latest = this.model.latest(LATEST);
    const shown = latest.map((candidate) => [candidate, this.value(candidate)]);
    const sign = this.sort.down ? -1 : 1;
    shown.sort(([a, x], [b, y]) => (x === null) - (y === null) || sign * (x - y) || b.number - a.number); // none goes last
    document.getElementById("candidates-note").textContent =
      total > LATEST ? `latest ${LATEST} of ${count(total)}` : `${count(total)} in all`;
    const body = this.table.tBodies[0];
    const rows = shown.map(([candidate]) => this.row(candidate));
    rows.forEach((row, i) => body.rows[i] !== row && body.insertBefore(row, body.rows[i] ?? null));
    while (body.rows.length > rows.length) body.lastElementChild.remove();
    const kept = new Set(latest.map((candidate) => candidate.number));
    for (const number of this.rows.keys()) if (!kept.has(number)) this.rows.delete(number);
  }

  row(candidate) {
    const place = this.front.has(candidate.number) ? (candidate.number === this.model.knee ? "◆ knee" : "● front") : "";
    const mark = `${JSON.stringify([candidate.status, candidate.feasible, candidate.metrics])}${place}`;
    const known = this.rows.get(candidate.number);
    if (known?.mark === mark) return known.row;
    const cells = [
      el(
        "td",
        {},
        el("a", { href: this.address(candidate.number) }, `#${candidate.number}`),
        candidate.known ? el("span", { class: "known-name" }, " ", candidate.known) : null,
        candidate.baseline ? el("span", { class: "muted" }, " baseline") : null,
      ),
      el(
        "td",
        {},
        el(
          "span",
          { class: "status", dataset: { status: candidate.status } },
          icon(STATUS_ICONS[candidate.status] ?? candidate.status),
          candidate.status,
        ),
      ),
      ...this.facts.metrics.map((key) => this.number(candidate, key)),
      el("td", {}, limits(candidate)),
      el("td", {}, place),
    ];
    const row = known?.row ?? el("tr", {});
    row.replaceChildren(...cells);
    this.rows.set(candidate.number, { row, mark });
    return row;
  }

  number(candidate, key) {
    const value = candidate.metrics[key];
    const origin = shownOrigin(key, candidate.origins[key]);
    const title = value === undefined ? missing(candidate) : (ORIGINS[origin] ?? "");
    return el("td", { class: "is-number", title }, withOrigin(metric(key, value), origin));
  }
}

function limits(candidate) {
  if (candidate.feasible === null || candidate.status !== "done") return "";
  return candidate.feasible ? "met" : el("span", { class: "is-missed" }, icon("infeasible"), "missed");
}

function missing(candidate) {
  if (candidate.status === "done") return "not trained: a limit was missed";
  if (candidate.status === "failed") return "the candidate failed";
  return `not known yet: ${candidate.status}`;
}
