/*
 * quality.js: how good a model's kept answers were, and how far its rows have drifted.
 */
import { askJson } from './api.js';
import { number, percent } from './chart.js';
import { el, svg } from './dom.js';
import { load } from './load.js';
import { figures, qualityTime } from './quality_time.js';

const words = { stable: 'good', shifted: 'warn', drifted: 'bad' }; // and where nothing can be said, none
const marks = { good: 'a', warn: 'c', bad: 'd' };
const SMALL = 0.1;
const LARGE = 0.25;
const BAR = 120;
const PLOT = 200;

/* The index on a scale to twice what is large, with the two lines by which it is judged. */
function indexBar(psi, state) {
  const x = (value) => Math.min(1, value / (2 * LARGE)) * BAR;

  return svg('svg', { class: 'chart index', viewBox: `0 0 ${BAR} 12`, width: BAR, height: 12, 'aria-hidden': 'true' },
    svg('rect', { class: 'track', width: BAR, height: 12 }),
    svg('rect', { class: marks[words[state]] ?? 'faint', width: x(psi), height: 12 }),
    [SMALL, LARGE].map((value) => svg('line', { class: 'axis', x1: x(value), x2: x(value), y1: 0, y2: 12 })));
}

function table(title, head, body) {
  return el('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': title }, el('table', {},
    el('caption', { class: 'unseen' }, title), el('thead', {}, el('tr', {}, head)), el('tbody', {}, body)));
}

const heads = (names, numbers) => names.map((name, i) => el('th', { scope: 'col', class: numbers(i) ? 'number' : null }, name));

function driftTable(title, of, rows) {
  if (!(rows?.length > 0)) return null;
  return [el('h4', {}, title), table(`${title}, ${of}`, heads(['Name', 'Judged', 'Index', 'By chance', 'Rows'], (i) => i > 1), rows.map((row) => el('tr', {},
    el('th', { scope: 'row' }, row.name),
    el('td', {}, el('span', { class: `tag ${words[row.state] ?? ''}` }, row.state)),
    el('td', { class: 'number' }, row.psi === null ? '-' : [indexBar(row.psi, row.state), ' ', number(row.psi)]),
    el('td', { class: 'number' }, number(row.by_chance)),
    el('td', { class: 'number' }, number(row.rows)))))];
}

/* Of each true class, by a shade, how much of it was answered so. */
function confusion({ confusion: counts, classes }, of) {
  if (counts === undefined) return null;
  return [el('h4', {}, 'What was true, and what was said'), table(`Confusion, ${of}: what was true by row, what was said by column`,
    [el('th', { scope: 'col' }, 'True'), heads(classes.map((one) => `said ${one.label}`), () => true)],
    counts.map((row, i) => {
      const sum = row.reduce((all, count) => all + count, 0);

      return el('tr', {}, el('th', { scope: 'row' }, classes[i].label), row.map((count, k) => el('td', {
        class: `number heat${sum === 0 ? 0 : Math.round((count / sum) * 4)}${i === k ? ' right' : ''}`,
      }, number(count), sum === 0 || count === 0 ? null : el('span', { class: 'second' }, percent(count / sum)))));
    }))];
}

/* How often what was given a probability was so: on the diagonal is as it should be. */
function calibration({ calibration: found }, of) {
  const bins = (found?.bins ?? []).filter((bin) => bin.rows > 0);
  const x = (share) => 30 + share * (PLOT - 40);
  const y = (share) => PLOT - 30 - share * (PLOT - 40);
  const most = Math.max(...bins.map((bin) => bin.rows));

  if (bins.length === 0) return null;
  return el('figure', { class: 'figure calibration' },
    svg('svg', { class: 'chart', viewBox: `0 0 ${PLOT} ${PLOT}`, width: PLOT, height: PLOT, role: 'img', 'aria-label': 'Calibration: what was predicted, and what came true' },
      [0, 0.5, 1].map((share) => [
        svg('line', { class: 'grid', x1: x(0), x2: x(1), y1: y(share), y2: y(share) }),
        svg('text', { class: 'soft', x: 24, y: y(share) + 4, 'text-anchor': 'end' }, String(share)),
        svg('text', { class: 'soft', x: x(share), y: PLOT - 12, 'text-anchor': 'middle' }, String(share)),
      ]),
      svg('line', { class: 'axis', x1: x(0), y1: y(0), x2: x(1), y2: y(1) }),
      bins.map((bin) => svg('circle', { class: 'a', cx: x(bin.predicted), cy: y(bin.observed), r: 3 + 5 * Math.sqrt(bin.rows / most) },
        svg('title', {}, `predicted ${percent(bin.predicted)}, came true ${percent(bin.observed)}, of ${number(bin.rows)}`)))),
    el('figcaption', {}, `Predicted (across) and come true (up). On the line is as it should be; it is ${number(found.error)} off on average.`),
    el('details', { class: 'numbers' }, el('summary', {}, 'As a table'), table(`Calibration, ${of}`, heads(['Predicted', 'Came true', 'Rows'], () => true),
      bins.map((bin) => el('tr', {}, el('td', { class: 'number' }, percent(bin.predicted)), el('td', { class: 'number' }, percent(bin.observed)),
        el('td', { class: 'number' }, number(bin.rows)))))));
}


function targetOf(target, version, several) {
  const of = several ? `${target.target} of version ${version}` : `version ${version}`;

  return [
    several ? el('h4', {}, target.target) : null,
    el('dl', { class: 'figures' }, figures.filter(([name]) => typeof target[name] === 'number').map(([name, label]) =>
      el('div', {}, el('dt', {}, label), el('dd', {}, number(target[name]))))),
    el('div', { class: 'beside' }, el('div', {}, confusion(target, of)), calibration(target, of)),
  ];
}

function partOf(part) {
  return el('section', { class: 'card' },
    el('h3', {}, `Version ${part.version}`),
    el('p', {}, `${number(part.rows)} ${part.rows === 1 ? 'row is' : 'rows are'} kept; of ${number(part.rows_with_truth)} the truth is known.`),
    part.rows_with_truth === 0 ? el('p', { class: 'hint' }, 'How good the answers are can be told once callers tell what was true (POST /feedback).') :
      part.targets.map((target) => targetOf(target, part.version, part.targets.length > 1)),
    driftTable('Drift of the features', `version ${part.version}`, part.drift?.features),
    driftTable('Drift of the answers', `version ${part.version}`, part.drift?.answers));
}

export function qualityPart(name) {
  const place = el('div');

  load(place, () => askJson('GET', `models/${encodeURIComponent(name)}/quality`), (quality) => (quality.rows === 0 ?
    el('div', { class: 'state' }, el('p', {}, 'No row is kept yet. Above it is said how many are to be.')) : [
      quality.complete ? null : el('p', { class: 'note warn' }, 'There are more rows than are read at once, or some that cannot be read: these are the figures of a part.'),
      qualityTime(name), quality.parts.map(partOf),
    ]));
  return place;
}
