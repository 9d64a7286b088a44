// The menu of a chart: its picture as a file, its numbers as CSV.

import { save } from "../diagram/files.js";

/** Wire the menu of a figure; `table` holds its numbers. */
export function wireMenu(figure, table) {
  for (const item of figure.querySelectorAll("[data-save]")) {
    item.addEventListener("click", () => {
      const { save: format, name } = item.dataset;
      if (format === "csv") offerCsv(table, name);
      else save(figure.querySelector(".chart-body svg"), name, format);
      item.closest("details").open = false;
    });
  }
}

function offerCsv(table, name) {
  const lines = [...table.rows].map((row) => [...row.cells].map((cell) => quoted(cell.textContent.trim())).join(","));
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([`${lines.join("\r\n")}\r\n`], { type: "text/csv" }));
  link.download = `${name}.csv`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

const quoted = (text) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
