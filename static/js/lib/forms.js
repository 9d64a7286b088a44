// Fields: label, control, hint, error. Every field carries `data-path`, the dotted path that the
// API names in its errors.

import { el, icon } from "./dom.js";

let serial = 0;

/** Wrap a control: label above, hint below, room for an error. */
export function field({ path, label, control, hint = "", unit = "", wide = false }) {
  const id = `field-${++serial}`;
  const input = control.matches("input, select, textarea") ? control : control.querySelector("input, select, textarea");
  if (input) {
    input.id = id;
    input.setAttribute("aria-describedby", `${id}-hint ${id}-error`);
  }
  return el(
    "div",
    { class: `field${wide ? " is-wide" : ""}`, dataset: { path } },
    el("div", { class: "field-label" }, el("label", { for: id }, label)),
    el("div", { class: "field-control" }, control, unit && el("span", { class: "unit" }, unit)),
    el("p", { class: "field-hint", id: `${id}-hint` }, hint),
    el("p", { class: "field-error", id: `${id}-error`, hidden: true }),
  );
}

/** A group of choices (cards, rows) that shares one path and one error. */
export function group({ path, label, children, hint = "" }) {
  const id = `group-${++serial}`;
  return el(
    "fieldset",
    { class: "field is-group", dataset: { path }, "aria-describedby": `${id}-error` },
    el("legend", { class: "field-label" }, el("span", {}, label)),
    hint && el("p", { class: "field-hint" }, hint),
    ...children,
    el("p", { class: "field-error", id: `${id}-error`, hidden: true }),
  );
}

/** Cards of which one (radio) or several (checkbox) are chosen. */
export function cards({ name, type = "radio", options, chosen, onchange }) {
  const nodes = options.map((option) => {
    const id = `option-${++serial}`;
    const input = el("input", { type, name, value: option.value ?? "", checked: chosen.includes(option.value), disabled: option.disabled, "aria-label": option.label, "aria-describedby": id });
    input.addEventListener("change", () => onchange(option.value, input.checked));
    const lines = (option.lines ?? []).filter(Boolean).map((line) => el("small", {}, line));
    const title = el("strong", {}, option.label, option.badge && el("span", { class: "chip" }, option.badge));
    return el("label", { class: "option", "aria-disabled": option.disabled ? "true" : undefined }, input, el("span", { class: "option-text" }, title, el("span", { class: "option-lines", id }, ...lines)));
  });
  return el("div", { class: "options" }, ...nodes);
}

/** A list of `{value, label}`; `onchange` gets the value. */
export function select(options, value, onchange) {
  const node = el("select", { class: "input" }, ...options.map((option) => el("option", { value: option.value, selected: option.value === value }, option.label)));
  node.addEventListener("change", () => onchange(node.value));
  return node;
}

/** A number; empty is `null`. What cannot be read is passed on as text, so that the check says so. */
export function numberInput(value, { integer = false, min, max, placeholder = "" }, onchange) {
  const node = el("input", { class: "input number", type: "text", inputmode: integer ? "numeric" : "decimal", value: value ?? "", placeholder, autocomplete: "off" });
  node.addEventListener("input", () => onchange(readNumber(node.value)));
  node.addEventListener("keydown", (event) => stepNumber(event, node, { integer, min, max }, onchange));
  return node;
}

function readNumber(text) {
  const plain = text.trim().replaceAll(/[\s_,](?=\d{3}\b)/g, "");
  if (plain === "") return null;
  return Number.isNaN(Number(plain)) ? text.trim() : Number(plain);
}

function stepNumber(event, node, { integer, min = -Infinity, max = Infinity }, onchange) {
  const sign = { ArrowUp: 1, ArrowDown: -1 }[event.key];
  const value = Number(node.value);
  if (!sign || !integer || Number.isNaN(value)) return;
  event.preventDefault();
  node.value = Math.min(max, Math.max(min, value + sign * (event.shiftKey ? 10 : 1)));
  onchange(Number(node.value));
}

/** An on/off switch. */
export function checkbox(value, onchange, text = "On") {
  const input = el("input", { type: "checkbox", checked: Boolean(value) });
  input.addEventListener("change", () => onchange(input.checked));
  return el("label", { class: "check" }, input, el("span", {}, text));
}

/** A line of text. */
export function textInput(value, onchange, attributes = {}) {
  const node = el("input", { class: "input", type: "text", value, autocomplete: "off", ...attributes });
  node.addEventListener("input", () => onchange(node.value));
  return node;
}

/** Several values, separated by commas. */
export function listInput(items, value, onchange) {
  const numeric = ["integer", "number"].includes(items.type);
  const node = el("input", { class: "input", type: "text", value: value.join(", "), autocomplete: "off" });
  node.addEventListener("input", () => {
    const parts = node.value.split(/[,;\s]+/).filter(Boolean);
    onchange(numeric ? parts.map((part) => (Number.isNaN(Number(part)) ? part : Number(part))) : parts);
  });
  return node;
}

/** Show or clear the error of one field. */
export function setError(wrapper, text) {
  const line = wrapper.querySelector(":scope > .field-error");
  line.replaceChildren(...(text ? [icon("error"), text] : []));
  line.hidden = !text;
  wrapper.classList.toggle("is-invalid", Boolean(text));
  for (const input of wrapper.querySelectorAll(":scope > .field-control :is(input, select, textarea)")) {
    input.setAttribute("aria-invalid", Boolean(text));
  }
}

/** Clear every error below `root`. */
export function clearErrors(root) {
  for (const wrapper of root.querySelectorAll(".field.is-invalid")) setError(wrapper, "");
}

/** The field of a dotted path, or that of the closest part of it that has one. */
export function fieldOf(root, path) {
  for (let at = path; at; at = at.includes(".") ? at.slice(0, at.lastIndexOf(".")) : "") {
    const wrapper = root.querySelector(`[data-path="${CSS.escape(at)}"]`);
    if (wrapper) return wrapper;
  }
  return null;
}

/** Write the API's errors beside their fields; returns those that have no field. */
export function showErrors(root, errors) {
  const texts = new Map();
  const homeless = [];
  for (const error of errors) {
    const wrapper = error.attr && fieldOf(root, error.attr);
    if (wrapper) texts.set(wrapper, [...(texts.get(wrapper) ?? []), error.detail]);
    else homeless.push(error);
  }
  for (const [wrapper, lines] of texts) setError(wrapper, lines.join(" "));
  return homeless;
}
