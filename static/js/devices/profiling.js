// The profiling panel: start a run, follow it, pause, resume, extend, cancel.
// The server draws the panel; while a run is open it is asked for again every two seconds.

import { post } from "../lib/api.js";
import { confirmStep } from "../lib/dom.js";
import { toast, toastError } from "../lib/toasts.js";

const PERIOD = 2000;
const MORE_SECONDS = 120;
const NAMES = { pause: "paused", resume: "resumed", extend: "extended", cancel: "cancelled" };

export class ProfilingPanel {
  /** @param {() => void} onend called when a run ended: models and numbers may be new. */
  constructor(root, slug, onend) {
    Object.assign(this, { root, slug, onend });
    root.addEventListener("submit", (event) => this.start(event));
    root.addEventListener("click", (event) => this.act(event));
    document.addEventListener("visibilitychange", () => this.follow());
    this.follow();
  }

  get job() {
    return this.root.querySelector("[data-job]")?.dataset.job;
  }

  follow() {
    clearTimeout(this.timer);
    if (this.job && !document.hidden) this.timer = setTimeout(() => this.refresh(), PERIOD);
  }

  async refresh() {
    const before = this.job;
    try {
      const response = await fetch(this.root.dataset.url, { credentials: "same-origin" });
      if (!response.ok) throw new Error(`The server answered ${response.status}.`);
      this.draw(await response.text());
      this.root.removeAttribute("data-offline");
      if (before && this.job !== before) this.onend();
    } catch {
      this.root.dataset.offline = `No answer from the server; numbers are from ${new Date(this.seen ?? Date.now()).toLocaleTimeString()}.`;
    }
    this.follow();
  }

  /** Put the server's drawing in, and the focus back where it was. */
  draw(html) {
    this.seen = Date.now();
    const focused = this.root.contains(document.activeElement) ? document.activeElement.dataset.act : null;
    const fresh = new DOMParser().parseFromString(html, "text/html");
    this.root.replaceChildren(...[...fresh.body.children].map((node) => document.importNode(node, true)));
    if (focused) this.root.querySelector(`[data-act="${focused}"]`)?.focus();
  }

  async start(event) {
    event.preventDefault();
    const form = new FormData(event.target);
    const button = event.target.querySelector("button[type=submit]");
    button.setAttribute("aria-busy", "true");
    button.disabled = true;
    try {
      await post(`devices/${this.slug}/profile/`, {
        search_space: form.get("search_space"),
        budget: { seconds: 60 * Number(form.get("minutes")) },
      });
      await this.refresh();
    } catch (error) {
      button.removeAttribute("aria-busy");
      button.disabled = false;
      toastError("Profiling was not started", error);
    }
  }

  async act(event) {
    const button = event.target.closest("[data-act]");
    if (!button || !this.job) return;
    const { act } = button.dataset;
    const job = this.job;
    if (act === "cancel" && !(await this.sure())) return;
    button.setAttribute("aria-busy", "true");
    try {
      await post(`jobs/${job}/${act}/`, act === "extend" ? { seconds: MORE_SECONDS } : {});
      toast({ title: `Profiling ${NAMES[act]}` });
    } catch (error) {
      toastError(`Profiling was not ${NAMES[act]}`, error);
    }
    await this.refresh();
  }

  sure() {
    return confirmStep({
      title: "Cancel this profiling run?",
      text: "What it measured is kept as measurements, but no model is fitted.",
      action: "Cancel the run",
    });
  }
}
