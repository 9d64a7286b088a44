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

bind("g e", "Go to experiments", () => location.assign("/experiments/"));
