// The document being edited: one object that form and JSON view share, kept as a local draft.

import { debounce } from "../lib/dom.js";
import { getAt, same, setAt } from "../lib/paths.js";

export class Store {
  /**
   * @param {object} start document the page came with.
   * @param {string} key names the draft in local storage.
   */
  constructor(start, key) {
    this.start = start;
    this.key = `nasweb.draft.${key}`;
    const draft = this.#read();
    this.restoredAt = draft && !same(draft.document, start) ? new Date(draft.at) : null;
    this.document = this.restoredAt ? draft.document : structuredClone(start);
    this.listeners = [];
    this.settings = new Map();
    this.forgotten = false;
    this.save = debounce(() => this.#write(), 300);
  }

  get(path) {
    return getAt(this.document, path);
  }

  /** Change one value; `source` tells listeners who did it. */
  set(path, value, source = "form") {
    this.replace(setAt(this.document, path, value), source);
  }

  /** Choose a registry member; settings that were typed for another one come back with it. */
  choose(path, key) {
    const old = this.get(path);
    if (old?.key) this.settings.set(`${path} ${old.key}`, old.config ?? {});
    this.set(path, { key, config: this.settings.get(`${path} ${key}`) ?? {} }, path);
  }

  replace(document, source) {
    if (same(document, this.document)) return;
    this.document = document;
    this.save();
    for (const listener of this.listeners) listener(source);
  }

  /** Call `listener(source)` after every change. */
  subscribe(listener) {
    this.listeners.push(listener);
  }

  /** Forget the draft: it became an experiment, or the user starts over. */
  forget() {
    this.forgotten = true;
    localStorage.removeItem(this.key);
  }

  #read() {
    try {
      return JSON.parse(localStorage.getItem(this.key));
    } catch {
      return null;
    }
  }

  #write() {
    if (this.forgotten) return;
    localStorage.setItem(this.key, JSON.stringify({ at: Date.now(), document: this.document }));
  }
}
