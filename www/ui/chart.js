/*
 * chart.js: small pictures of numbers, each with the same numbers as a table below it: nothing
 * is told by a colour or a length alone.
 */
import { el, fill, replace, svg } from './dom.js';

/* Four digits that matter, all of those before the point, and no exponent where that is short. */
export function number(value) {
  if (value === null || value === undefined || Number.isNaN(value)) return '-';
  const size = Math.abs(value);

  if (size >= 1e15 || (size > 0 && size < 1e-4)) return value.toExponential(3);
  return value.toLocaleString('en', size >= 1000 || Number.isInteger(value) ? { maximumFractionDigits: 0 } :
    { maximumSignificantDigits: 4 });
}

export function percent(share) {
  if (share > 0 && share < 0.0005) return '< 0.1%';
  return `${Math.abs(share * 100).toFixed(share === 0 || share === 1 ? 0 : 1)}%`;
}

/*
 * A figure whose picture is drawn anew for the width that it has, so that its words keep their
 * size: draw is (width) => content.
 */
function picture(title, height, draw) {
  const image = svg('svg', { class: 'chart', role: 'img', 'aria-label': title, height });
  const figure = el('figure', { class: 'figure' }, image);
  let drawn = 0;

  new ResizeObserver(() => {
    const width = Math.round(figure.clientWidth);

    if (width === 0 || width === drawn) return;
    drawn = width;
    image.setAttribute('viewBox', `0 0 ${width} ${height}`);
    image.replaceChildren();
    fill(image, [draw(width)]);
  }).observe(figure);
  return figure;
}

function numbers(title, head, rows) {
  return el('details', { class: 'numbers' },
    el('summary', {}, 'As a table'),
    el('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': `${title}, as a table` }, el('table', {},
      el('caption', { class: 'unseen' }, title),
      el('thead', {}, el('tr', {}, head.map((name, i) =>
        el('th', { scope: 'col', class: i > 0 ? 'number' : null }, name)))),
      el('tbody', {}, rows.map((row) => el('tr', {}, row.map((cell, i) =>
        (i === 0 ? el('th', { scope: 'row' }, cell) : el('td', { class: 'number' }, cell)))))))));
}

/* A length as a share of its track; widths are set by script, as no style may be in a page. */
function span(kind, left, width) {
  const mark = el('span', { class: kind });

  mark.style.left = `${left * 100}%`;
  if (width !== null) mark.style.width = `${width * 100}%`;
  return mark;
}

/* How much of something there is: a share of one. */
export function track(share, { full = false } = {}) {
  return el('div', { class: full ? 'track full' : 'track', 'aria-hidden': 'true' },
    share > 0 ? span(null, 0, Math.min(1, share)) : null);
}

/* Shares of one, the largest first: [{name, value}]; of more than `most` the rest as one. */
export function bars(title, items, { most = 8 } = {}) {
  const sorted = [...items].sort((a, b) => b.value - a.value);
  const rows = sorted.length > most + 1 ? sorted.slice(0, most) : sorted;
  const rest = sorted.slice(rows.length);
  const line = ({ name, value }, first) => el('div', {},
    el('dt', { class: first ? 'first' : null }, name),
    el('dd', { 'aria-hidden': 'true' }, track(value)),
    el('dd', { class: first ? 'first' : null }, percent(value)));

  return el('dl', { class: 'bars', 'aria-label': title }, rows.map((row, i) => line(row, i === 0)),
    rest.length === 0 ? null : line({
      name: `${number(rest.length)} others`, value: rest.reduce((sum, one) => sum + one.value, 0),
    }));
}

/* The steps from a bias to a margin: the largest first, the rest of them as one. */
function steps(bias, parts, most) {
  const sorted = [...parts].sort((a, b) => Math.abs(b.value) - Math.abs(a.value));
  const shown = sorted.length > most + 1 ? sorted.slice(0, most) : sorted;
  const rest = sorted.slice(shown.length);
  let at = bias;

  if (rest.length > 0) {
    shown.push({ name: `${number(rest.length)} others`, value: rest.reduce((sum, part) => sum + part.value, 0) });
  }
  return shown.map((part) => {
    const step = { ...part, from: at, to: at + part.value };

    at = step.to;
    return step;
  });
}

/*
 * What each feature adds, from a bias to a margin: parts are [{name, value, shown}].  It is a
 * table, whose lengths are seen only; signs and numbers are for all.
 */
export function waterfall(title, { bias, margin, parts, most = 10 }) {
  const rows = steps(bias, parts, most);
  const ends = [bias, margin, ...rows.flatMap((step) => [step.from, step.to])];
  const low = Math.min(...ends);
  const range = Math.max(...ends) - low || 1;
  const x = (value) => (value - low) / range;
  const digits = Math.min(12, Math.max(0, 2 - Math.floor(Math.log10(range))));
  const told = (value) => value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
  const fall = (...marks) => el('td', { class: 'fallen' }, el('div', { class: 'fall', 'aria-hidden': 'true' }, marks));
  const end = (name, value) => el('tr', { class: 'ends' }, el('th', { scope: 'row' }, name),
    fall(span('whole', Math.min(0.99, x(value)), null)), el('td', { class: 'number' }, told(value)));

  return el('table', { class: 'waterfall' },
    el('caption', { class: 'unseen' }, title),
    el('thead', { class: 'unseen' }, el('tr', {}, ['Feature', 'Picture', 'Adds'].map((name) => el('th', { scope: 'col' }, name)))),
    el('tbody', {}, end('On the whole', bias),
      rows.map((step) => el('tr', {},
        el('th', { scope: 'row' }, step.name, step.shown === undefined ? null : el('span', { class: 'given' }, ` = ${step.shown}`)),
        fall(span(step.value < 0 ? 'less' : 'more', x(Math.min(step.from, step.to)), Math.abs(step.value) / range)),
        el('td', { class: 'number' }, `${step.value < 0 ? '\u2212' : '+'}${told(Math.abs(step.value))}`))),
      end('This row', margin)));
}

/* Where charts over time begin, and the labels below them: as many as there is room for. */
const LEFT = 52;

function axes(width, height, most, unit, times) {
  const every = Math.max(1, Math.ceil(times.length / Math.max(1, Math.floor((width - LEFT) / 90))));
  const wide = (width - LEFT) / Math.max(1, times.length);

  return [[0, height], [0.5, 20 + (height - 20) / 2], [1, 20]].map(([share, y]) => [
    svg('line', { class: share === 0 ? 'axis' : 'grid', x1: LEFT, x2: width, y1: y, y2: y }),
    svg('text', { class: 'soft', x: LEFT - 6, y: y + 4, 'text-anchor': 'end' }, number(most * share) + (share === 1 ? unit : '')),
  ]).concat(times.map((time, i) => (i % every === 0 ?
    svg('text', { class: 'soft', x: LEFT + i * wide, y: height + 18 }, time) : null)));
}

/* A number not below the value that is short to say: 1, 2 or 5 with zeros. */
function round(value) {
  const step = 10 ** Math.floor(Math.log10(value));

  return [1, 2, 5, 10].map((k) => k * step).find((top) => top >= value * (1 - 1e-9));
}

/*
 * Has what a figure over time tells read step by step: it takes the focus, and the arrows, Home
 * and End go from one time to the next, as a pointer does.  To who hears it, it is a slider, whose
 * value is the words of the time.
 */
function walkable(figure, title, times, words) {
  const image = figure.querySelector('svg');
  const said = el('p', { class: 'hint cursor' }, ' ');
  const mark = svg('rect', { class: 'cursor', y: 20, height: 160, 'aria-hidden': 'true' });
  const walk = el('div', {
    class: 'walk', tabindex: '0', role: 'slider', 'aria-label': title, 'aria-valuemin': 0, 'aria-valuemax': times.length - 1,
    onkeydown: (event) => {
      const to = { ArrowRight: at + 1, ArrowUp: at + 1, ArrowLeft: at - 1, ArrowDown: at - 1, Home: 0, End: times.length - 1 }[event.key];

      if (to === undefined) return;
      event.preventDefault();
      go(Math.max(0, Math.min(times.length - 1, to)));
    },
    onfocus: () => go(at),
    onblur: () => leave(),
    onpointermove: (event) => {
      const box = image.getBoundingClientRect();
      const i = Math.floor((event.clientX - box.left - LEFT) / (box.width - LEFT) * times.length);

      if (i >= 0 && i < times.length) go(i);
    },
    onpointerleave: () => leave(),
  });
  let at = times.length - 1;
  const value = () => {
    walk.setAttribute('aria-valuenow', at);
    walk.setAttribute('aria-valuetext', words(at));
  };

  function leave() {
    if (document.activeElement === walk) return;
    mark.remove();
    replace(said, ' ');
  }

  function go(i) {
    const wide = (image.clientWidth - LEFT) / Math.max(1, times.length);

    at = i;
    mark.setAttribute('x', LEFT + at * wide);
    mark.setAttribute('width', wide);
    image.append(mark);
    replace(said, words(at));
    value();
  }

  value();
  image.setAttribute('aria-hidden', 'true');
  image.replaceWith(walk);
  walk.append(image);
  walk.after(said);
  return figure;
}

/*
 * Columns over time, stacked: times are labels, series [{name, kind: 'a'..'e', values}].
 */
export function stacked(title, times, series) {
  const height = 180;
  const sums = times.map((_, i) => series.reduce((all, one) => all + (one.values[i] ?? 0), 0));
  const most = round(Math.max(1, ...sums));
  const draw = (width) => {
    const wide = (width - LEFT) / Math.max(1, times.length);

    return [axes(width, height, most, '', times), times.map((time, i) => {
      let base = height;

      return series.map((one) => {
        const value = one.values[i] ?? 0;
        const tall = (value / most) * (height - 20);

        base -= tall;
        return value === 0 ? null : svg('rect', {
          class: one.kind, x: LEFT + i * wide + wide * 0.1, y: base, width: Math.max(1, wide * 0.8), height: tall,
        }, svg('title', {}, `${time}, ${one.name}: ${number(value)}`));
      });
    })];
  };
  const words = (i) => `${times[i]}: ${series.map((one) => `${one.name} ${number(one.values[i] ?? 0)}`).join(', ')}`;
  const figure = walkable(picture(title, height + 24, draw), title, times, words);
  const sum = (one) => one.values.reduce((all, value) => all + (value ?? 0), 0);

  return fill(figure, [
    series.length < 2 ? null : el('figcaption', { class: 'row' }, series.map((one) =>
      el('span', {}, legend(one.kind), ` ${one.name}: `, el('b', {}, number(sum(one)))))),
    numbers(title, ['Time', ...series.map((one) => one.name)],
      times.map((time, i) => [time, ...series.map((one) => number(one.values[i] ?? 0))])),
  ]);
}

function legend(kind) {
  return svg('svg', { class: 'chart legend', viewBox: '0 0 12 12', width: 12, height: 12, 'aria-hidden': 'true' },
    svg('rect', { class: kind, width: 12, height: 12, rx: 2 }));
}

/* Runs of points that are known: the line is cut where one is not. */
function runs(points) {
  const found = [];

  points.forEach((point, i) => {
    if (point === null) return;
    if (i === 0 || points[i - 1] === null) found.push([]);
    found.at(-1).push(i);
  });
  return found;
}

/* A line with the band around it: times, [{low, middle, high} or null] in one unit; names of the three. */
export function band(title, times, points, unit, names = ['low', 'middle', 'high']) {
  const height = 180;
  const most = round(Math.max(...points.filter((point) => point !== null).map((point) => point.high), 1e-9));
  const draw = (width) => {
    const wide = (width - LEFT) / Math.max(1, times.length);
    const at = (run, name) => run.map((i) => `${LEFT + (i + 0.5) * wide},${height - (points[i][name] / most) * (height - 20)}`);

    return [axes(width, height, most, ` ${unit}`, times), runs(points).map((run) => [
      svg('polygon', { class: 'band', points: [...at(run, 'high'), ...at(run, 'low').reverse()].join(' ') }),
      run.length > 1 ? svg('polyline', { class: 'stroke', points: at(run, 'middle').join(' ') }) :
        svg('circle', { class: 'a', r: 3, cx: LEFT + (run[0] + 0.5) * wide, cy: height - (points[run[0]].middle / most) * (height - 20) }),
    ]), times.map((time, i) => (points[i] === null ? null : svg('rect', {
      x: LEFT + i * wide, y: 20, width: wide, height: height - 20, fill: 'transparent',
    }, svg('title', {}, `${time}: ${number(points[i].low)} to ${number(points[i].high)} ${unit}, middle ${number(points[i].middle)}`))))];
  };

  const words = (i) => (points[i] === null ? `${times[i]}: nothing` :
    `${times[i]}: ${names.map((name, k) => `${name} ${number(points[i][['low', 'middle', 'high'][k]])} ${unit}`).join(', ')}`);

  return fill(walkable(picture(title, height + 24, draw), title, times, words), [
    numbers(title, ['Time', ...names.map((name) => `${name}, ${unit}`)], times.map((time, i) => (points[i] === null ?
      [time, '-', '-', '-'] : [time, number(points[i].low), number(points[i].middle), number(points[i].high)]))),
  ]);
}
