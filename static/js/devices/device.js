// One device: charts and their tables, the profiling panel, versions of models and tables, the switch.

import { patch, post } from "../lib/api.js";
import { toastError } from "../lib/toasts.js";
import { wireMenu } from "./files.js";
import { PointChart, rowsOf } from "./points.js";
import { ProfilingPanel } from "./profiling.js";

const page = JSON.parse(document.getElementById("page-data").textContent);

for (const figure of document.querySelectorAll("[data-chart]")) {
  const name = figure.dataset.chart;
  const twin = document.querySelector(`[data-twin="${name}"]`);
  if (!twin) continue;
  const chart = new PointChart(figure, rowsOf(name), name === "accuracy" ? showChosen : undefined);
  wireMenu(figure, twin.querySelector("table"));
  for (const [index, row] of chart.rows) {
    row.addEventListener("pointerenter", () => chart.point(index));
    row.addEventListener("pointerleave", () => chart.point(null));
  }
}

/** The table shows the worst, all, or what was chosen in the chart. */
function showChosen(indices) {
  const twin = document.querySelector('[data-twin="accuracy"]');
  const chosen = new Set(indices);
  const all = twin.querySelector("[data-all]");
  const most = all.getAttribute("aria-pressed") === "true" ? Infinity : Number(twin.dataset.short);
  let at = 0;
  for (const row of twin.querySelectorAll("[data-row]")) {
    row.hidden = chosen.size ? !chosen.has(row.dataset.row) : at++ >= most;
  }
  twin.querySelector("[data-selection]").textContent = chosen.size ? `${chosen.size} chosen` : "";
}

document.querySelector("[data-all]")?.addEventListener("click", ({ currentTarget: button }) => {
  const pressed = button.getAttribute("aria-pressed") !== "true";
  button.setAttribute("aria-pressed", String(pressed));
  button.dataset.words ??= button.textContent;
  button.textContent = pressed ? "Worst only" : button.dataset.words;
  showChosen([]);
});

const panel = document.getElementById("profiling");
if (panel) new ProfilingPanel(panel, page.slug, () => location.reload());

/** Send one request for a button, then show the page as it is now. */
function wire(selector, send, failed) {
  for (const button of document.querySelectorAll(selector)) {
    button.addEventListener("click", async () => {
      button.setAttribute("aria-busy", "true");
      try {
        await send(button.dataset);
        location.reload();
      } catch (error) {
        button.removeAttribute("aria-busy");
        toastError(failed, error);
      }
    });
  }
}

wire("[data-activate]", ({ activate }) => post(`devices/${page.slug}/models/${activate}/activate/`), "The model was not changed");
wire("[data-rollback]", ({ rollback }) => post(`devices/${page.slug}/tables/${rollback}/activate/`), "The table was not changed");
wire("[data-profile]", ({ profile, space }) => post(`devices/${page.slug}/profile/`, { search_space: space, budget: { purpose: profile } }), "The run was not started");
wire("#switch", ({ active }) => patch(`devices/${page.slug}/`, { is_active: active !== "true" }), "The device was not switched");
