// Toasts for the results of the user's own actions: at most three; errors stay until closed.

import { ApiError } from "./api.js";
import { el, icon } from "./dom.js";

const MAX = 3;
const SECONDS = 6;

function copyButton(details) {
  const button = el("button", { class: "button", type: "button" }, icon("copy"), "Copy details");
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(details);
    button.replaceChildren(icon("done"), "Copied");
  });
  return button;
}

/** Show a message. Errors carry `details` to copy; `actions` are nodes such as an Undo button. */
export function toast({ title, text = "", level = "info", details = "", actions = [] }) {
  const region = document.getElementById("toasts");
  const node = el(
    "div",
    { class: "toast", role: level === "error" ? "alert" : "status", dataset: { level } },
    icon(level === "error" ? "error" : "done"),
    el(
      "div",
      { class: "toast-body" },
      el("p", { class: "toast-title" }, title),
      text && el("p", { class: "toast-text" }, text),
      (details || actions.length > 0) &&
        el("div", { class: "toast-actions" }, ...actions, details && copyButton(details)),
    ),
    el("button", { class: "button is-quiet is-icon", type: "button", "aria-label": "Close", onclick: () => node.remove() }, icon("close")),
  );
  region.append(node);
  while (region.children.length > MAX) {
    (region.querySelector('.toast:not([data-level="error"])') ?? region.firstElementChild).remove();
  }
  if (level !== "error") setTimeout(() => node.remove(), SECONDS * 1000);
  return node;
}

/** Show a failed request: what was tried, why it failed, what to do next. */
export function toastError(what, error) {
  if (error.name === "AbortError") return;
  const known = error instanceof ApiError;
  if (!known) console.error(error);
  toast({
    level: "error",
    title: what,
    text: known ? `${error.message} ${error.next}` : "The page itself failed. Reload it and try again.",
    details: known ? error.details : `${error.stack ?? error}`,
  });
}
