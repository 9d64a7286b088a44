// New device: one form per kind, sent to the API; a code for an agent, shown once.

import { post } from "../lib/api.js";
import { toastError } from "../lib/toasts.js";

const WHOLE = new Set(["threads", "batch_size"]);
const form = document.getElementById("device-form");

for (const button of document.querySelectorAll("[data-copy-of]")) {
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copyOf).textContent);
    button.querySelector("span").textContent = "Copied";
  });
}

document.getElementById("make-code")?.addEventListener("click", async ({ currentTarget: button }) => {
  button.setAttribute("aria-busy", "true");
  button.disabled = true;
  try {
    const answer = await post("agents/codes/");
    document.getElementById("code").textContent = answer.code;
    document.getElementById("code-shown").hidden = false;
    document.getElementById("code-expires").textContent = `It works until ${new Date(answer.expires_at).toLocaleString()}. Leave this page and it cannot be shown again.`;
    const command = document.getElementById("register");
    command.textContent = command.dataset.template.replace("CODE", answer.code);
  } catch (error) {
    button.disabled = false;
    toastError("No code was made", error);
  }
  button.removeAttribute("aria-busy");
});

if (form) {
  const { name, slug } = form.elements;
  name.addEventListener("input", () => {
    if (!slug.dataset.typed) slug.value = slugOf(name.value);
  });
  slug.addEventListener("input", () => (slug.dataset.typed = "1"));
  for (const radio of form.querySelectorAll('[name="runtime"]')) radio.addEventListener("change", () => offerPrecisions(radio));
  const first = form.querySelector('[name="runtime"]:not(:disabled)');
  if (first) {
    first.checked = true;
    offerPrecisions(first);
  }
  form.addEventListener("submit", send);
  name.focus();
}

function slugOf(text) {
  return text.normalize("NFKD").toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "").slice(0, 50);
}

/** Only what the runtime computes with. */
function offerPrecisions(radio) {
  const offered = radio.dataset.precisions.split(" ");
  const { precision } = form.elements;
  for (const option of precision.options) {
    option.disabled = option.hidden = !offered.includes(option.value);
  }
  if (precision.selectedOptions[0]?.disabled) precision.value = offered[0];
}

/** The body of the request: empty fields are left out, `a.b` becomes an object. */
function body() {
  const data = { kind: form.dataset.kind };
  for (const [path, text] of new FormData(form)) {
    if (text.trim() === "") continue;
    const [outer, inner] = path.split(".");
    const value = WHOLE.has(path) || (inner && inner !== "source") ? numberOr(text.trim()) : text.trim();
    if (inner) (data[outer] ??= {})[inner] = value;
    else data[outer] = value;
  }
  return data;
}

const numberOr = (text) => (Number.isNaN(Number(text)) ? text : Number(text));

async function send(event) {
  event.preventDefault();
  const button = form.querySelector("button[type=submit]");
  button.setAttribute("aria-busy", "true");
  clear();
  try {
    const device = await post("devices/", body());
    location.assign(`/devices/${device.slug}/${form.dataset.kind === "table" ? "import/" : ""}`);
  } catch (error) {
    button.removeAttribute("aria-busy");
    if (error.status === 400) complain(error.errors);
    else toastError("The device was not created", error);
  }
}

function clear() {
  document.getElementById("error-summary").hidden = true;
  for (const field of form.querySelectorAll(".field")) {
    field.classList.remove("is-invalid");
    const line = field.querySelector(".field-error");
    if (line) line.hidden = true;
  }
}

/** Every error beside its field; those without one on top. */
function complain(errors) {
  const rest = [];
  let first = null;
  for (const error of errors) {
    const [, inner, text] = (error.attr === "descriptor" && error.detail.match(/^(\w+): (.*)$/s)) || [];
    const [attr, detail] = inner ? [inner, text] : [error.attr, error.detail];
    const field = attr && form.querySelector(`[data-path="${CSS.escape(attr)}"], [data-path="descriptor.${CSS.escape(attr)}"]`);
    const line = field?.querySelector(".field-error");
    if (!line) {
      rest.push(detail);
      continue;
    }
    field.classList.add("is-invalid");
    line.textContent = detail;
    line.hidden = false;
    first ??= field.querySelector("input, select, textarea");
  }
  if (rest.length) {
    const summary = document.getElementById("error-summary");
    summary.querySelector("p").textContent = rest.join(" ");
    summary.hidden = false;
    summary.focus();
  } else first?.focus();
}
