// Line charts: hypervolume of the runs, losses of running candidates.

import { keep } from "../lib/plots.js";
import { css } from "./front.js";

const COLOURS = ["--c-accuracy", "--c-latency", "--c-params", "--c-memory"];
const MAX_RUNNING = 4;
const MAX_RECENT = 4;

export class HypervolumeChart {
  constructor(model) {
    this.model = model;
  }

  attach(graph, redraw) {
    this.graph = graph;
    this.x = graph.layout.meta.x;
    graph.on("plotly_afterplot", () => {
      if (graph.layout.meta?.x === this.x) return;
      this.x = graph.layout.meta.x;
      this.drawn = undefined;
      redraw();
    });
    keep(
      graph,
      () => this.drawn,
      () => this.draw(),
    );
  }

  draw() {
    if (!this.graph) return;
    if (this.graph._dragging) return;
    const traces = [...this.model.series.values()].map((item) => this.trace(item));
    this.drawn = traces;
    window.Plotly.react(this.graph, traces, outlined(this.graph.layout, !traces.some((trace) => trace.x.length)));
  }

  trace(item) {
    const name = runName(item);
    return {
      type: "scatter",
      mode: item.trials.length === 1 ? "markers" : "lines",
      name,
      meta: item.run,
      x: item[this.x],
      y: item.hypervolume,
      line: {
        shape: "hv",
        width: 2,
        color: css(item.baseline ? "--c-memory" : "--c-accuracy"),
        dash: item.baseline ? "dot" : "solid",
      },
      hovertemplate: `${name}<br>%{x}: %{y:.4f}<extra></extra>`,
    };
  }
}

/** The layout of a chart without data: axes and titles, no made-up numbers. */
function outlined(layout, empty) {
  const axis = (item) => ({ ...item, showticklabels: !empty, ticks: empty ? "" : "outside" });
  return { ...layout, xaxis: axis(layout.xaxis), yaxis: axis(layout.yaxis) };
}

export function runName(item) {
  return `${item.strategy}, seed ${item.seed}${item.baseline ? " (baseline)" : ""}`;
}

export class LossChart {
  constructor(model) {
    this.model = model;
  }

  attach(graph) {
    this.graph = graph;
    keep(
      graph,
      () => this.drawn,
      () => this.draw(),
    );
  }

  /** Numbers of the candidates whose curves are shown: running ones, recent ones, the best. */
  shown() {
    const known = [...this.model.curves.keys()];
    const going = new Set(this.model.running.map((candidate) => candidate.number));
    const running = known.filter((number) => going.has(number)).slice(-MAX_RUNNING);
    const recent = known.filter((number) => !going.has(number) && number !== this.model.best).slice(-MAX_RECENT);
    const best =
      this.model.best !== null && known.includes(this.model.best) && !going.has(this.model.best)
        ? this.model.best
        : null;
    return { running, recent, best };
  }

  draw() {
    if (!this.graph || this.graph._dragging) return;
    const { running, recent, best } = this.shown();
    const traces = recent.map((number) => this.line(number, "val_loss", css("--c-infeasible"), 1, "solid", 0.5));
    if (best !== null) traces.push(this.line(best, "val_loss", css("--text-3"), 2, "solid", 1, "best "));
    running.forEach((number, i) => {
      const colour = css(COLOURS[i % COLOURS.length]);
      traces.push(
        this.line(number, "train_loss", colour, 1.5, "dot", 1),
        this.line(number, "val_loss", colour, 2, "solid", 1),
      );
    });
    this.drawn = traces;
    window.Plotly.react(this.graph, traces, outlined(this.graph.layout, !traces.length));
  }

  line(number, key, colour, width, dash, opacity, prefix = "") {
    const rows = this.model.curves.get(number);
    const words = `${prefix}#${number} ${key === "val_loss" ? "validation" : "training"} loss`;
    return {
      type: "scatter",
      mode: rows.length === 1 ? "markers" : "lines",
      name: words,
      x: rows.map((row) => row.epoch),
      y: rows.map((row) => (row[key] > 0 ? row[key] : null)),
      opacity,
      line: { color: colour, width, dash },
      marker: { color: colour, size: 5 },
      hovertemplate: `${words} %{y:.4f}<extra></extra>`,
    };
  }
}
