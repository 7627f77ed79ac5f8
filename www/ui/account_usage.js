/*
 * account_usage.js: what is left of each limit, and how much was used, day by day.
 */
import { askJson } from './api.js';
import { number, percent } from './chart.js';
import { stacked } from './chart_time.js';
import { span } from './countdown.js';
import { el, freshId, replace, svg } from './dom.js';
import { load } from './load.js';

const DAY_MS = 86400000;
const WEEKS_FROM = 100; // days, from which on they are shown by the week
const kinds = ['a', 'b', 'c'];

/* ---- limits ---- */

const lengths = [['w', 'week', 604800], ['d', 'day', 86400], ['h', 'hour', 3600], ['m', 'minute', 60], ['s', 'second', 1]];

/* "In any hour", "Today", "This month": the service names them 1h, day, month. */
function limitName({ name }) {
  if (name === 'day') return 'Today';
  if (name === 'month') return 'This month';
  const [, count, letter] = /^(\d+)([smhdw])$/.exec(name) ?? [];

  if (letter === undefined) return name;
  const seconds = Number(count) * lengths.find(([of]) => of === letter)[2];
  const [, word, length] = lengths.find(([, , size]) => seconds % size === 0);

  return seconds === length ? `In any ${word}` : `In any ${number(seconds / length)} ${word}s`;
}

function limitRest({ limit, remaining, reset_seconds: reset }) {
  if (remaining === limit) return 'all of it is left';
  return remaining === 0 ? `used up; more in ${span(reset)}` : `more in ${span(reset)}`;
}

function limitCard(limit) {
  const share = limit.limit > 0 ? limit.remaining / limit.limit : 0;

  return el('li', { class: 'limit' },
    el('span', { class: 'limit-name' }, limitName(limit)),
    el('span', { class: 'limit-left' }, el('strong', {}, number(limit.remaining)), ` of ${number(limit.limit)} left`),
    svg('svg', { class: 'level', 'aria-hidden': 'true', viewBox: '0 0 100 4', preserveAspectRatio: 'none' },
      svg('rect', { class: 'base', width: 100, height: 4 }),
      svg('rect', { class: share < 0.1 ? 'd' : share < 0.25 ? 'c' : 'a', width: share * 100, height: 4 })),
    el('span', { class: 'hint' }, limitRest(limit)));
}

/* What is left of each limit.  All keys of a user count together, and whoever logs in with them. */
export function limitsOf(limits) {
  if (limits.length === 0) return el('p', {}, 'Your tier has no limits.');
  return el('ul', { class: 'limits', 'aria-label': 'What is left of your limits' }, limits.map(limitCard));
}

/* ---- days ---- */

/* The last so many days of the service's calendar (UTC), oldest first, as the API writes them. */
export function daysBack(count) {
  const today = Math.floor(Date.now() / DAY_MS);

  return Array.from({ length: count }, (_, i) =>
    new Date((today - count + 1 + i) * DAY_MS).toISOString().slice(0, 10));
}

export function since(days) {
  return days[0];
}

/* A column for each value, with no words: they stand beside it. */
export function spark(values, failed) {
  const most = Math.max(1, ...values);
  const wide = 100 / values.length;
  const column = (kind, value, below, i) => svg('rect', {
    class: kind, x: i * wide, width: wide * 0.8, y: 24 - ((value + below) / most) * 24, height: (value / most) * 24,
  });

  return svg('svg', { class: 'spark', viewBox: '0 0 100 24', preserveAspectRatio: 'none', 'aria-hidden': 'true' },
    svg('rect', { class: 'base', y: 23.5, width: 100, height: 0.5 }),
    values.map((value, i) => (value === 0 ? null :
      [column('a', value - failed[i], 0, i), column('d', failed[i], value - failed[i], i)])));
}

export function sumOf(rows, name) {
  return rows.reduce((all, row) => all + row[name], 0);
}

/* Days, or where they are many, weeks: [{label, days}]. */
function periods(days) {
  const long = days.length > WEEKS_FROM ? 7 : 1;

  return Array.from({ length: Math.ceil(days.length / long) }, (_, i) => {
    const some = days.slice(i * long, (i + 1) * long);

    return { label: some[0].slice(days.length > WEEKS_FROM ? 2 : 5), days: new Set(some) };
  });
}

/* Rows by what they are of, the most used first: [{name, rows}]. */
function groups(rows, nameOf) {
  const found = new Map();

  for (const row of rows) {
    const name = nameOf(row);

    if (!found.has(name)) found.set(name, []);
    found.get(name).push(row);
  }
  return [...found].map(([name, of]) => ({ name, rows: of, calls: sumOf(of, 'calls') })).sort((a, b) => b.calls - a.calls);
}

function seriesOf(way, all, rows, parts) {
  const line = (name, kind, some, of) => ({
    name, kind,
    values: parts.map((part) => some.filter((row) => part.days.has(row.day)).reduce((sum, row) => sum + of(row), 0)),
  });

  if (way === 'outcome') {
    return [line('answered', 'a', rows, (row) => row.calls - row.failed), line('refused or failed', 'd', rows, (row) => row.failed)];
  }
  const most = all.slice(0, kinds.length).map((group, i) => line(group.name, kinds[i], group.rows, (row) => row.calls));
  const others = all.slice(kinds.length).flatMap((group) => group.rows);

  return others.length === 0 ? most : [...most, line('all others', 'e', others, (row) => row.calls)];
}

function table(title, head, all) {
  const calls = all.reduce((sum, group) => sum + group.calls, 0);
  const line = (name, rows) => [number(sumOf(rows, 'calls')), percent(calls > 0 ? sumOf(rows, 'calls') / calls : 0),
    number(sumOf(rows, 'rows')), number(sumOf(rows, 'charged')), number(sumOf(rows, 'failed'))]
    .reduce((row, text, i) => {
      row.append(el('td', { class: 'number', 'data-name': ['Calls', 'Share', 'Rows', 'Charged', 'Refused'][i] }, text));
      return row;
    }, el('tr', {}, el('th', { scope: 'row', 'data-name': head }, name)));
  const names = [head, 'Calls', 'Share', 'Rows', 'Charged', 'Refused'];

  return el('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': title }, el('table', { class: 'list' },
    el('caption', { class: 'unseen' }, title),
    el('thead', {}, el('tr', {}, names.map((name, i) => el('th', { scope: 'col', class: i > 0 ? 'number' : null }, name)))),
    el('tbody', {}, all.map((group) => line(group.name, group.rows))),
    all.length > 1 ? el('tfoot', {}, line('Together', all.flatMap((group) => group.rows))) : null));
}

/* ---- the part of the page ---- */

const ways = { outcome: 'Outcome', model: 'Model', key: 'Key' };

async function fetchUsage(choice, user) {
  const days = daysBack(Number(choice.days));
  const by = choice.way === 'key' ? 'key' : 'model';
  const [{ usage, limits }, { keys }] = await Promise.all([
    askJson('GET', 'users/me/usage', { query: { by, since: since(days) } }),
    by === 'key' ? askJson('GET', 'users/me/keys', { query: { revoked: true } }) : { keys: [] },
  ]);
  const names = new Map(keys.map((key) => [key.id, `${key.name} (${key.masked_key})`]));

  names.set(user.id, 'without a key');
  return { days, usage, limits, nameOf: by === 'key' ? (row) => names.get(row.key) ?? row.key : (row) => row.model ?? 'no model' };
}

function shown(choice, { days, usage, limits, nameOf }) {
  const all = groups(usage, nameOf);
  const head = choice.way === 'key' ? 'Key' : 'Model';
  const parts = periods(days);
  const title = `Calls by ${days.length > WEEKS_FROM ? 'week' : 'day'}`;

  return [
    el('h3', {}, 'What is left'), limitsOf(limits),
    el('h3', {}, title),
    usage.length === 0 ? el('div', { class: 'state' }, el('p', {}, 'There was no call in this time.'),
      el('p', {}, el('a', { href: './' }, 'Ask a model'))) :
      [el('p', {}, `${number(sumOf(usage, 'calls'))} calls with ${number(sumOf(usage, 'rows'))} rows; `,
        `${number(sumOf(usage, 'charged'))} charged, ${number(sumOf(usage, 'failed'))} refused or failed. Days are those of UTC.`),
      stacked(title, parts.map((part) => part.label), seriesOf(choice.way, all, usage, parts)),
      el('h3', {}, `By ${head.toLowerCase()}`), table(`Usage by ${head.toLowerCase()}`, head, all)],
  ];
}

export function usagePanel(user) {
  const choice = { days: '31', way: 'outcome' };
  const place = el('div');
  const select = (name, label, options) => {
    const id = freshId('usage');

    return el('div', { class: 'field' }, el('label', { for: id }, label), el('select', {
      id, onchange: (event) => { choice[name] = event.target.value; reload(); },
    }, options.map(([value, text]) => el('option', { value, selected: value === choice[name] }, text))));
  };
  const controls = el('div', { class: 'row filters' },
    select('days', 'Time', [['7', '7 days'], ['31', '31 days'], ['90', '90 days'], ['365', 'a year']]),
    select('way', 'Split by', Object.entries(ways)));
  const reload = load(place, () => fetchUsage(choice, user), (found) => shown(choice, found));

  return el('div', {}, el('h2', { tabindex: '-1' }, 'Usage'), controls, place);
}

/* A mark that a key has: how it did in these days.  rows are its sums by day. */
export function keyDays(days, rows) {
  const at = new Map(rows.map((row) => [row.day, row]));
  const calls = days.map((day) => at.get(day)?.calls ?? 0);
  const failed = days.map((day) => at.get(day)?.failed ?? 0);
  const sum = sumOf(rows, 'calls');
  const numbers = el('details', {
    class: 'numbers',
    ontoggle: (event) => {
      if (event.target.open && body.childElementCount === 0) {
        replace(body, [...rows].reverse().map((row) => el('tr', {}, el('th', { scope: 'row' }, row.day),
          el('td', { class: 'number' }, number(row.calls)), el('td', { class: 'number' }, number(row.failed)))));
      }
    },
  });
  const body = el('tbody');

  numbers.append(el('summary', {}, 'Day by day'), el('table', {},
    el('thead', {}, el('tr', {}, el('th', { scope: 'col' }, 'Day (UTC)'),
      el('th', { scope: 'col', class: 'number' }, 'Calls'), el('th', { scope: 'col', class: 'number' }, 'Refused'))), body));
  return el('figure', { class: 'days' }, spark(calls, failed),
    el('figcaption', {}, sum === 0 ? `No call in ${days.length} days` :
      `${number(sum)} ${sum === 1 ? 'call' : 'calls'} in ${days.length} days, ${number(sumOf(rows, 'failed'))} refused`),
    sum === 0 ? null : numbers);
}
