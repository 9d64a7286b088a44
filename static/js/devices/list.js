// List of devices: keys, and the basket of the two that are compared.

import { bind } from "../lib/keys.js";

const MOST = 2;
const button = document.getElementById("compare");
const boxes = [...document.querySelectorAll('#basket input[name="d"]')];

function chosen() {
  return boxes.filter((box) => box.checked);
}

function refresh() {
  const count = chosen().length;
  button.disabled = count !== MOST;
  button.title = count === MOST ? "" : "Choose two devices in the list";
  for (const box of boxes) box.disabled = count === MOST && !box.checked;
  const words = count === MOST ? "Two devices chosen: Compare is ready." : `${count} of ${MOST} devices chosen.`;
  document.getElementById("basket-status").textContent = count ? words : "";
}

for (const box of boxes) box.addEventListener("change", refresh);
addEventListener("pageshow", refresh); // the browser restores what was ticked

bind("c", "New device", () => document.querySelector('a[href="/devices/new/"]')?.click());
bind("/", "Filter the list", () => document.getElementById("filter").focus());
