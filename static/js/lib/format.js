// Numbers and units as people read them (one place for every page).

const MISSING = "–";

const grouped = new Intl.NumberFormat("en-US");

/** 6214 → "6,214". */
export const count = (value) => (value === null || value === undefined ? MISSING : grouped.format(value));

/** Three significant digits without an exponent. */
export function significant(value, digits = 3) {
  if (value === 0) return "0";
  const decimals = Math.max(0, digits - 1 - Math.floor(Math.log10(Math.abs(value))));
  return value.toFixed(Math.min(decimals, 6));
}

/** Seconds → "1 h 12 min", "46 s", "3.2 s"; two units at most. */
export function duration(seconds) {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return MISSING;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 90) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return minutes % 60 ? `${hours} h ${minutes % 60} min` : `${hours} h`;
  const days = Math.floor(hours / 24);
  return hours % 24 ? `${days} d ${hours % 24} h` : `${days} d`;
}

/** Milliseconds: below 1 ms as µs. */
export function latency(ms) {
  return ms < 1 ? `${significant(ms * 1000)} µs` : `${significant(ms)} ms`;
}

/** 3,410,000 → "3.41 M". */
export function compact(value) {
  for (const [size, unit] of [[1e9, "G"], [1e6, "M"], [1e3, "k"]]) {
    if (Math.abs(value) >= size) return `${significant(value / size)} ${unit}`;
  }
  return significant(value);
}

/** A value of a metric with its unit. */
export function metric(key, value) {
  if (value === null || value === undefined || Number.isNaN(value)) return MISSING;
  const bare = key.split("@")[0];
  if (bare === "accuracy") return `${(value * 100).toFixed(2)} %`;
  if (bare.endsWith("_ms")) return latency(value);
  if (bare.endsWith("_mj")) return `${significant(value)} mJ`;
  if (bare.endsWith("_mib")) return value < 1 ? `${significant(value * 1024)} KiB` : `${significant(value)} MiB`;
  if (bare === "params") return compact(value);
  if (bare === "macs") return `${compact(value)} MACs`;
  return significant(value);
}

/** A decimal string that may exceed 2^53: "190734863281250000" → "1.9 × 10¹⁷". */
export function bigCount(digits) {
  const plain = String(digits);
  if (plain.length <= 7) return count(Number(plain));
  const tenths = Math.round(Number(plain.slice(0, 3)) / 10);
  const power = plain.length - (tenths < 100 ? 1 : 0); // 9.96 rounds to the next power
  const exponent = String(power).replace(/\d/g, (digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[digit]);
  return `${((tenths < 100 ? tenths : 10) / 10).toFixed(1)} × 10${exponent}`;
}
