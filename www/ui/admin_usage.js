/*
 * admin_usage.js: who used what how much, day by day.
 */
import { keysAll, usersAll } from './admin_fields.js';
import { fetched, filters, room } from './admin_parts.js';
import { askJson } from './api.js';
import { number, percent } from './chart.js';
import { stacked } from './chart_time.js';
import { el, replace } from './dom.js';

const DAY = 86400000;
const days = [['7', '7 days'], ['30', '30 days'], ['90', '90 days'], ['365', 'a year']];
const ways = [['model', 'by model'], ['key', 'by key'], ['none', 'all together']]; // series of the chart
const kinds = ['a', 'b', 'c', 'e', 'd'];

/* All pages of the sums: there is one row for each day, key and model. */
async function allUsage(query) {
  const usage = [];
  let total = 1;

  while (usage.length < total) {
    const page = await askJson('GET', 'admin/usage', { query: { ...query, limit: 1000, offset: usage.length } });

    if (page.usage.length === 0) break;
    usage.push(...page.usage);
    total = page.total;
  }
  return usage;
}

/* The names of keys and, of calls with a token, users, by their ids. */
async function names() {
  const [keys, users] = await Promise.all([keysAll(), usersAll()]);

  return new Map([...keys.map((key) => [key.id, key.name]), ...users.map((user) => [user.id, user.username])]);
}

function sumsBy(usage, nameOf) {
  const sums = new Map();

  for (const row of usage) {
    const name = nameOf(row);
    const sum = sums.get(name) ?? { name, calls: 0, rows: 0, charged: 0, failed: 0 };

    for (const key of ['calls', 'rows', 'charged', 'failed']) sum[key] += row[key];
    sums.set(name, sum);
  }
  return [...sums.values()].sort((a, b) => b.calls - a.calls);
}

function sumTable(title, sums) {
  return el('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': title }, el('table', {},
    el('caption', { class: 'unseen' }, title),
    el('thead', {}, el('tr', {}, ['Name', 'Calls', 'Rows', 'Charged', 'Failed'].map((text, i) =>
      el('th', { scope: 'col', class: i > 0 ? 'number' : null }, text)))),
    el('tbody', {}, sums.slice(0, 200).map((sum) => el('tr', {}, el('th', { scope: 'row' }, sum.name),
      [sum.calls, sum.rows, sum.charged, sum.failed].map((value) => el('td', { class: 'number' }, number(value))))))),
  sums.length > 200 ? el('p', { class: 'hint' }, `The 200 with the most calls, of ${number(sums.length)}.`) : null);
}

/* Each of the last days, those without a call too. */
function daysUntilNow(count) {
  const now = Date.now();

  return Array.from({ length: count }, (_, i) => new Date(now - (count - 1 - i) * DAY).toISOString().slice(0, 10));
}

/* The largest few as series of their own, and the rest together. */
function series(usage, times, sums, nameOf) {
  const own = sums.slice(0, sums.length > kinds.length ? kinds.length - 1 : kinds.length).map((sum) => sum.name);
  const all = new Map([...own, ...(sums.length > own.length ? ['others'] : [])].map((name) => [name, new Map()]));

  for (const row of usage) {
    const line = all.get(nameOf(row)) ?? all.get('others');

    line.set(row.day, (line.get(row.day) ?? 0) + row.calls);
  }
  return [...all].map(([name, line], i) => ({ name, kind: kinds[i], values: times.map((day) => line.get(day) ?? 0) }));
}

function figure(name, value, more) {
  return el('div', { class: 'figurebox' }, el('dt', {}, name), el('dd', {}, value, more ? el('span', { class: 'second' }, more) : null));
}

function shown(usage, map, { by, days: count }) {
  const nameOf = (row) => (by === 'none' ? 'calls' : by === 'model' ? row.model ?? 'no model' : map.get(row.key) ?? row.key ?? 'unknown');
  const times = daysUntilNow(Number(count));
  const sums = sumsBy(usage, nameOf);
  const total = sumsBy(usage, () => 'all')[0];

  if (total === undefined) return el('p', { class: 'state' }, 'There was no call in that time, or none like that.');
  return [
    el('dl', { class: 'figures' }, figure('Calls', number(total.calls)), figure('Rows', number(total.rows)),
      figure('Charged', number(total.charged)), figure('Failed', number(total.failed), percent(total.failed / total.calls))),
    el('section', { class: 'card' }, el('h3', {}, 'Calls by day'), stacked('Calls by day', times, series(usage, times, sums, nameOf))),
    el('h3', {}, by === 'key' ? 'By key or user' : 'By model'),
    by === 'none' ? sumTable('By model', sumsBy(usage, (row) => row.model ?? 'no model')) : sumTable(by === 'key' ? 'By key or user' : 'By model', sums),
  ];
}

export function usageRoom(query) {
  const place = el('div');
  const search = filters('What is counted', [
    { name: 'days', label: 'The last', options: days, value: '30' },
    { name: 'by', label: 'Split', options: ways, value: query.get('key') === null ? 'model' : 'key' },
    { name: 'model', label: 'Of the model' },
    { name: 'user', label: 'Of the user', placeholder: 'ann@example.org', value: query.get('user') },
    { name: 'key', label: 'Of the key (id)', value: query.get('key') },
  ], () => load());
  const load = () => replace(place, fetched(async () => {
    const { by, days: count, ...values } = search.values();
    const since = new Date(Date.now() - (Number(count) - 1) * DAY).toISOString().slice(0, 10);

    return Promise.all([allUsage({ ...values, since }), by === 'key' ? names() : new Map()]);
  }, ([usage, map]) => shown(usage, map, search.values())));

  load();
  return room('Usage', 'Who used what, and how much, by days of UTC.', null, search.element, place);
}
