// Starts Dash's renderer; in a file of its own because the page allows no inline script.
window.renderer = new window.DashRenderer();
