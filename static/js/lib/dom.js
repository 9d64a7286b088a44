// Small helpers to build elements; text is always text, never markup.

/** Make an element: `el("a", {href, class, dataset: {..}, onclick}, "text", node)`. */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "dataset") Object.assign(node.dataset, value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

const SVG = "http://www.w3.org/2000/svg";

/** Make an SVG element. */
export function svg(tag, attributes = {}, ...children) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

/** An icon of the sprite; decorative, so words must stand beside it. */
export function icon(name) {
  const use = svg("use", { href: `${document.documentElement.dataset.icons}#${name}` });
  return svg("svg", { class: "icon", "aria-hidden": "true" }, use);
}

/** Parse an SVG picture that our own server drew, without scripts or foreign content. */
export function serverSvg(text) {
  const root = new DOMParser().parseFromString(text, "image/svg+xml").documentElement;
  return root.nodeName === "svg" ? document.importNode(root, true) : null;
}

/** Call `action` once, `wait` ms after the last call. */
export function debounce(action, wait) {
  let timer;
  return (...args) => {
    clearTimeout(timer);
    timer = setTimeout(() => action(...args), wait);
  };
}

/** Ask before a destructive step; resolves to true when confirmed. */
export function confirmStep({ title, text, action }) {
  return new Promise((resolve) => {
    const close = (answer) => () => dialog.close(answer);
    const dialog = el(
      "dialog",
      { class: "dialog", "aria-labelledby": "dialog-title" },
      el("h2", { id: "dialog-title" }, title),
      el("p", {}, text),
      el(
        "div",
        { class: "dialog-actions" },
        el("button", { class: "button", type: "button", autofocus: true, onclick: close("") }, "Keep it"),
        el("button", { class: "button is-primary is-danger", type: "button", onclick: close("yes") }, action),
      ),
    );
    dialog.addEventListener("close", () => {
      resolve(dialog.returnValue === "yes");
      dialog.remove();
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}
