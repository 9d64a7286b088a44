// The drawn architecture beside the front: the best, the knee or the cheapest feasible candidate.

import { el, serverSvg } from "../lib/dom.js";
import { metric } from "../lib/format.js";
import { ORIGINS, shownOrigin, withOrigin } from "./words.js";

const KEPT = 12;

export class BestCard {
  constructor(model, facts, address) {
    this.model = model;
    this.facts = facts;
    this.address = address;
    this.pick = "best";
    this.drawings = new Map();
    const choice = document.getElementById("best-choice");
    choice.addEventListener("click", (event) => event.target.dataset.pick && this.choose(event.target.dataset.pick));
    choice.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (!step) return;
      event.preventDefault();
      const all = [...choice.children];
      const next = all[(all.findIndex((button) => button.dataset.pick === this.pick) + step + all.length) % all.length];
      this.choose(next.dataset.pick);
      next.focus();
    });
  }

  choose(pick) {
    this.pick = pick;
    for (const button of document.getElementById("best-choice").children) {
      const on = button.dataset.pick === pick;
      button.setAttribute("aria-checked", String(on));
      button.tabIndex = on ? 0 : -1;
    }
    this.draw();
  }

  get number() {
    return { best: this.model.best, knee: this.model.knee, fastest: this.model.cheapest }[this.pick];
  }

  draw() {
    const candidate = this.model.get(this.number);
    const hint = document.getElementById("best-hint");
    const link = document.getElementById("best-link");
    hint.hidden = Boolean(candidate);
    link.hidden = !candidate;
    if (!candidate) {
      hint.textContent =
        this.pick === "knee" && this.model.front.length
          ? "A knee needs a front of at least three."
          : "No feasible candidate yet.";
      document.getElementById("best-numbers").replaceChildren();
      document.getElementById("best-strip").replaceChildren();
      this.drawn = null;
      return;
    }
    link.textContent = `#${candidate.number}`;
    link.href = this.address(candidate.number);
    document
      .getElementById("best-numbers")
      .replaceChildren(...this.facts.metrics.map((key) => this.row(key, candidate)));
    this.drawStrip(candidate.number);
  }

  row(key, candidate) {
    const origin = shownOrigin(key, candidate.origins[key]);
    const text = withOrigin(metric(key, candidate.metrics[key]), origin);
    return el(
      "div",
      {},
      el("dt", {}, this.facts.labels[key]),
      el("dd", { title: ORIGINS[origin] ?? "no value" }, text),
    );
  }

  async drawStrip(number) {
    if (this.drawn === number) return;
    this.drawn = number;
    const holder = document.getElementById("best-strip");
    try {
      if (!this.drawings.has(number)) this.drawings.set(number, await this.fetch(number));
      if (this.drawings.size > KEPT) this.drawings.delete(this.drawings.keys().next().value);
    } catch {
      this.drawn = null;
      return; // the next change of the front tries again
    }
    const drawing = serverSvg(this.drawings.get(number) ?? "");
    if (this.drawn === number && drawing) holder.replaceChildren(drawing);
  }

  async fetch(number) {
    const response = await fetch(`${this.address(number)}strip.svg`);
    if (!response.ok) throw new Error(`strip.svg: ${response.status}`);
    return response.text();
  }
}
