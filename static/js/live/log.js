// The log panel: level filter, find, and a follow switch that lets go when the user scrolls up.

import { el } from "../lib/dom.js";
import { clock } from "./words.js";

const LEVELS = ["debug", "info", "warning", "error"];
const NEAR = 24; // pixels from the end that still count as following

export class LogPanel {
  constructor(model) {
    this.model = model;
    this.list = document.getElementById("log");
    this.level = document.getElementById("log-level");
    this.find = document.getElementById("log-find");
    this.follow = document.getElementById("log-follow");
    this.shown = [];
    this.level.addEventListener("change", () => this.draw());
    this.find.addEventListener("input", () => this.draw());
    this.follow.addEventListener("click", () => {
      this.setFollow(!this.following);
      if (this.following) this.toEnd();
    });
    this.list.addEventListener("scroll", () => {
      const atEnd = this.list.scrollHeight - this.list.scrollTop - this.list.clientHeight < NEAR;
      if (this.following !== atEnd) this.setFollow(atEnd);
    });
  }

  get following() {
    return this.follow.getAttribute("aria-pressed") === "true";
  }

  setFollow(on) {
    this.follow.setAttribute("aria-pressed", String(on));
  }

  toEnd() {
    this.list.scrollTop = this.list.scrollHeight;
  }

  wanted() {
    const lowest = LEVELS.indexOf(this.level.value);
    const words = this.find.value.trim().toLowerCase();
    return this.model.log.filter(
      (line) =>
        LEVELS.indexOf(line.level) >= lowest && (!words || `${line.source} ${line.text}`.toLowerCase().includes(words)),
    );
  }

  /** Append what is new; build anew only when the filter changed or old lines went. */
  draw() {
    const follow = this.following;
    const lines = this.wanted();
    const grown = this.shown.length && this.shown.every((line, i) => lines[i] === line);
    const fresh = grown ? lines.slice(this.shown.length) : lines;
    if (!grown) this.list.replaceChildren();
    this.list.append(...fresh.map(row));
    if (!lines.length)
      this.list.replaceChildren(
        el("li", { class: "log-empty" }, this.model.log.length ? "No line matches." : "Nothing logged yet."),
      );
    this.shown = lines;
    if (follow) this.toEnd();
  }
}

function row(line) {
  const at = new Date(line.ts);
  const level = line.level === "info" ? null : el("strong", {}, `${line.level} `);
  return el(
    "li",
    { dataset: { level: line.level } },
    el("time", { datetime: line.ts, title: at.toLocaleString() }, clock(at)),
    " ",
    el("span", { class: "log-source" }, line.source),
    " ",
    level,
    line.text,
  );
}
