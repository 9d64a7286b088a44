// Dotted paths into plain JSON documents, the same that the API uses in its errors.

/** Value at `strategy.config.epochs`, undefined if there is none. */
export function getAt(document, path) {
  return path.split(".").reduce((node, key) => node?.[key], document);
}

/** Copy of the document with one value replaced; missing objects on the way are made. */
export function setAt(document, path, value) {
  const [key, ...rest] = path.split(".");
  const copy = Array.isArray(document) ? [...document] : { ...document };
  copy[key] = rest.length ? setAt(copy[key] ?? {}, rest.join("."), value) : value;
  return copy;
}

/** Whether two JSON values say the same; order of keys does not matter, null equals missing. */
export function same(a, b) {
  if (a === b || (a ?? null) === (b ?? null)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].every((key) => same(a[key], b[key]));
}
