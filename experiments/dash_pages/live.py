"""Charts of the live page. The browser feeds them from the socket; the axes are chosen here."""

from typing import Any

from dash import Input, Output, dcc, html
from dash.exceptions import PreventUpdate

from experiments import selectors
from experiments.dash_pages.host import HostedDash, current
from experiments.figures import hypervolume, losses, pareto
from experiments.figures.chart import CONFIG, Figure
from experiments.figures.front_data import FrontData, choose_axes, front_data, objective_axes
from experiments.models import Experiment

FRONT_CONFIG = {
    "doubleClick": False,  # the page answers it: the axes follow the data again
    "modeBarButtonsToRemove": [*CONFIG["modeBarButtonsToRemove"], "resetScale2d"],
}

app = HostedDash("experiments/live.html")


def front_of(experiment: Experiment, snapshot: dict[str, Any], x: str | None = None) -> FrontData:
    """The front chart's data; `x` is the key of a metric that may be on the horizontal axis.

    Raises:
        KeyError: `x` may not be there.
    """
    choices, y = choose_axes(experiment.config)
    axis = choices[0] if x is None else {choice.key: choice for choice in choices}[x]
    goals = objective_axes(experiment.config)
    return front_data(
        snapshot,
        axis,
        y,
        baseline_runs=baseline_runs(experiment),
        objectives=len(goals),
        is_objective=axis in goals,
    )


def baseline_runs(experiment: Experiment) -> frozenset[str]:
    """Ids of the runs that are only for comparison."""
    runs = experiment.runs.filter(is_baseline=True)
    return frozenset(str(pk) for pk in runs.values_list("pk", flat=True))


def layout() -> html.Div:
    """Three charts and the two choices of axes, which the page's own controls set.

    Clouds and series are thin: the page fills them from the snapshot that it fetches anyway.
    """
    experiment = current().experiment
    sketch = selectors.sketch(experiment)
    front = pareto.figure(front_of(experiment, sketch))
    series = hypervolume.figure(sketch["hypervolume"])
    curves = losses.figure(sketch["curves"], str(sketch["best"]))
    return html.Div(
        [
            _chart("front", front, **FRONT_CONFIG),
            _chart("hypervolume", series),
            _chart("losses", curves),
            dcc.Store(id="front-x"),
            dcc.Store(id="hypervolume-x"),
        ]
    )


def _chart(name: str, figure: Figure, **config: Any) -> html.Div:
    graph = dcc.Graph(
        id=f"{name}-graph", figure=figure, config={**CONFIG, **config}, responsive=True
    )
    return html.Div(graph, className=f"chart chart-{name}", id=f"{name}-chart")


@app.callback(Output("front-graph", "figure"), Input("front-x", "data"), prevent_initial_call=True)
def choose_front_axis(x: Any) -> Figure:
    """Draw the front against another cost."""
    experiment = current().experiment
    try:
        data = front_of(experiment, selectors.sketch(experiment), str(x))
    except KeyError:
        raise PreventUpdate from None
    return pareto.figure(data)


@app.callback(
    Output("hypervolume-graph", "figure"),
    Input("hypervolume-x", "data"),
    prevent_initial_call=True,
)
def choose_hypervolume_axis(x: Any) -> Figure:
    """Draw the hypervolume against candidates or against time."""
    if not isinstance(x, str) or x not in hypervolume.ABSCISSAS:
        raise PreventUpdate
    return hypervolume.figure(selectors.hypervolume_series(current().experiment), x)


app.layout = layout
