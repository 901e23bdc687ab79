// Figures as people read them. An absent figure is a dash.
const DASH = '–';
const whole = new Intl.NumberFormat('en-GB', { maximumFractionDigits: 0 });
const fine = new Intl.NumberFormat('en-GB', { maximumFractionDigits: 1 });

export function count(value) {
  return value === undefined || value === null ? DASH : whole.format(value);
}

export function rate(value) {
  if (value === undefined || value === null) return DASH;
  return value >= 100 ? whole.format(value) : fine.format(value);
}

export function bytes(value) {
  if (value === undefined || value === null) return DASH;
  if (value >= 1e9) return `${fine.format(value / 1e9)} GB`;
  if (value >= 1e6) return `${fine.format(value / 1e6)} MB`;
  return `${whole.format(value / 1e3)} kB`;
}

export function duration(ms) {
  if (ms === undefined || ms === null) return DASH;
  if (ms < 1000) return `${ms < 10 ? fine.format(ms) : whole.format(ms)} ms`;
  if (ms < 60_000) return `${fine.format(ms / 1000)} s`;
  if (ms < 3_600_000) return `${whole.format(ms / 60_000)} min`;
  if (ms < 2 * 86_400_000) return `${fine.format(ms / 3_600_000)} h`;
  return `${whole.format(ms / 86_400_000)} days`;
}

export function ago(ms) {
  return ms < 1000 ? 'now' : `${duration(Math.round(ms / 1000) * 1000)} ago`;
}
