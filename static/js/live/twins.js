// "View as table": the same numbers as a chart, for everyone who does not see or trust it.

import { el } from "../lib/dom.js";
import { count, metric } from "../lib/format.js";
import { runName } from "./lines.js";
import { nameOf, shownOrigin, withOrigin } from "./words.js";

const ROWS = 500;

function table(heads, rows, note = "") {
  const head = el("tr", {}, ...heads.map((text, i) => el("th", { scope: "col", class: i ? "is-number" : "" }, text)));
  const body = rows
    .slice(0, ROWS)
    .map((cells) => el("tr", {}, ...cells.map((cell, i) => el("td", { class: i ? "is-number" : "" }, cell))));
  const more = rows.length > ROWS ? `First ${ROWS} of ${count(rows.length)}. ` : "";
  return [
    el("table", { class: "table numbers" }, el("thead", {}, head), el("tbody", {}, ...body)),
    more || note ? el("p", { class: "muted" }, more + note) : null,
  ].filter(Boolean);
}

export const TWINS = {
  front(model, facts, charts, address) {
    const parts = charts.front.parts();
    const keys = facts.metrics;
    const rows = ["front", "dominated", "infeasible", "rug"].flatMap((role) =>
      parts[role].map((point) => {
        const candidate = model.get(point.number);
        const link = el("a", { href: address(point.number) }, nameOf(point));
        const words = { front: "front", dominated: "dominated", infeasible: "misses a limit", rug: "not trained" }[
          role
        ];
        return [
          link,
          words,
          ...keys.map((key) => withOrigin(metric(key, candidate.metrics[key]), shownOrigin(key, candidate.origins[key]))),
        ];
      }),
    );
    return table(
      ["Candidate", "Part", ...keys.map((key) => facts.labels[key])],
      rows,
      rows.length ? "" : "No finished candidate yet.",
    );
  },

  hypervolume(model) {
    const rows = [...model.series.values()].flatMap((item) =>
      item.trials.map((n, i) => [
        runName(item),
        count(n),
        `${item.seconds[i].toFixed(1)} s`,
        item.hypervolume[i].toFixed(4),
      ]),
    );
    return table(["Run", "Candidates", "Time", "Hypervolume"], rows.reverse(), rows.length ? "" : "No point yet.");
  },

  losses(model, facts, charts) {
    const { running, recent, best } = charts.losses.shown();
    const numbers = [...running, ...(best === null ? [] : [best]), ...recent];
    const rows = numbers.flatMap((number) =>
      model.curves
        .get(number)
        .map((row) => [
          `#${number}`,
          String(row.epoch),
          row.train_loss?.toFixed(4) ?? "–",
          row.val_loss?.toFixed(4) ?? "–",
          metric("accuracy", row.val_accuracy),
        ]),
    );
    return table(
      ["Candidate", "Epoch", "Training loss", "Validation loss", "Accuracy"],
      rows,
      rows.length ? "" : "Nothing is training.",
    );
  },
};
