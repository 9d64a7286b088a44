// Finds graphs that Dash draws, as soon as Plotly has drawn them.

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
  if (!find()) observer.observe(document.body, { childList: true, subtree: true, attributes: true, attributeFilter: ["class"] });
}
