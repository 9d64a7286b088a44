"""HTML pages: server-rendered first paint; the browser's modules take over from there."""
