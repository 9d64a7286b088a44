// Forms drawn from the JSON Schemas of the catalog: the subset that pydantic writes.

import { el } from "./dom.js";
import { checkbox, field, group, listInput, numberInput, select, setError, textInput } from "./forms.js";
import { count } from "./format.js";

/** Say in a sentence what is wrong with a value, by its schema; "" if nothing is. */
export function mistake(schema, value) {
  if (value === null || value === undefined) return schema.nullable ? "" : "A value is needed.";
  if (!["integer", "number"].includes(schema.type)) return "";
  if (typeof value !== "number") return `Expected a number, got “${value}”.`;
  if (schema.type === "integer" && !Number.isInteger(value)) return `Expected a whole number, got ${value}.`;
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum } = schema;
  if (minimum !== undefined && value < minimum) return `At least ${count(minimum)}, got ${value}.`;
  if (maximum !== undefined && value > maximum) return `At most ${count(maximum)}, got ${value}.`;
  if (exclusiveMinimum !== undefined && value <= exclusiveMinimum) return `More than ${exclusiveMinimum}, got ${value}.`;
  if (exclusiveMaximum !== undefined && value >= exclusiveMaximum) return `Less than ${exclusiveMaximum}, got ${value}.`;
  return "";
}

/** Follow `$ref`, unwrap "or null" and single alternatives; the result has one type. */
export function simplify(schema, root) {
  if (schema.$ref) {
    const target = schema.$ref.split("/").slice(1).reduce((node, key) => node[key], root);
    return simplify({ ...target, ...schema, $ref: undefined }, root);
  }
  const options = schema.anyOf ?? schema.allOf ?? schema.oneOf;
  if (!options) return schema;
  const real = options.filter((option) => option.type !== "null");
  if (real.length !== 1) return { ...schema, type: "json" };
  const inner = simplify(real[0], root);
  return { ...inner, ...schema, anyOf: undefined, allOf: undefined, oneOf: undefined, nullable: real.length < options.length };
}

function sentence(text) {
  const words = text.replaceAll("_", " ").toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/**
 * Draw the properties of an object schema.
 * @param {object} schema JSON Schema with `properties`.
 * @param {object} values current settings; a missing one shows its default.
 * @param {string} path dotted path of the object.
 * @param {(path: string, value: any) => void} onchange
 */
export function schemaFields(schema, values, path, onchange, root = schema) {
  return Object.entries(schema.properties ?? {}).map(([name, raw]) => {
    const part = simplify(raw, root);
    const at = `${path}.${name}`;
    const value = values?.[name] === undefined ? part.default : values[name];
    if (part.type === "object" && part.properties) return nested(name, part, value, at, onchange, root);
    return schemaField(name, part, value, at, onchange);
  });
}

function nested(name, schema, value, path, onchange, root) {
  const fields = schemaFields(schema, value ?? {}, path, onchange, root);
  return group({ path, label: sentence(schema.title ?? name), hint: schema.description, children: [el("div", { class: "fields" }, ...fields)] });
}

function schemaField(name, schema, value, path, onchange) {
  let current = value;
  const set = (next) => {
    current = next;
    onchange(path, next);
    if (wrapper.classList.contains("is-invalid")) setError(wrapper, mistake(schema, next));
  };
  const node = control(schema, value, set);
  const wrapper = field({ path, label: sentence(schema.title ?? name), control: node, hint: hintOf(schema), wide: node.matches("textarea") });
  return checkOnBlur(wrapper, schema, () => current);
}

/** Check a field when the user leaves it. */
export function checkOnBlur(wrapper, schema, read) {
  wrapper.addEventListener("focusout", () => setError(wrapper, mistake(schema, read())));
  return wrapper;
}

function hintOf(schema) {
  const fallback = schema.default;
  const words = typeof fallback === "boolean" ? (fallback ? "on" : "off") : fallback;
  const shown = words === null || words === undefined || typeof words === "object" ? "" : ` Default ${words}.`;
  return `${schema.description ?? ""}${shown}`.trim();
}

function control(schema, value, set) {
  if (schema.enum) return enumInput(schema.enum, value, set);
  if (schema.type === "boolean") return checkbox(value, set);
  if (["integer", "number"].includes(schema.type)) {
    return numberInput(value, { integer: schema.type === "integer", min: schema.minimum, max: schema.maximum, placeholder: schema.nullable ? "none" : "" }, set);
  }
  if (schema.type === "string") return textInput(value ?? "", (text) => set(schema.nullable && text === "" ? null : text));
  if (schema.type === "array" && schema.items && !schema.items.$ref) return listInput(schema.items, value ?? [], set);
  return jsonInput(value, set);
}

function enumInput(items, value, onchange) {
  const options = items.map((item) => ({ value: String(item), label: String(item) }));
  return select(options, String(value), (text) => onchange(items.find((item) => String(item) === text)));
}

function jsonInput(value, onchange) {
  const node = el("textarea", { class: "input code", rows: 4, spellcheck: "false" });
  node.value = JSON.stringify(value ?? null, null, 2);
  node.addEventListener("input", () => {
    try {
      onchange(JSON.parse(node.value));
      setError(node.closest(".field"), "");
    } catch (error) {
      setError(node.closest(".field"), `This is not JSON: ${error.message}.`);
    }
  });
  return node;
}
