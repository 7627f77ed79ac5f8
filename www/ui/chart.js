/*
 * chart.js: small pictures of numbers, each with the same numbers as a table below it: nothing
 * is told by a colour or a length alone.
 */
import { el, svg } from './dom.js';

const WIDTH = 640;

/* Four digits that matter, without an exponent where that is short. */
export function number(value) {
  if (value === null || value === undefined || Number.isNaN(value)) return '-';
  if (Number.isInteger(value)) return value.toLocaleString('en');
  return Number(value.toPrecision(4)).toString();
}

export function percent(share) {
  return `${(share * 100).toFixed(share < 0.1 ? 2 : 1)}%`;
}

function picture(title, height, ...content) {
  return svg('svg', { class: 'chart', viewBox: `0 0 ${WIDTH} ${height}`, role: 'img', 'aria-label': title },
    ...content);
}

function numbers(title, head, rows, open) {
  return el('details', { class: 'numbers', open },
    el('summary', {}, 'As a table'),
    el('div', { class: 'scroll' }, el('table', {},
      el('caption', { class: 'unseen' }, title),
      el('thead', {}, el('tr', {}, head.map((name, i) =>
        el('th', { scope: 'col', class: i > 0 ? 'number' : null }, name)))),
      el('tbody', {}, rows.map((row) => el('tr', {}, row.map((cell, i) =>
        (i === 0 ? el('th', { scope: 'row' }, cell) : el('td', { class: 'number' }, cell)))))))));
}

/* A label that has room for so many characters. */
function short(text, most) {
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}

/* Shares of one, the largest first: [{name, value}]. */
export function bars(title, items) {
  const rows = [...items].sort((a, b) => b.value - a.value);
  const lines = rows.map(({ name, value }, i) => [
    svg('text', { x: 0, y: i * 28 + 18 }, short(name, 24), svg('title', {}, name)),
    svg('rect', { class: 'track', x: 200, y: i * 28 + 4, width: 360, height: 20, rx: 4 }),
    svg('rect', { class: 'a', x: 200, y: i * 28 + 4, width: Math.max(0, Math.min(1, value)) * 360, height: 20, rx: 4 }),
    svg('text', { x: 570, y: i * 28 + 18 }, percent(value)),
  ]);

  return el('figure', { class: 'figure' }, picture(`${title}: ${rows.map((row) =>
    `${row.name} ${percent(row.value)}`).join(', ')}`, Math.max(1, rows.length) * 28, lines));
}

/*
 * From a bias to a margin, what each feature adds: [{name, value, shown}], the largest first,
 * the rest of them as one.
 */
export function waterfall(title, { bias, margin, parts, most = 12 }) {
  const sorted = [...parts].sort((a, b) => Math.abs(b.value) - Math.abs(a.value));
  const rest = sorted.slice(most);
  const shown = sorted.slice(0, most);
  const sum = rest.reduce((all, part) => all + part.value, 0);

  if (rest.length > 0) shown.push({ name: `${rest.length} others`, value: sum, shown: '' });
  let at = bias;
  const steps = shown.map((part) => {
    const step = { ...part, from: at, to: at + part.value };

    at = step.to;
    return step;
  });
  const ends = [bias, margin, ...steps.flatMap((step) => [step.from, step.to])];
  const low = Math.min(...ends);
  const span = Math.max(...ends) - low || 1;
  const x = (value) => 210 + ((value - low) / span) * 330;
  const line = (i, name, mark, text) => [
    svg('text', { x: 0, y: i * 26 + 17 }, short(name, 28), svg('title', {}, name)),
    mark,
    svg('text', { x: 550, y: i * 26 + 17 }, text),
  ];
  const dot = (i, value) => svg('rect', { class: 'c', x: x(value) - 2, y: i * 26 + 3, width: 4, height: 18 });
  const rows = steps.map((step, i) => line(i + 1,
    step.shown === '' || step.shown === undefined ? step.name : `${step.name} = ${step.shown}`,
    svg('rect', {
      class: step.value < 0 ? 'd' : 'a',
      x: Math.min(x(step.from), x(step.to)),
      y: (i + 1) * 26 + 4,
      width: Math.max(1, Math.abs(x(step.to) - x(step.from))),
      height: 16,
      rx: 2,
    }), `${step.value < 0 ? '−' : '+'}${number(Math.abs(step.value))}`));
  const last = steps.length + 1;

  return el('figure', { class: 'figure' },
    picture(title, (last + 1) * 26,
      line(0, 'on the whole', dot(0, bias), number(bias)), rows,
      line(last, 'this row', dot(last, margin), number(margin))),
    numbers(title, ['Feature', 'Adds'], [['on the whole', number(bias)],
      ...steps.map((step) => [step.name, number(step.value)]), ['this row', number(margin)]]));
}

/*
 * Columns over time, stacked: times are labels, series [{name, kind: 'a'..'d', values}].
 */
export function stacked(title, times, series) {
  const height = 180;
  const sums = times.map((_, i) => series.reduce((all, one) => all + (one.values[i] ?? 0), 0));
  const most = Math.max(1, ...sums);
  const wide = (WIDTH - 50) / Math.max(1, times.length);
  const columns = times.map((time, i) => {
    let base = height;

    return series.map((one) => {
      const tall = ((one.values[i] ?? 0) / most) * (height - 20);

      base -= tall;
      return svg('rect', { class: one.kind, x: 50 + i * wide + 1, y: base, width: Math.max(1, wide - 2), height: tall },
        svg('title', {}, `${time}, ${one.name}: ${number(one.values[i] ?? 0)}`));
    });
  });
  const every = Math.ceil(times.length / 6);

  return el('figure', { class: 'figure' },
    picture(title, height + 24,
      svg('text', { class: 'soft', x: 0, y: 24 }, number(most)), svg('text', { class: 'soft', x: 0, y: height }, '0'),
      svg('line', { class: 'axis', x1: 50, y1: height, x2: WIDTH, y2: height }), columns,
      times.map((time, i) => (i % every === 0 ?
        svg('text', { class: 'soft', x: 50 + i * wide, y: height + 18 }, time) : null))),
    el('figcaption', { class: 'row' }, series.map((one) => el('span', {}, legend(one.kind), ' ', one.name))),
    numbers(title, ['Time', ...series.map((one) => one.name)],
      times.map((time, i) => [time, ...series.map((one) => number(one.values[i] ?? 0))])));
}

function legend(kind) {
  return svg('svg', { class: 'chart legend', viewBox: '0 0 12 12', width: 12, height: 12, 'aria-hidden': 'true' },
    svg('rect', { class: kind, width: 12, height: 12, rx: 2 }));
}

/* A line with the band around it: times, [{low, middle, high}] in one unit. */
export function band(title, times, points, unit) {
  const height = 180;
  const known = points.filter((point) => point !== null);
  const most = Math.max(...known.map((point) => point.high), Number.MIN_VALUE);
  const x = (i) => 50 + (i + 0.5) * ((WIDTH - 50) / Math.max(1, times.length));
  const y = (value) => height - (value / most) * (height - 20);
  const at = (name) => points.map((point, i) => (point === null ? null : `${x(i)},${y(point[name])}`)).filter(Boolean);
  const every = Math.ceil(times.length / 6);

  return el('figure', { class: 'figure' },
    picture(title, height + 24,
      svg('text', { class: 'soft', x: 0, y: 24 }, `${number(most)} ${unit}`),
      svg('text', { class: 'soft', x: 0, y: height }, '0'),
      svg('line', { class: 'axis', x1: 50, y1: height, x2: WIDTH, y2: height }),
      svg('polygon', { class: 'band', points: [...at('high'), ...at('low').reverse()].join(' ') }),
      svg('polyline', { class: 'stroke', points: at('middle').join(' ') }),
      times.map((time, i) => (i % every === 0 ?
        svg('text', { class: 'soft', x: 50 + i * ((WIDTH - 50) / times.length), y: height + 18 }, time) : null))),
    numbers(title, ['Time', 'Low', 'Middle', 'High'], times.map((time, i) => (points[i] === null ?
      [time, '-', '-', '-'] : [time, number(points[i].low), number(points[i].middle), number(points[i].high)]))));
}
