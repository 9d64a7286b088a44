// The live connection of one experiment: a snapshot, then every event after it, in order, once.
//
// The socket resumes from the last event seen. A gap or a `resync` fetches the snapshot again.
// Nothing is polled: timers only wait before the next attempt to connect.

import { get } from "./api.js";

const BACK_OFF = [1, 2, 4, 8, 15, 30]; // seconds before an attempt
const SLEPT = 60; // seconds hidden and silent after which the socket is opened anew
const [NOT_SIGNED_IN, NOT_FOUND] = [4401, 4404];

export class LiveConnection {
  /**
   * @param {string} id of the experiment.
   * @param {{snapshot: Function, events: Function, status: Function}} on `snapshot(data)` replaces
   *   everything, `events(list)` adds to it, `status({state, wait, since})` tells how it is
   *   connected: connecting, live, waiting (`wait` seconds), offline (data from `since`), gone.
   * @param {{after: ?number}} options number of the last event that the page shows already; then
   *   there is no first snapshot.
   */
  constructor(id, on, { after = null } = {}) {
    this.id = id;
    this.on = on;
    this.last = after;
    this.failures = 0;
    this.heard = null;
    this.batch = [];
    addEventListener("online", () => this.retryNow());
    addEventListener("offline", () => this.status("offline"));
    addEventListener("pagehide", () => this.close());
    addEventListener("pageshow", (event) => event.persisted && this.open());
    document.addEventListener("visibilitychange", () => this.onVisible());
  }

  /** Fetch what is missing and connect. */
  async open() {
    clearTimeout(this.timer);
    this.closed = false;
    this.status("connecting");
    try {
      if (this.last === null) await this.fetchSnapshot();
    } catch (error) {
      if (error.status === 404) return this.status("gone");
      if (error.status === 401 || error.status === 403) return this.signIn();
      return this.later();
    }
    this.connect();
  }

  async fetchSnapshot() {
    const data = await get(`experiments/${this.id}/snapshot/`);
    this.batch = [];
    this.last = data.seq;
    this.heard = new Date();
    this.on.snapshot(data);
  }

  connect() {
    if (this.closed) return;
    this.socket?.close();
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}/ws/experiments/${this.id}/?after=${this.last}`);
    this.socket = socket;
    socket.addEventListener("open", () => socket === this.socket && this.connected());
    socket.addEventListener("message", (message) => socket === this.socket && this.receive(JSON.parse(message.data)));
    socket.addEventListener("close", (event) => socket === this.socket && this.lost(event.code));
  }

  connected() {
    this.heard = new Date();
    this.status("live");
  }

  receive(event) {
    this.heard = new Date();
    this.failures = 0;
    if (event.type === "resync") return this.resync();
    if (event.seq <= this.last) return; // told already
    if (event.seq !== this.last + 1) return this.resync();
    this.last = event.seq;
    this.batch.push(event);
    if (this.batch.length === 1) queueMicrotask(() => this.flush());
  }

  flush() {
    const events = this.batch;
    this.batch = [];
    if (events.length) this.on.events(events);
  }

  /** Events are missing: start again from a snapshot. */
  resync() {
    const socket = this.socket;
    this.socket = null;
    socket?.close();
    this.last = null;
    this.failures += 1;
    if (this.failures > 1) this.later();
    else this.open();
  }

  lost(code) {
    this.socket = null;
    if (this.closed) return;
    if (code === NOT_SIGNED_IN) this.signIn();
    else if (code === NOT_FOUND) this.status("gone");
    else this.later();
  }

  /** Wait, longer each time and not in step with other browsers, then connect. */
  later() {
    if (!navigator.onLine) return this.status("offline");
    const base = BACK_OFF[Math.min(this.failures, BACK_OFF.length - 1)];
    this.failures += 1;
    this.due = Date.now() + 1000 * base * (0.8 + 0.4 * Math.random());
    this.countDown();
  }

  countDown() {
    const wait = Math.max(0, Math.ceil((this.due - Date.now()) / 1000));
    if (wait === 0) return this.open();
    this.status("waiting", wait);
    this.timer = setTimeout(() => this.countDown(), 1000);
  }

  /** Do not wait any longer. */
  retryNow() {
    if (!this.socket) this.open();
  }

  onVisible() {
    const silent = this.heard ? (Date.now() - this.heard) / 1000 : 0;
    if (document.hidden || this.closed) return;
    if (!this.socket) this.retryNow();
    else if (silent > SLEPT) this.connect(); // the other end may be gone without a word
  }

  signIn() {
    location.assign(`/login/?next=${encodeURIComponent(location.pathname)}`);
  }

  close() {
    this.closed = true;
    clearTimeout(this.timer);
    this.socket?.close();
    this.socket = null;
  }

  status(state, wait = 0) {
    this.on.status({ state, wait, since: this.heard, failures: this.failures });
  }
}
