// A socket without memory: it tells what changes from now on. After a break `onback` is called,
// so that the page can read what it missed.

const BACK_OFF = [1, 2, 4, 8, 15, 30]; // seconds before an attempt
const NOT_SIGNED_IN = 4401;

export class Feed {
  /**
   * @param {string} path of the socket.
   * @param {{message: Function, back: Function, status: Function}} on `status({state, wait})` tells
   *   how it is connected: connecting, live, waiting (`wait` seconds).
   */
  constructor(path, on) {
    this.url = `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}${path}`;
    this.on = on;
    this.failures = 0;
    addEventListener("online", () => this.retryNow());
    document.addEventListener("visibilitychange", () => document.hidden || this.retryNow());
    addEventListener("pagehide", () => this.close());
    addEventListener("pageshow", (event) => event.persisted && this.open());
    this.open();
  }

  open() {
    clearTimeout(this.timer);
    this.closed = false;
    this.on.status({ state: "connecting" });
    const socket = (this.socket = new WebSocket(this.url));
    socket.addEventListener("open", () => this.opened());
    socket.addEventListener("message", ({ data }) => this.on.message(JSON.parse(data)));
    socket.addEventListener("close", ({ code }) => socket === this.socket && this.lost(code));
  }

  opened() {
    this.on.status({ state: "live" });
    if (this.failures) this.on.back();
    this.failures = 0;
  }

  lost(code) {
    this.socket = null;
    if (this.closed) return;
    if (code === NOT_SIGNED_IN) {
      location.assign(`/login/?next=${encodeURIComponent(location.pathname)}`);
      return;
    }
    const base = BACK_OFF[Math.min(this.failures, BACK_OFF.length - 1)];
    this.failures += 1;
    this.due = Date.now() + 1000 * base * (0.8 + 0.4 * Math.random()); // not in step with others
    this.countDown();
  }

  countDown() {
    const wait = Math.max(0, Math.ceil((this.due - Date.now()) / 1000));
    if (wait === 0) return this.open();
    this.on.status({ state: "waiting", wait });
    this.timer = setTimeout(() => this.countDown(), 1000);
  }

  retryNow() {
    if (!this.socket && !this.closed) this.open();
  }

  close() {
    this.closed = true;
    clearTimeout(this.timer);
    this.socket?.close();
    this.socket = null;
  }
}
