// JSON requests to /api/v1/ with the session's CSRF token, and errors that say what, why and what next.

const BASE = "/api/v1/";

export class ApiError extends Error {
  /**
   * @param {number} status HTTP status, 0 when no answer came.
   * @param {{code: string, detail: string, attr: string|null}[]} errors as the API sends them.
   */
  constructor(status, errors, request) {
    super(errors.map((error) => error.detail).join(" "));
    this.name = "ApiError";
    this.status = status;
    this.errors = errors;
    this.request = request;
  }

  /** What to do about it, in one sentence. */
  get next() {
    if (this.status === 0) return "Check that the server is running, then try again.";
    if (this.status === 401 || this.status === 403) return "Sign in again in another tab, then retry.";
    if (this.status === 404) return "It may have been deleted: go back to the list and reload.";
    if (this.status === 409) return "Reload the page to see the current state.";
    if (this.status === 429) return "Wait a moment, then try again.";
    if (this.status >= 500) return "Try again; if it persists, send the copied details to your administrator.";
    return "Correct the values named above and try again.";
  }

  /** Everything that a report needs, as text. */
  get details() {
    return JSON.stringify(
      { request: this.request, status: this.status, errors: this.errors, page: location.pathname, at: new Date().toISOString() },
      null,
      2,
    );
  }
}

function csrfToken() {
  return document.cookie.match(/(?:^|;\s*)csrftoken=([^;]+)/)?.[1] ?? "";
}

async function failure(response, label) {
  const body = await response.json().catch(() => null);
  const errors = body?.errors ?? [
    { code: "error", detail: `The server answered ${response.status} ${response.statusText}.`.replace(" .", "."), attr: null },
  ];
  return new ApiError(response.status, errors, label);
}

/** Send a request; resolves to the parsed answer (null for 204), rejects with ApiError or AbortError. */
export async function request(method, path, body, { signal, headers = {} } = {}) {
  const label = `${method} ${BASE}${path}`;
  const options = { method, signal, credentials: "same-origin", headers: { Accept: "application/json", ...headers } };
  if (method !== "GET") options.headers["X-CSRFToken"] = csrfToken();
  if (body instanceof Blob) options.body = body; // a file, sent as it is
  else if (body !== undefined) {
    options.headers["Content-Type"] = "application/json";
    options.body = JSON.stringify(body);
  }
  let response;
  try {
    response = await fetch(BASE + path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(0, [{ code: "no_answer", detail: "The server did not answer.", attr: null }], label);
  }
  if (!response.ok) throw await failure(response, label);
  return response.status === 204 ? null : response.json();
}

export const get = (path, options) => request("GET", path, undefined, options);
export const post = (path, body = {}, options) => request("POST", path, body, options);
export const patch = (path, body, options) => request("PATCH", path, body, options);
export const remove = (path, options) => request("DELETE", path, undefined, options);
