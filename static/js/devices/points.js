// A chart of points that the server drew, made live: hover, lasso, keys, and its table as a twin.
// Points carry `data-point`, rows of the twin `data-row`; equal numbers belong together.

import { el, svg } from "../lib/dom.js";

const NEAR = 18; // pixels of the screen
const LASSO_STARTS = 5;

export class PointChart {
  /**
   * @param {HTMLElement} figure with `.chart-body` around the picture.
   * @param {Map<string, HTMLElement>} rows of the twin by index.
   * @param {(indices: string[]) => void} onselect what was chosen; empty when cleared.
   */
  constructor(figure, rows, onselect = () => {}) {
    this.body = figure.querySelector(".chart-body");
    this.picture = this.body.querySelector("svg");
    this.rows = rows;
    this.onselect = onselect;
    this.marks = new Map();
    for (const mark of this.picture.querySelectorAll("[data-point]")) {
      const index = mark.dataset.point;
      this.marks.set(index, [...(this.marks.get(index) ?? []), mark]);
    }
    this.tip = el("div", { class: "chart-tip number", hidden: true });
    this.body.append(this.tip);
    this.listen();
  }

  listen() {
    this.body.addEventListener("pointermove", (event) => this.moved(event));
    this.body.addEventListener("pointerleave", () => this.point(null));
    this.body.addEventListener("pointerdown", (event) => this.pressed(event));
    this.body.addEventListener("pointerup", (event) => this.released(event));
    this.body.addEventListener("keydown", (event) => this.key(event));
    this.body.addEventListener("blur", () => this.point(null));
  }

  /** Place of a mark on the screen. */
  static centre(mark) {
    const box = mark.getBoundingClientRect();
    return [box.left + box.width / 2, box.top + box.height / 2];
  }

  nearest(x, y) {
    let [best, distance] = [null, NEAR];
    for (const [index, marks] of this.marks) {
      for (const mark of marks) {
        const [cx, cy] = PointChart.centre(mark);
        const away = Math.hypot(cx - x, cy - y);
        if (away < distance) [best, distance] = [{ index, mark }, away];
      }
    }
    return best;
  }

  moved(event) {
    if (this.lasso) return this.draw(event);
    const found = this.nearest(event.clientX, event.clientY);
    this.point(found?.index ?? null, found?.mark);
  }

  /** Light a point and its row, and say what it is; null for none. */
  point(index, mark = this.marks.get(index)?.[0]) {
    if (index === this.at) return;
    for (const lit of this.picture.querySelectorAll(".is-pointed")) lit.classList.remove("is-pointed");
    this.rows.get(this.at)?.classList.remove("is-lit");
    this.at = index;
    this.tip.hidden = index === null;
    if (index === null) return;
    for (const lit of this.marks.get(index)) lit.classList.add("is-pointed");
    const row = this.rows.get(index);
    row?.classList.add("is-lit");
    this.tip.replaceChildren(...this.words(row));
    this.place(mark);
  }

  /** The row's cells with the heads of their columns. */
  words(row) {
    if (!row) return [];
    const heads = [...row.closest("table").querySelectorAll("thead th")];
    const [first, ...cells] = [...row.cells].slice(0, heads.length);
    return [
      el("strong", {}, first.textContent.trim()),
      ...cells.map((cell, at) =>
        el("span", {}, el("span", { class: "muted" }, heads[at + 1].textContent.trim()), " ", cell.textContent.trim()),
      ),
    ];
  }

  place(mark) {
    const holder = this.body.getBoundingClientRect();
    const [x, y] = PointChart.centre(mark);
    const left = Math.min(x - holder.left + 12, holder.width - this.tip.offsetWidth - 4);
    const above = y - holder.top - this.tip.offsetHeight - 10;
    this.tip.style.left = `${Math.max(4, left)}px`;
    this.tip.style.top = `${above < 0 ? y - holder.top + 14 : above}px`;
  }

  pressed(event) {
    if (event.button !== 0 || event.target.closest("a, button")) return;
    this.start = [event.clientX, event.clientY];
    this.body.setPointerCapture(event.pointerId);
    this.body.focus({ preventScroll: true });
    this.lasso = [this.start];
  }

  draw(event) {
    this.lasso.push([event.clientX, event.clientY]);
    if (!this.loop && Math.hypot(event.clientX - this.start[0], event.clientY - this.start[1]) > LASSO_STARTS) {
      this.point(null);
      this.loop = svg("polygon", { class: "lasso" });
      this.picture.append(this.loop);
    }
    this.loop?.setAttribute("points", this.lasso.map((at) => this.inside(at).join(",")).join(" "));
  }

  /** Screen to drawing. */
  inside([x, y]) {
    const { x: left, y: top } = new DOMPoint(x, y).matrixTransform(this.picture.getScreenCTM().inverse());
    return [left.toFixed(1), top.toFixed(1)];
  }

  released(event) {
    if (!this.lasso) return;
    const drawn = this.lasso;
    this.lasso = null;
    if (this.loop) {
      this.loop.remove();
      this.loop = null;
      this.select([...this.marks].filter(([, marks]) => marks.some((m) => encloses(drawn, PointChart.centre(m)))).map(([index]) => index));
    } else {
      const found = this.nearest(event.clientX, event.clientY);
      this.select(found ? [found.index] : []);
    }
  }

  /** Choose points; the others fade. */
  select(indices) {
    const chosen = new Set(indices);
    this.picture.classList.toggle("has-selection", chosen.size > 0);
    for (const [index, marks] of this.marks) for (const mark of marks) mark.classList.toggle("is-chosen", chosen.has(index));
    this.onselect(indices);
  }

  key(event) {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      const order = [...this.marks.keys()].sort((a, b) => PointChart.centre(this.marks.get(a)[0])[0] - PointChart.centre(this.marks.get(b)[0])[0]);
      const at = this.at === null || this.at === undefined ? (step > 0 ? -1 : order.length) : order.indexOf(this.at);
      this.point(order[Math.min(order.length - 1, Math.max(0, at + step))]);
    } else if (event.key === "Enter" && this.at !== null) {
      this.rows.get(this.at)?.querySelector("a")?.click();
    } else if (event.key === "Escape") {
      this.point(null);
      this.select([]);
    }
  }
}

/** Even-odd rule. */
function encloses(polygon, [x, y]) {
  let inside = false;
  for (let i = 0, j = polygon.length - 1; i < polygon.length; j = i++) {
    const [[ax, ay], [bx, by]] = [polygon[i], polygon[j]];
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) inside = !inside;
  }
  return inside;
}

/** Rows of a twin by index. */
export function rowsOf(name) {
  return new Map([...document.querySelectorAll(`[data-twin="${name}"] [data-row]`)].map((row) => [row.dataset.row, row]));
}
