// The training curves of one candidate, which grow while it trains, and their table.

import { el } from "../lib/dom.js";
import { metric } from "../lib/format.js";
import { keep } from "../lib/plots.js";
import { css } from "../live/front.js";

const COLOURS = { val_loss: "--c-latency", train_loss: "--c-latency", accuracy: "--c-accuracy" };
const HINTS = {
  queued: "Waiting for a worker.",
  measuring: "Being measured; training follows if the limits are met.",
  training: "The first epoch is on its way.",
  done: "Not trained: a limit was missed, so its quality was not needed.",
  failed: "Failed before the first epoch ended.",
  cancelled: "Cancelled before the first epoch ended.",
};

export class CurveChart {
  constructor(rows, status) {
    this.rows = rows;
    this.status = status;
    const button = document.querySelector('[data-twin="curve"]');
    button.addEventListener("click", () => this.toggle(button));
  }

  attach(graph) {
    this.graph = graph;
    keep(
      graph,
      () => this.drawn,
      () => this.draw(),
    );
    this.draw();
  }

  add({ epoch, epochs, train_loss, val_loss, val_accuracy, seconds }) {
    this.rows = [
      ...this.rows.filter((row) => row.epoch < epoch),
      { epoch, epochs, train_loss, val_loss, val_accuracy, seconds },
    ];
    this.draw();
  }

  draw() {
    const hint = document.getElementById("curve-hint");
    hint.hidden = this.rows.length > 0;
    hint.textContent = this.rows.length ? "" : HINTS[this.status];
    document.getElementById("curve-chart")?.classList.toggle("is-away", this.asTable || !this.rows.length);
    if (this.asTable) this.drawTable();
    if (!this.graph) return;
    this.drawn = this.graph.data.map((trace) => this.trace(trace));
    window.Plotly.react(this.graph, this.drawn, this.graph.layout);
  }

  trace(trace) {
    const key = Array.isArray(trace.meta) ? trace.meta[1] : trace.meta;
    const colour = css(COLOURS[key]);
    const value = (row) => (key === "accuracy" ? 100 * row.val_accuracy : row[key] > 0 ? row[key] : null);
    return {
      ...trace,
      mode: key === "accuracy" || this.rows.length < 2 ? "lines+markers" : "lines",
      x: this.rows.map((row) => row.epoch),
      y: this.rows.map(value),
      line: { ...trace.line, color: colour },
      marker: { ...trace.marker, color: colour },
    };
  }

  toggle(button) {
    this.asTable = !this.asTable;
    button.setAttribute("aria-pressed", String(this.asTable));
    button.textContent = this.asTable ? "Chart" : "Table";
    document.querySelector(".area-curve").classList.toggle("shows-table", this.asTable);
    document.querySelector('[data-twin-of="curve"]').hidden = !this.asTable;
    this.draw();
  }

  drawTable() {
    const heads = ["Epoch", "Training loss", "Validation loss", "Accuracy", "Time"];
    const cells = this.rows.map((row) => [
      String(row.epoch),
      row.train_loss.toFixed(4),
      row.val_loss.toFixed(4),
      metric("accuracy", row.val_accuracy),
      `${row.seconds.toFixed(1)} s`,
    ]);
    const line = (tag, texts) =>
      el(
        "tr",
        {},
        ...texts.map((text, i) =>
          el(tag, { class: i ? "is-number" : "", ...(tag === "th" && { scope: "col" }) }, text),
        ),
      );
    document
      .querySelector('[data-twin-of="curve"]')
      .replaceChildren(
        el(
          "table",
          { class: "table numbers" },
          el("thead", {}, line("th", heads)),
          el("tbody", {}, ...cells.map((row) => line("td", row))),
        ),
      );
  }
}
