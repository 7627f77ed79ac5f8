/*
 * chart.js: numbers as words, and small pictures of them, with the same numbers beside each length:
 * nothing is told by a colour or a length alone.  Those over time are in chart_time.js.
 */
import { el } from './dom.js';

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

/* A length as a share of its track; widths are set by script, as no style may be in a page. */
function span(kind, left, width) {
  const mark = el('span', { class: kind });

  mark.style.left = `${left * 100}%`;
  if (width !== null) mark.style.width = `${width * 100}%`;
  return mark;
}

/* A name by itself, whichever way it is written, that may break where its parts do. */
function breaking(name) {
  return el('bdi', {}, name.match(/[^_./-]*[_./-]?/g).flatMap((part) => [part, part === '' ? null : el('wbr')]));
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
    el('dt', { class: first ? 'first' : null, title: name.length > 60 ? name : null }, breaking(name)),
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
        el('th', { scope: 'row' }, breaking(step.name), step.shown === undefined ? null : [' ', el('span', { class: 'given' }, '=\u00a0', el('bdi', {}, step.shown))]),
        fall(span(step.value < 0 ? 'less' : 'more', x(Math.min(step.from, step.to)), Math.abs(step.value) / range)),
        el('td', { class: 'number' }, `${step.value < 0 ? '\u2212' : '+'}${told(Math.abs(step.value))}`))),
      end('This row', margin)));
}
