// Graphs that Dash makes and the page feeds: find them, and keep what the page put into them.

/** Call `action(graph)` once, when the graph component with this id has its first plot. */
export function whenDrawn(id, action) {
  const find = () => {
    const graph = document.querySelector(`#${id} .js-plotly-plot`);
    if (!graph?._fullLayout || !graph.on) return false;
    observer.disconnect();
    action(graph);
    return true;
  };
  const observer = new MutationObserver(find);
  if (!find())
    observer.observe(document.body, { childList: true, subtree: true, attributes: true, attributeFilter: ["class"] });
}

/**
 * After a zoom Dash draws the graph again from its own, older figure. Put ours back at once.
 * @param {Function} ours the data array that the page gave to Plotly last, or undefined.
 */
export function keep(graph, ours, draw) {
  graph.on("plotly_afterplot", () => {
    if (ours() && graph.data !== ours()) setTimeout(draw);
  });
}
