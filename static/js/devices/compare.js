// Two devices: the chart and its table.

import { wireMenu } from "./files.js";
import { PointChart, rowsOf } from "./points.js";

const figure = document.querySelector('[data-chart="pair"]');
if (figure) {
  const table = figure.querySelector("table");
  new PointChart(figure, rowsOf("pair"), (indices) => show(new Set(indices)));
  wireMenu(figure, table);

  /** The table shows what was chosen in the chart, or all. */
  function show(chosen) {
    for (const row of table.querySelectorAll("[data-row]")) row.hidden = chosen.size > 0 && !chosen.has(row.dataset.row);
    if (chosen.size) figure.querySelector("details.twin-details").open = true;
  }
}
