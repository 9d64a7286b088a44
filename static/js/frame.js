// What every page has: menus that close, navigation keys.

import { bind } from "./lib/keys.js";

const menus = () => document.querySelectorAll("details[data-menu][open]");

addEventListener("click", (event) => {
  for (const menu of menus()) if (!menu.contains(event.target)) menu.open = false;
});

addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of menus()) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

// A form that was sent shows so at once and cannot be sent twice.
addEventListener("submit", (event) => {
  if (event.defaultPrevented || !event.target.dataset.busy) return;
  const button = event.target.querySelector("button[type=submit]");
  button.setAttribute("aria-busy", "true");
  button.lastChild.textContent = event.target.dataset.busy;
  setTimeout(() => (button.disabled = true));
});

// Back from a page that was sent: the browser may show the old, busy one.
addEventListener("pageshow", (event) => event.persisted && location.reload());

bind("g e", "Go to experiments", () => location.assign("/experiments/"));
bind("g d", "Go to devices", () => location.assign("/devices/"));
