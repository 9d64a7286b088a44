// One-letter shortcuts: off inside inputs, listed in a sheet (?), and can be turned off.

import { el } from "./dom.js";

const bindings = new Map();
const OFF = "shortcuts-off";
let prefix = "";

/** Bind a key (`c`, `/`, `ArrowLeft`) or a sequence (`g e`) to an action. */
export function bind(keys, description, action) {
  bindings.set(keys, { description, action });
}

const typing = (target) => target.closest?.("input, textarea, select, [contenteditable], dialog");

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || typing(event.target)) return;
  if (localStorage.getItem(OFF) && event.key !== "?") return;
  const keys = prefix ? `${prefix} ${event.key}` : event.key;
  prefix = !prefix && event.key === "g" ? "g" : "";
  const binding = bindings.get(keys) ?? bindings.get(keys.toLowerCase());
  if (!binding) return;
  event.preventDefault();
  binding.action(event);
}

function sheet() {
  const rows = [...bindings].flatMap(([keys, { description }]) => [
    el("dt", {}, ...keys.split(" ").map((key) => el("kbd", {}, key))),
    el("dd", {}, description),
  ]);
  const on = el("input", { type: "checkbox", checked: !localStorage.getItem(OFF) });
  on.addEventListener("change", () => (on.checked ? localStorage.removeItem(OFF) : localStorage.setItem(OFF, "1")));
  const dialog = el(
    "dialog",
    { class: "dialog", "aria-labelledby": "sheet-title" },
    el("h2", { id: "sheet-title" }, "Keyboard shortcuts"),
    el("dl", { class: "shortcuts" }, ...rows),
    el("p", {}, el("label", {}, on, " Use one-letter shortcuts on this computer")),
    el("div", { class: "dialog-actions" }, el("button", { class: "button", type: "button", onclick: () => dialog.close() }, "Close")),
  );
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

addEventListener("keydown", onKey);
addEventListener("click", (event) => event.target.closest?.("[data-shortcuts]") && sheet());
bind("?", "Show this sheet", sheet);
