/*
 * quality_time.js: how good a model has been, and how far its rows have drifted, day by day or
 * week by week.
 */
import { filters } from './admin_parts.js';
import { askJson } from './api.js';
import { lines } from './chart_time.js';
import { el, replace } from './dom.js';
import { load } from './load.js';

/* What is told of the answers whose truth is known. */
export const figures = [['accuracy', 'Accuracy'], ['f1_macro', 'F1 (macro)'], ['log_loss', 'Log loss'], ['brier', 'Brier score'],
  ['r2', 'R²'], ['mae', 'Mean absolute error'], ['rmse', 'Root mean squared error'], ['bias', 'Bias']];

const DAY = 86400000;
const spans = { day: { name: '31 days by day', days: 31, step: 1 }, week: { name: 'year by week', days: 365, step: 7 } };
const kinds = ['a', 'b', 'c', 'e', 'd'];
const marks = [{ value: 0.1, name: 'shifted' }, { value: 0.25, name: 'drifted' }]; // as drift.h judges

/* The index of what has drifted most, where there are rows enough to say. */
function worst(rows) {
  const known = (rows ?? []).map((row) => row.psi).filter((psi) => typeof psi === 'number');

  return known.length === 0 ? null : Math.max(...known);
}

/* What can be shown of these parts: [{name, of: (part) => number or null, marks}]. */
function choices(parts) {
  const several = parts.some((part) => part.targets.length > 1);
  const ofTargets = (parts.find((part) => part.targets.length > 0)?.targets ?? []).flatMap(({ target }, k) =>
    figures.map(([name, label]) => ({
      name: several ? `${target}: ${label}` : label,
      of: (part) => (typeof part.targets[k]?.[name] === 'number' ? part.targets[k][name] : null),
    })));

  return [...ofTargets,
    { name: 'Drift: the feature that has moved most', of: (part) => worst(part.drift?.features), marks },
    { name: 'Drift: the answer that has moved most', of: (part) => worst(part.drift?.answers), marks },
    { name: 'Rows that are kept', of: (part) => part.rows },
    { name: 'Rows of which the truth is known', of: (part) => part.rows_with_truth },
  ].filter(({ of }) => parts.some((part) => of(part) !== null));
}

/* All days, or beginnings of weeks, from the first that is told of until now. */
function daysOf(parts, step) {
  const first = Math.min(...parts.map((part) => Date.parse(part.begin)));

  return Array.from({ length: Math.floor((Date.now() - first) / (step * DAY)) + 1 }, (_, i) =>
    new Date(first + i * step * DAY).toISOString().slice(0, 10));
}

function picture(parts, choice, step) {
  const days = daysOf(parts, step);
  const newest = [...new Set(parts.map((part) => part.version))].sort((a, b) => b - a).slice(0, kinds.length);
  const series = newest.map((version, k) => ({
    name: `version ${version}`,
    kind: kinds[k],
    values: days.map((day) => {
      const part = parts.find((one) => one.version === version && one.begin.startsWith(day));

      return part === undefined ? null : choice.of(part);
    }),
  }));

  return lines(`${choice.name}, over time`, days, series, choice.marks);
}

/* A card with the figure that is chosen. */
export function qualityTime(name) {
  const place = el('div');
  const choice = el('div');
  const shown = el('div');
  let found = [];
  let which = null; // the filter of the figure, which there is once it is known what there is
  const search = filters('What time is shown', [
    { name: 'by', label: 'The last', options: Object.entries(spans).map(([by, span]) => [by, span.name]), value: 'day' },
  ], () => reload());
  const ask = async () => {
    const { by } = search.values();
    const since = new Date(Date.now() - spans[by].days * DAY).toISOString();
    const { parts } = await askJson('GET', `models/${encodeURIComponent(name)}/quality`, { query: { by, since } });

    return { parts, step: spans[by].step };
  };
  const reload = load(place, ask, ({ parts, step }) => {
    const before = found[Number(which?.values().figure)]?.name;
    const draw = () => replace(shown, picture(parts, found[Number(which.values().figure)], step));

    found = choices(parts);
    replace(choice);
    if (found.length === 0) return el('p', { class: 'state' }, 'No row was kept in that time.');
    which = filters('Which figure is shown', [{
      name: 'figure', label: 'Figure', options: found.map((one, i) => [String(i), one.name]),
      value: String(Math.max(0, found.findIndex((one) => one.name === before))),
    }], draw);
    replace(choice, which.element);
    draw();
    return shown;
  });

  return el('section', { class: 'card' }, el('h3', {}, 'Over time'),
    el('div', { class: 'row' }, choice, search.element), place);
}
