"""Charts of the candidate page: training curves and the rounds of the last measurement."""

from dash import dcc, html

from experiments.dash_pages.host import HostedDash, current
from experiments.figures import losses
from experiments.figures.chart import CONFIG

app = HostedDash("experiments/candidate.html")


def layout() -> html.Div:
    """The training curves; a training candidate's grow with the socket."""
    trial = current().trial
    curve = trial.curve if trial is not None else []
    graph = dcc.Graph(
        id="curve-graph", figure=losses.training_figure(curve), config=CONFIG, responsive=True
    )
    return html.Div(html.Div(graph, className="chart chart-curve", id="curve-chart"))


app.layout = layout
