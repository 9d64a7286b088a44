// The six sections of the create form. Each is a function (store, catalog) → nodes, drawn anew
// when a choice changes what it offers; typing never redraws, so focus and text stay.

import { el } from "../lib/dom.js";
import { cards, checkbox, field, group, listInput, numberInput } from "../lib/forms.js";
import { count } from "../lib/format.js";
import { checkOnBlur, schemaFields } from "../lib/schema.js";
import { limits, objectives } from "./metrics.js";
import { space } from "./space.js";

const byKey = (items, key) => items.find((item) => (item.key ?? item.slug) === key);

/** What keeps a member from being used here, as a line for its card. */
const obstacle = (item) => (item.available === false ? item.reason : "");

const shape = (item) => item.input_shape.join(" × ");

function data(store, catalog) {
  const options = catalog.datasets.map((item) => ({
    value: item.slug,
    label: item.label,
    disabled: !item.available && store.get("dataset") !== item.slug,
    lines: [item.summary, obstacle(item) || `${shape(item)} · ${item.classes} classes · ${count(item.sizes.train)} to train, ${count(item.sizes.val)} to score`],
  }));
  options.push({ value: null, label: "No data set", lines: ["For evaluators that train nothing and look scores up."] });
  const list = cards({ name: "dataset", options, chosen: [store.get("dataset") ?? null], onchange: (value) => store.set("dataset", value, "dataset") });
  return [group({ path: "dataset", label: "Data set", children: [list] })];
}

function hardware(store, catalog) {
  const chosen = store.get("devices") ?? [];
  const options = catalog.devices.map((item) => ({
    value: item.slug,
    label: item.name,
    badge: item.slug === chosen[0] ? "primary" : "",
    lines: [deviceLine(item)],
  }));
  const list = cards({ name: "devices", type: "checkbox", options, chosen, onchange: (slug, on) => chooseDevice(store, slug, on) });
  const empty = el("p", { class: "notice" }, "No device is active. An administrator adds one under Devices.");
  return [
    group({
      path: "devices",
      label: "Devices",
      hint: "Latency is measured on each of them, or looked up (▤) or computed (~) where it says so. The first one chosen is the primary device, whose numbers lead every page.",
      children: [options.length ? list : empty],
    }),
  ];
}

/** What its numbers are: measured under a runtime, looked up, or computed. */
function deviceLine(item) {
  const given = (item.metrics ?? []).map((key) => ({ latency_ms: "latency", energy_mj: "energy" })[key] ?? key).join(" and ");
  if (item.kind === "table") {
    const spaces = [...new Set((item.tables ?? []).map((table) => table.search_space).filter(Boolean))].join(", ");
    return given ? `▤ ${given}, looked up${spaces ? ` for ${spaces} only` : ""} · batch ${item.batch_size}` : "no table was imported yet";
  }
  if (item.kind === "analytic") return `~ ${given}, computed from its description (${item.descriptor?.status ?? "unverified"}) · ${item.precision}`;
  return `${item.runtime} · ${item.threads} thread${item.threads > 1 ? "s" : ""} · batch ${item.batch_size} · ${item.precision}`;
}

/** Objectives and limits that named a device which is gone move to the primary one. */
function chooseDevice(store, slug, on) {
  const devices = (store.get("devices") ?? []).filter((item) => item !== slug);
  if (on) devices.push(slug);
  const move = (item) => (item.device && !devices.includes(item.device) && devices.length ? { ...item, device: devices[0] } : item);
  const { objectives: goals = [], constraints = [] } = store.document;
  store.replace({ ...store.document, devices, objectives: goals.map(move), constraints: constraints.map(move) }, "devices");
}

/** Cards of a registry and the settings of the chosen member. */
function member(store, items, path, label) {
  const key = store.get(`${path}.key`);
  const options = items.map((item) => ({
    value: item.key,
    label: item.label,
    disabled: item.available === false && item.key !== key,
    lines: [item.summary, obstacle(item)],
  }));
  const list = cards({ name: path, options, chosen: [key], onchange: (value) => store.choose(path, value) });
  const schema = byKey(items, key)?.config_schema ?? {};
  const fields = schemaFields(schema, store.get(`${path}.config`), `${path}.config`, (at, value) => store.set(at, value));
  return [
    group({ path: `${path}.key`, label, children: [list] }),
    fields.length > 0 && group({ path: `${path}.config`, label: "Settings", children: [el("div", { class: "fields" }, ...fields)] }),
  ].filter(Boolean);
}

function strategy(store, catalog) {
  const seeds = listInput({ type: "integer" }, store.get("seeds") ?? [0], (value) => store.set("seeds", value));
  const baseline = checkbox(store.get("baseline"), (on) => store.set("baseline", on ? "random_search" : null), "Run random search beside it");
  return [
    ...member(store, catalog.strategies, "strategy", "Strategy"),
    el(
      "div",
      { class: "fields" },
      field({ path: "seeds", label: "Seeds", control: seeds, hint: "One run per seed, separated by commas. The same seed repeats the same search." }),
      field({ path: "baseline", label: "Baseline", control: baseline, hint: "With the same budget, so that you see what the strategy is worth." }),
    ),
    ...member(store, catalog.evaluators, "evaluator", "Evaluator"),
  ];
}

function budget(store) {
  const trials = numberInput(store.get("budget.max_trials"), { integer: true, min: 1, max: 100000 }, (value) => store.set("budget.max_trials", value));
  const seconds = store.get("budget.max_seconds");
  const toSeconds = (value) => (typeof value === "number" ? value * 60 : value);
  const minutes = numberInput(typeof seconds === "number" ? seconds / 60 : seconds, { placeholder: "no limit" }, (value) => store.set("budget.max_seconds", toSeconds(value)));
  return [
    el(
      "div",
      { class: "fields" },
      checkOnBlur(
        field({ path: "budget.max_trials", label: "Candidates per run", control: trials, hint: "Distinct architectures, at most." }),
        { type: "integer", minimum: 1, maximum: 100000 },
        () => store.get("budget.max_trials"),
      ),
      checkOnBlur(
        field({ path: "budget.max_seconds", label: "Time per run", control: minutes, unit: "min", hint: "Pauses do not count. Empty means no limit; whichever comes first ends the run." }),
        { type: "number", exclusiveMinimum: 0, nullable: true },
        () => store.get("budget.max_seconds"),
      ),
    ),
  ];
}

/** Every section: where it stands, what it shows, and which changes make it draw itself anew. */
export const SECTIONS = [
  { id: "data", title: "Data", draw: data, on: ["dataset"] },
  { id: "space", title: "Search space", draw: space, on: ["search_space"] },
  { id: "hardware", title: "Hardware", draw: hardware, on: ["devices"] },
  { id: "objectives", title: "Objectives & limits", draw: (store, catalog) => [objectives(store, catalog), limits(store, catalog)], on: ["devices", "objectives", "constraints"] },
  { id: "strategy", title: "Strategy & evaluator", draw: strategy, on: ["strategy", "evaluator"] },
  { id: "budget", title: "Budget", draw: budget, on: [] },
];
