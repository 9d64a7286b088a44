// Title line, progress, key figures, banner and what the tab says.

import { el, icon } from "../lib/dom.js";
import { count, metric } from "../lib/format.js";
import { progressText, STATUS_ICONS, STATUS_WORDS, shownOrigin, withOrigin } from "./words.js";

const TEN_MINUTES = 600_000;
const ANNOUNCE_SECONDS = 10;

const signed = (value, digits) => `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(digits)}`;

const byId = (id) => document.getElementById(id);

function setText(id, text) {
  const node = byId(id);
  if (node && node.textContent !== text) node.textContent = text;
}

export class Overview {
  constructor(model, facts) {
    this.model = model;
    this.facts = facts;
    this.announced = { at: 0, text: "" };
  }

  drawState() {
    const { status } = this.model;
    const badge = byId("status");
    if (badge.dataset.status !== status) {
      badge.dataset.status = status;
      badge.replaceChildren(icon(STATUS_ICONS[status] ?? status), STATUS_WORDS[status] ?? status);
    }
    byId("progress").dataset.status = status;
    this.banner();
    this.drawNumbers();
  }

  drawNumbers() {
    const { progress, status } = this.model;
    const ended = progress.done + progress.failed;
    const percent =
      status === "done" ? 100 : progress.total ? Math.min(100, Math.floor((100 * ended) / progress.total)) : 0;
    const bar = byId("progress");
    bar.setAttribute("aria-valuenow", percent);
    bar.firstElementChild.style.width = `${percent}%`;
    setText("progress-text", progressText(progress, status));
    document.title = `${this.model.isActive ? `${percent} % · ` : ""}${this.facts.name} · NASWeb`;
    this.kpis(ended);
    this.announce(ended);
  }

  kpi(key, value, note) {
    const card = byId(`kpi-${key}`);
    if (!card) return;
    const [, big, small] = card.children;
    if (big.textContent !== value) big.textContent = value;
    if (small.textContent !== note) small.textContent = note;
  }

  kpis(ended) {
    const { progress } = this.model;
    const [first, ...others] = this.facts.objectives;
    const best = this.model.get(this.model.best);
    const text = (axis) => withOrigin(metric(axis.key, best.metrics[axis.key]), shownOrigin(axis.key, best.origins[axis.key]));
    this.kpi(
      "best",
      best ? text(first) : "–",
      best ? [...others.slice(0, 1).map(text), `#${best.number}`].join(" · ") : "none yet",
    );
    const { value, gain } = this.model.hypervolume;
    this.kpi(
      "hypervolume",
      value === null ? "–" : value.toFixed(3),
      gain === null ? "" : `+${(100 * gain).toFixed(1)} % in the last tenth`,
    );
    this.kpi("baseline", ...this.comparison(first));
    const lately = this.model.frontChanges
      .filter((change) => Date.now() - change.at < TEN_MINUTES)
      .reduce((sum, change) => sum + change.added, 0);
    this.kpi("front", count(this.model.front.length), lately ? `+${lately} in 10 min` : "");
    const missed = this.model.searched.filter((c) => c.status === "done" && c.feasible === false).length;
    const share = ended ? `${((100 * progress.failed) / ended).toFixed(1)} %` : "";
    this.kpi(
      "failed",
      count(progress.failed),
      [progress.failed ? share : "", missed ? `${count(missed)} miss a limit` : ""].filter(Boolean).join(" · "),
    );
    this.workers();
  }

  /** Best feasible and hypervolume against the comparison run, after equally many candidates. */
  comparison(first) {
    const rivals = [...this.model.candidates.values()].filter(
      (c) => c.baseline && c.feasible && c.metrics[first.key] !== undefined,
    );
    const best = this.model.get(this.model.best);
    if (!best || !rivals.length) return ["–", "no feasible candidate in one of them"];
    const values = rivals.map((c) => c.metrics[first.key]);
    const gain = best.metrics[first.key] - (first.higher ? Math.max(...values) : Math.min(...values));
    const [ours, theirs] = this.model.hypervolumes;
    const share = theirs > 0 ? `hypervolume ${signed(100 * (ours / theirs - 1), 1)} %` : "";
    const text =
      first.key === "accuracy"
        ? `${signed(100 * gain, 2)} pp`
        : `${gain < 0 ? "−" : "+"}${metric(first.key, Math.abs(gain))}`;
    return [text, share];
  }

  /** Living workers, and what they do for this experiment. */
  workers() {
    const alive = this.model.workers.filter((worker) => ["evaluate", "device"].includes(worker.role)).length;
    const doing = new Map();
    for (const { status } of this.model.running) doing.set(status, (doing.get(status) ?? 0) + 1);
    const words = [...doing].map(([status, n]) => `${n} ${status}`).join(", ");
    this.kpi("workers", alive ? `${alive} alive` : "–", words || (alive ? "idle" : "no worker heard of"));
  }

  /** One sentence on top for the states that need one. */
  banner() {
    const holder = byId("banner");
    const message = this.message();
    holder.hidden = !message;
    if (!message) return;
    holder.dataset.level = message.level;
    holder.replaceChildren(icon(message.icon), el("p", {}, message.text));
  }

  message() {
    const { status, reason, by, progress, front } = this.model;
    const whom = by ? ` by ${by}` : "";
    const because = reason ? ` ${reason}` : "";
    const best = this.model.get(this.model.best);
    const [first] = this.facts.objectives;
    const found = best
      ? ` Front of ${front.length}; the best feasible candidate is #${best.number} with ${metric(first.key, best.metrics[first.key])}.`
      : " No candidate satisfies all limits.";
    const tried = `${count(progress.done + progress.failed)} candidates evaluated.`;
    switch (status) {
      case "queued":
        return { level: "info", icon: "queued", text: `Waiting for a search worker.${because}` };
      case "paused":
        return { level: "warning", icon: "paused", text: `Paused${whom}.${because} Resume goes on exactly here.` };
      case "done":
        return { level: "info", icon: "done", text: `Finished: ${tried}${found}${because}` };
      case "stopped":
        return { level: "info", icon: "stopped", text: `Stopped${whom}: ${tried}${found}` };
      case "cancelled":
        return { level: "info", icon: "stopped", text: `Cancelled${whom}: ${tried}${found}` };
      case "failed":
        return {
          level: "error",
          icon: "error",
          text: `Failed.${because || " The log says why."} ${tried}${best ? found : ""}`,
        };
      default:
        return null;
    }
  }

  /** For screen readers: at most one sentence per ten seconds. */
  announce(ended) {
    const best = this.model.get(this.model.best);
    const [first] = this.facts.objectives;
    const text = `${count(ended)} of ${count(this.model.progress.total)} candidates${best ? `, best ${metric(first.key, best.metrics[first.key])}` : ""}`;
    const now = performance.now();
    if (text === this.announced.text || now - this.announced.at < 1000 * ANNOUNCE_SECONDS) return;
    this.announced = { at: now, text };
    setText("announcer", text);
  }
}

/** The dot in the frame: how old what is shown can be, in words. */
export class ConnectionDot {
  constructor(clock) {
    this.node = byId("connection");
    this.clock = clock;
    this.held = 0;
    this.state = { state: "connecting" };
    this.frozen = false;
  }

  set(state) {
    this.state = state;
    this.draw();
  }

  draw() {
    const [state, text] = this.words();
    this.node.hidden = false;
    this.node.dataset.state = state;
    if (this.node.textContent !== text) this.node.textContent = text;
    document.body.classList.toggle("is-stale", ["waiting", "offline"].includes(state));
  }

  words() {
    const { state, wait, since, failures } = this.state;
    const old = since ? ` – data from ${this.clock(since)}` : "";
    if (state === "gone") return ["offline", "this experiment is gone"];
    if (state === "offline") return ["offline", `offline${old}`];
    if (state === "waiting" && failures > 3) return ["offline", `offline${old}, next try in ${wait} s`];
    if (state === "waiting") return ["waiting", `reconnecting in ${wait} s`];
    if (this.frozen) return ["frozen", this.held ? `frozen by you, ${count(this.held)} behind` : "frozen by you"];
    if (state === "connecting") return ["waiting", "connecting"];
    return this.held > 20 ? ["waiting", `catching up (${count(this.held)})`] : ["live", "live"];
  }
}
