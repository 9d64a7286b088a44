// One scheduler for everything that is drawn: numbers at most four times a second, charts once,
// nothing while the tab is hidden or the view is frozen; then everything once.

export class Schedule {
  /** @param {Object<string, {every: number, draw: Function}>} parts by name; `every` in ms. */
  constructor(parts) {
    this.parts = new Map(Object.entries(parts).map(([name, part]) => [name, { ...part, dirty: false, last: 0 }]));
    this.frozen = false;
    document.addEventListener("visibilitychange", () => !document.hidden && this.wake());
  }

  /** Something changed that this part shows. */
  mark(...names) {
    for (const name of names) {
      const part = this.parts.get(name);
      if (part) part.dirty = true;
    }
    this.wake();
  }

  markAll() {
    this.mark(...this.parts.keys());
  }

  freeze(on) {
    this.frozen = on;
    if (!on) this.wake();
  }

  wake() {
    if (this.timer || document.hidden) return;
    const now = performance.now();
    const due = [...this.parts.values()]
      .filter((part) => this.mayDraw(part))
      .map((part) => Math.max(0, part.last + part.every - now));
    if (!due.length) return;
    this.timer = setTimeout(() => requestAnimationFrame(() => this.draw()), Math.min(...due));
  }

  mayDraw(part) {
    return part.dirty && (!this.frozen || part.always);
  }

  draw() {
    this.timer = null;
    const now = performance.now();
    for (const part of this.parts.values()) {
      if (!this.mayDraw(part) || now - part.last < part.every - 5) continue;
      part.dirty = false;
      part.last = now;
      try {
        part.draw();
      } catch (error) {
        console.error(error); // one broken part must not still the others
      }
    }
    this.wake();
  }
}
