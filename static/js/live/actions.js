// Buttons that steer the experiment: what is allowed now, confirmation, "requested", the answer.

import { post } from "../lib/api.js";
import { confirmStep, el } from "../lib/dom.js";
import { toast, toastError } from "../lib/toasts.js";

const NO_ANSWER = 10; // seconds

const WORDS = {
  pause: ["Pausing…", "The experiment could not be paused"],
  resume: ["Resuming…", "The experiment could not be resumed"],
  stop: ["Stopping…", "The experiment could not be stopped"],
  cancel: ["Cancelling…", "The experiment could not be cancelled"],
  extend: ["Extending…", "The budget could not be extended"],
  "rerun-failed": ["Queueing…", "The failed candidates could not be queued"],
};

export class Actions {
  constructor(model, facts) {
    this.model = model;
    this.facts = facts;
    this.connected = true;
    this.buttons = new Map(
      [...document.querySelectorAll("[data-action]")].map((button) => [button.dataset.action, button]),
    );
    for (const [name, button] of this.buttons) button.addEventListener("click", () => this.press(name));
  }

  /** Enable what the state allows; say why not otherwise. */
  draw() {
    for (const [name, button] of this.buttons) {
      const reason = this.refusal(name);
      const idle = button.getAttribute("aria-busy") !== "true";
      button.disabled = Boolean(reason) || !idle;
      button.dataset.words ??= button.title;
      button.title = reason || button.dataset.words;
    }
    const paused = this.model.status === "paused";
    this.buttons.get("pause").hidden = paused || !this.facts.actions.pause.includes(this.model.status);
    this.buttons.get("resume").hidden = !paused;
    this.buttons.get("resume").classList.toggle("is-primary", paused);
    this.buttons.get("stop").hidden = !this.facts.actions.stop.includes(this.model.status);
    this.buttons.get("extend").classList.toggle("is-primary", ["done", "stopped"].includes(this.model.status));
  }

  refusal(name) {
    if (!this.facts.owner) return "Only the owner of the experiment may do this.";
    if (!this.connected) return "Not connected: the state may have changed.";
    const { status, progress } = this.model;
    if (!this.facts.actions[name].includes(status)) return `Not possible while the experiment is ${status}.`;
    if (name === "rerun-failed" && !progress.failed) return "No candidate has failed.";
    return "";
  }

  /** `p`: pause or resume, whichever is possible. */
  toggle() {
    const name = this.model.status === "paused" ? "resume" : "pause";
    if (!this.buttons.get(name).disabled) this.press(name);
  }

  async press(name) {
    this.buttons.get(name).closest("details")?.removeAttribute("open");
    const body = await this.confirmed(name);
    if (body === null) return;
    this.wait(name);
    try {
      await post(`experiments/${this.facts.id}/${name}/`, body);
    } catch (error) {
      this.answered(name);
      toastError(WORDS[name][1], error);
    }
  }

  async confirmed(name) {
    if (name === "stop") {
      const yes = await confirmStep({
        title: "Stop this experiment?",
        text: "Work in progress ends and no new candidate starts. All results stay, and the budget can be extended later.",
        action: "Stop",
      });
      return yes ? {} : null;
    }
    if (name === "cancel") return (await typedConfirmation()) ? {} : null;
    if (name === "extend") return askExtension(this.facts);
    return {};
  }

  /** Show the request at once, and say so if nothing comes of it. */
  wait(name) {
    const button = this.buttons.get(name);
    this.pending = { name, label: [...button.childNodes], status: this.model.status, total: this.model.progress.total };
    button.setAttribute("aria-busy", "true");
    button.disabled = true;
    button.replaceChildren(WORDS[name][0]);
    this.timer = setTimeout(() => {
      this.answered(name);
      toast({
        level: "error",
        title: "No answer from the scheduler",
        text: "The request was sent, but nothing happened for 10 s. Try again.",
      });
    }, 1000 * NO_ANSWER);
  }

  /** The state or the budget changed: the request was heard. */
  heard() {
    if (!this.pending) return;
    const { name, status, total } = this.pending;
    if (this.model.status !== status || this.model.progress.total !== total || name === "rerun-failed")
      this.answered(name);
  }

  answered(name) {
    if (this.pending?.name !== name) return;
    clearTimeout(this.timer);
    const button = this.buttons.get(name);
    button.replaceChildren(...this.pending.label);
    button.removeAttribute("aria-busy");
    this.pending = null;
    this.draw();
  }
}

function form({ title, text, fields, action, danger }) {
  return new Promise((resolve) => {
    const submit = el(
      "button",
      { class: `button is-primary${danger ? " is-danger" : ""}`, type: "submit", value: "yes" },
      action,
    );
    const dialog = el(
      "dialog",
      { class: "dialog", "aria-labelledby": "dialog-title" },
      el(
        "form",
        { method: "dialog" },
        el("h2", { id: "dialog-title" }, title),
        el("p", {}, text),
        ...fields,
        el(
          "div",
          { class: "dialog-actions" },
          el("button", { class: "button", type: "button", onclick: () => dialog.close("") }, "Back"),
          submit,
        ),
      ),
    );
    dialog.addEventListener("close", () => {
      resolve(dialog.returnValue === "yes");
      dialog.remove();
    });
    document.body.append(dialog);
    dialog.showModal();
    fields[0].querySelector("input").focus();
  });
}

function field(label, attributes) {
  const input = el("input", { class: "input", ...attributes });
  return [el("label", { class: "dialog-field" }, label, input), input];
}

function typedConfirmation() {
  const [label] = field("Type “cancel” to confirm", {
    required: true,
    pattern: "cancel",
    autocomplete: "off",
    title: "the word cancel",
  });
  return form({
    title: "Cancel this experiment now?",
    text: "Running work is interrupted and its results are lost. Finished candidates stay. A cancelled experiment cannot go on.",
    fields: [label],
    action: "Cancel now",
    danger: true,
  });
}

async function askExtension({ timed, seeds }) {
  const [trials, trialsInput] = field(`More candidates${seeds > 1 ? " per run" : ""}`, {
    type: "number",
    min: 0,
    max: 100000,
    step: 1,
    value: 20,
    required: true,
  });
  const [minutes, minutesInput] = field("More minutes", {
    type: "number",
    min: 0,
    max: 43200,
    step: "any",
    value: 0,
    required: true,
  });
  const yes = await form({
    title: "Extend the budget",
    text: "The search goes on where it stands, with everything it has learnt.",
    fields: timed ? [trials, minutes] : [trials],
    action: "Extend",
  });
  if (!yes) return null;
  const body = { max_trials: Number(trialsInput.value) };
  if (timed && Number(minutesInput.value) > 0) body.max_seconds = 60 * Number(minutesInput.value);
  return body;
}
