/*
 * quality.js: how good a model's kept answers were, and how far its rows have drifted.
 */
import { askJson } from './api.js';
import { number } from './chart.js';
import { el, replace, svg } from './dom.js';

const words = { 'too few rows': '', stable: 'good', 'as trained': 'good', moved: 'warn', shifted: 'bad' };
const SMALL = 0.1;
const LARGE = 0.25;

const marks = { good: 'a', warn: 'c', bad: 'd' };

/* The index on a scale to twice what is large, with the two lines by which it is judged. */
function indexBar(psi, state) {
  const x = (value) => Math.min(1, value / (2 * LARGE)) * 120;

  return svg('svg', { class: 'chart index', viewBox: '0 0 120 12', width: 120, height: 12, role: 'img', 'aria-label': `index ${number(psi)}` },
    svg('rect', { class: 'track', width: 120, height: 12 }),
    svg('rect', { class: marks[words[state]] ?? 'faint', width: x(psi), height: 12 }),
    [SMALL, LARGE].map((value) => svg('line', { class: 'axis', x1: x(value), x2: x(value), y1: 0, y2: 12 })));
}

function driftTable(title, rows) {
  return el('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': title }, el('table', {},
    el('caption', { class: 'unseen' }, title),
    el('thead', {}, el('tr', {}, ['Name', 'Judged', 'Index', 'By chance', 'Rows'].map((text, i) =>
      el('th', { scope: 'col', class: i > 1 ? 'number' : null }, text)))),
    el('tbody', {}, rows.map((row) => el('tr', {},
      el('th', { scope: 'row' }, row.name),
      el('td', {}, el('span', { class: `tag ${words[row.state] ?? ''}` }, row.state)),
      el('td', { class: 'number' }, row.psi === null ? '-' : [indexBar(row.psi, row.state), ' ', number(row.psi)]),
      el('td', { class: 'number' }, number(row.by_chance)),
      el('td', { class: 'number' }, number(row.rows)))))));
}

function confusion(part) {
  const { confusion: counts, classes } = part.targets[0];

  if (counts === undefined || part.rows_with_truth === 0) return null;
  return el('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': 'Confusion matrix' }, el('table', {},
    el('caption', {}, 'What was true (rows) and what was said (columns)'),
    el('thead', {}, el('tr', {}, el('td', {}), classes.map((one) => el('th', { scope: 'col', class: 'number' }, one.label)))),
    el('tbody', {}, counts.map((row, i) => el('tr', {}, el('th', { scope: 'row' }, classes[i].label),
      row.map((count) => el('td', { class: 'number' }, number(count))))))));
}

const figures = [['accuracy', 'Accuracy'], ['f1_macro', 'F1 (macro)'], ['log_loss', 'Log loss'], ['brier', 'Brier score'],
  ['r2', 'R2'], ['mae', 'MAE'], ['rmse', 'RMSE']];

function partOf(part) {
  const target = part.targets[0] ?? {};

  return el('section', {},
    el('h4', {}, part.version === undefined ? 'All versions' : `Version ${part.version}`),
    el('p', {}, `${number(part.rows)} ${part.rows === 1 ? 'row is' : 'rows are'} kept; of ${number(part.rows_with_truth)} the truth is known.`),
    part.rows_with_truth === 0 ? null : el('dl', { class: 'figures' }, figures.filter(([name]) => typeof target[name] === 'number').map(([name, label]) =>
      el('div', {}, el('dt', {}, label), el('dd', {}, number(target[name]))))),
    confusion(part),
    part.drift?.features?.length > 0 ? [el('h4', {}, 'Drift of the features'), driftTable('Drift of the features', part.drift.features)] : null,
    part.drift?.answers?.length > 0 ? [el('h4', {}, 'Drift of the answers'), driftTable('Drift of the answers', part.drift.answers)] : null);
}

export function qualityPart(name) {
  const place = el('div', { 'aria-busy': 'true' }, el('p', { role: 'status' }, 'Loading...'));

  (async () => {
    try {
      const quality = await askJson('GET', `models/${encodeURIComponent(name)}/quality`);

      replace(place, quality.rows === 0 ?
        el('p', { class: 'state' }, 'No row is kept yet. Say above how many are to be.') : quality.parts.map(partOf));
    } catch (error) {
      replace(place, el('p', { class: 'note bad', role: 'alert' }, error.message));
    } finally {
      place.removeAttribute('aria-busy');
    }
  })();
  return place;
}
