// Experiments list: keys, confirmations, the filter, and rows that follow the socket.

import { confirmStep } from "./lib/dom.js";
import { bind } from "./lib/keys.js";

const links = () => [...document.querySelectorAll(".row-link")];

function move(step) {
  const all = links();
  const at = all.indexOf(document.activeElement);
  all[Math.min(all.length - 1, Math.max(0, at === -1 ? 0 : at + step))]?.focus();
}

bind("c", "New experiment", () => location.assign("/experiments/new/"));
bind("/", "Filter the list", () => document.getElementById("filter")?.focus());
bind("j", "Next experiment", () => move(1));
bind("k", "Previous experiment", () => move(-1));

addEventListener("submit", async (event) => {
  const { confirm: title, confirmText: text } = event.target.dataset;
  if (!title) return;
  event.preventDefault();
  if (await confirmStep({ title, text, action: "Delete" })) event.target.submit();
});

for (const button of document.querySelectorAll("[data-open]")) {
  const dialog = document.getElementById(button.dataset.open);
  button.addEventListener("click", () => dialog.showModal());
}

for (const button of document.querySelectorAll("[data-copy]")) {
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(button.parentElement.querySelector("code").textContent);
    button.lastChild.textContent = "Copied";
  });
}
