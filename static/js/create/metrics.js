// Rows of objectives and limits: metric, device where it matters, direction, value with its unit.

import { el, icon } from "../lib/dom.js";
import { group, numberInput, select } from "../lib/forms.js";

const metricOf = (catalog, key) => catalog.metrics.find((item) => item.key === key);

/** Limits on accuracy are typed in percent and stored as a fraction. */
const SCALE = { accuracy: { factor: 100, unit: "%" } };
const UNITS = { params: "parameters", macs: "MACs" };

const unitOf = (metric) => SCALE[metric?.key]?.unit ?? UNITS[metric?.key] ?? metric?.unit ?? "";

function shown(key, value) {
  const factor = SCALE[key]?.factor;
  return factor && typeof value === "number" ? Number((value * factor).toPrecision(12)) : value;
}

function stored(key, value) {
  const factor = SCALE[key]?.factor;
  return factor && typeof value === "number" ? Number((value / factor).toPrecision(12)) : value;
}

/** Objectives: at least one; the first is what "best" means. */
export function objectives(store, catalog) {
  const rows = store.get("objectives") ?? [];
  const used = rows.map((row) => `${row.metric}@${row.device ?? ""}`);
  const fresh = (metric) => ({ metric: metric.key, direction: metric.better === "higher" ? "maximize" : "minimize", device: deviceFor(store, metric) });
  const next = catalog.metrics.map(fresh).find((row) => !used.includes(`${row.metric}@${row.device ?? ""}`));
  return group({
    path: "objectives",
    label: "Objectives",
    hint: "The first one decides which candidate is called best; two or three give a front to choose from.",
    children: [
      ...rows.map((row, index) => objectiveRow(store, catalog, row, index, rows.length > 1, fresh)),
      rows.length < 4 && next && addButton("Add objective", () => store.set("objectives", [...rows, next], "objectives")),
    ].filter(Boolean),
  });
}

function objectiveRow(store, catalog, row, index, removable, fresh) {
  const up = row.direction === "maximize";
  return metricRow(
    `objectives.${index}`,
    metricSelect(catalog, row, (metric) => replaceRow(store, "objectives", index, fresh(metric))),
    deviceSelect(store, catalog, row, "objectives", index),
    el("span", { class: "direction" }, up ? "↑ higher is better" : "↓ lower is better"),
    removable && removeButton("objective", () => dropRow(store, "objectives", index)),
  );
}

/** Limits that a feasible candidate meets. */
export function limits(store, catalog) {
  const rows = store.get("constraints") ?? [];
  const fresh = (metric) => ({ metric: metric.key, op: metric.better === "higher" ? ">=" : "<=", value: null, device: deviceFor(store, metric) });
  const first = metricOf(catalog, (store.get("devices") ?? []).length ? "latency_ms" : "params") ?? catalog.metrics[0];
  return group({
    path: "constraints",
    label: "Limits",
    hint: "Only candidates that meet all of them count as best or belong to the front.",
    children: [
      ...rows.map((row, index) => limitRow(store, catalog, row, index, fresh)),
      addButton("Add limit", () => store.set("constraints", [...rows, fresh(first)], "constraints")),
    ],
  });
}

function limitRow(store, catalog, row, index, fresh) {
  const metric = metricOf(catalog, row.metric);
  const path = `constraints.${index}`;
  const value = numberInput(shown(row.metric, row.value), {}, (next) => store.set(`${path}.value`, stored(row.metric, next)));
  value.setAttribute("aria-label", `Limit for ${metric?.label ?? row.metric}`);
  const op = select([{ value: "<=", label: "≤ at most" }, { value: ">=", label: "≥ at least" }], row.op ?? "<=", (next) => store.set(`${path}.op`, next));
  op.setAttribute("aria-label", "Direction of the limit");
  return metricRow(
    path,
    metricSelect(catalog, row, (next) => replaceRow(store, "constraints", index, fresh(next))),
    deviceSelect(store, catalog, row, "constraints", index),
    op,
    el("span", { class: "limit-value" }, value, el("span", { class: "unit" }, unitOf(metric))),
    removeButton("limit", () => dropRow(store, "constraints", index)),
  );
}

const metricRow = (path, ...controls) =>
  el(
    "div",
    { class: "field metric-field", dataset: { path } },
    el("div", { class: "field-control metric-row" }, ...controls.filter(Boolean)),
    el("p", { class: "field-error", hidden: true }),
  );

const deviceFor = (store, metric) => (metric.needs_device ? (store.get("devices")?.[0] ?? null) : null);

function metricSelect(catalog, row, onchange) {
  const options = catalog.metrics.map((item) => ({ value: item.key, label: item.label }));
  const node = select(options, row.metric, (key) => onchange(metricOf(catalog, key)));
  node.setAttribute("aria-label", "Metric");
  return node;
}

function deviceSelect(store, catalog, row, list, index) {
  const devices = store.get("devices") ?? [];
  if (!metricOf(catalog, row.metric)?.needs_device || devices.length < 2) return null;
  const options = devices.map((slug) => ({ value: slug, label: catalog.devices.find((item) => item.slug === slug)?.name ?? slug }));
  const node = select(options, row.device ?? devices[0], (slug) => store.set(`${list}.${index}.device`, slug));
  node.setAttribute("aria-label", "Device");
  return node;
}

const replaceRow = (store, list, index, row) => store.set(list, store.get(list).with(index, row), list);
const dropRow = (store, list, index) => store.set(list, store.get(list).toSpliced(index, 1), list);

const addButton = (text, onclick) => el("button", { class: "button is-quiet add", type: "button", onclick }, icon("plus"), text);

const removeButton = (noun, onclick) =>
  el("button", { class: "button is-quiet is-icon", type: "button", "aria-label": `Remove this ${noun}`, title: `Remove this ${noun}`, onclick }, icon("close"));
