// The JSON view of the document: typing here changes the form, changing the form rewrites this.

import { icon } from "../lib/dom.js";

export class TextView {
  constructor(root, store) {
    this.area = root.querySelector("textarea");
    this.status = root.querySelector("[data-text-status]");
    this.store = store;
    this.area.addEventListener("input", () => this.read());
    root.querySelector("[data-copy-document]").addEventListener("click", (event) => this.copy(event.currentTarget));
    store.subscribe((source) => source !== "text" && this.write());
    this.write();
  }

  write() {
    this.area.value = `${JSON.stringify(this.store.document, null, 2)}\n`;
    this.say("", "Same document as the form: POST it to /api/v1/experiments/.");
  }

  read() {
    let document;
    try {
      document = JSON.parse(this.area.value);
    } catch (error) {
      return this.say("error", `Not JSON yet: ${error.message}. The form keeps the last valid text.`);
    }
    if (document === null || typeof document !== "object" || Array.isArray(document)) {
      return this.say("error", "The document must be an object: { … }.");
    }
    this.say("", "Valid JSON; the form follows.");
    this.store.replace(document, "text");
  }

  say(level, text) {
    this.status.replaceChildren(...(level ? [icon(level)] : []), text);
    this.status.dataset.level = level;
    this.area.setAttribute("aria-invalid", level === "error");
  }

  async copy(button) {
    await navigator.clipboard.writeText(this.area.value);
    button.lastChild.textContent = "Copied";
    setTimeout(() => (button.lastChild.textContent = "Copy"), 2000);
  }
}
