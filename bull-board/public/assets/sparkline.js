// A small picture of one figure over time: the newest value is at the right edge, gaps stay gaps.
const SVG = 'http://www.w3.org/2000/svg';
const WIDTH = 240;
const HEIGHT = 44;
const PADDING = 3;

export function drawSparkline(container, values, slots) {
  const known = values.filter((value) => value !== null);
  const highest = Math.max(...known, 0);
  const lowest = Math.min(...known, highest);
  // A figure that hardly changes, such as memory, is not blown up to full height; one that begins at 0 keeps its 0.
  const base = lowest > highest / 2 ? lowest - (highest - lowest || highest) / 2 : 0;
  const span = (highest - base) * 1.15 || 1;
  const x = (place) => WIDTH - (values.length - 1 - place) * (WIDTH / (slots - 1));
  const y = (value) => HEIGHT - PADDING - ((value - base) / span) * (HEIGHT - 2 * PADDING);

  const lines = [];
  for (const [place, value] of values.entries()) {
    if (value === null) continue;
    const begins = place === 0 || values[place - 1] === null;
    if (begins) lines.push([]);
    lines.at(-1).push({ x: x(place), y: y(value) });
  }
  const parts = lines.flatMap((line) => {
    const path = line.map((point) => `${point.x.toFixed(1)} ${point.y.toFixed(1)}`).join(' L ');
    const [left, right] = [line[0].x, line.at(-1).x];
    const area = element('path', { class: 'area', d: `M ${left} ${HEIGHT} L ${path} L ${right} ${HEIGHT} Z` });
    return [area, element('path', { class: 'line', d: `M ${path}` })];
  });
  const svg = element('svg', { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none', 'aria-hidden': 'true' });
  svg.append(...parts);
  container.replaceChildren(svg);
}

function element(name, attributes) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}
