// Marks what a clone changes: a chip beside each field that differs from the parent.

import { el } from "../lib/dom.js";
import { getAt, same } from "../lib/paths.js";

/** A value as a few words. */
function words(value) {
  if (value === null || value === undefined) return "none";
  if (Array.isArray(value)) return value.every((item) => typeof item !== "object") ? value.join(", ") || "none" : `${value.length} rows`;
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** Only the outermost field that names a changed value carries the chip. */
const isLeaf = (wrapper) => !wrapper.querySelector(".field[data-path]") || ["objectives", "constraints"].includes(wrapper.dataset.path);

/** Redraw the chips and the count in the page's head. */
export function differences(root, document, parent) {
  let count = 0;
  for (const wrapper of root.querySelectorAll(".field[data-path]")) {
    const { path } = wrapper.dataset;
    const label = wrapper.querySelector(":scope > .field-label");
    label?.querySelector(".is-changed")?.remove();
    const inRow = /^(objectives|constraints)\.\d+$/.test(path);
    if (!label || inRow || !isLeaf(wrapper) || same(getAt(document, path), getAt(parent, path))) continue;
    count += 1;
    label.append(el("span", { class: "chip is-changed" }, `parent: ${words(getAt(parent, path))}`));
  }
  const total = window.document.getElementById("difference-count");
  if (total) total.textContent = count === 1 ? "1 field differs from the parent" : `${count} fields differ from the parent`;
}
