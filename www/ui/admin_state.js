/*
 * admin_state.js: how the instance is: health, usage over time, who changed what.
 */
import { askJson } from './api.js';
import { number, stacked } from './chart.js';
import { el, freshId, replace } from './dom.js';
import { list } from './list.js';
import { when } from './when.js';

/* A part of a page that is fetched once. */
function fetched(fetch, show) {
  const place = el('div', { 'aria-busy': 'true' }, el('p', { role: 'status' }, 'Loading...'));

  async function load() {
    try {
      replace(place, show(await fetch(), load));
    } catch (error) {
      replace(place, el('p', { class: 'note bad', role: 'alert' }, error.message),
        el('p', {}, el('button', { type: 'button', class: 'plain', onclick: load }, 'Try again')));
    } finally {
      place.removeAttribute('aria-busy');
    }
  }

  load();
  return place;
}

function bytes(count) {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = count > 0 ? Math.min(units.length - 1, Math.floor(Math.log2(count) / 10)) : 0;

  return `${number(Number((count / 1024 ** power).toPrecision(3)))} ${units[power]}`;
}

function mark(good, text) {
  return el('span', { class: good ? 'tag good' : 'tag bad' }, text);
}

export function healthPanel() {
  return fetched(() => askJson('GET', 'health/detailed'), (health, load) => {
    const rows = [
      ['Service', mark(health.status === 'healthy', health.status)],
      ['Version', health.version],
      ['Database', mark(health.database.writable, health.database.writable ? 'can be written' : 'cannot be written')],
      ['Calls that wait for the database', `${number(health.ledger.waiting)} of room for ${number(health.ledger.room)}`],
      ['Calls in hand', number(health.ledger.in_hand)],
      ['Disk', `${bytes(health.disk.free_bytes)} free of ${bytes(health.disk.total_bytes)}`],
      ['Sandbox', mark(health.sandbox.state === 'whole', health.sandbox.state)],
      ...health.models.map((model) => [`Model ${model.name} ${model.version}`, mark(model.state === 'ready', model.state)]),
    ];

    return [
      el('dl', { class: 'facts' }, rows.map(([name, value]) => el('div', { class: 'row' }, el('dt', {}, name), el('dd', {}, value)))),
      el('p', {}, el('button', { type: 'button', class: 'plain', onclick: load }, 'Look again')),
    ];
  });
}

function sumsBy(usage, member) {
  const sums = new Map();

  for (const row of usage) {
    const name = row[member] ?? 'none';
    const sum = sums.get(name) ?? { name, calls: 0, rows: 0, charged: 0, failed: 0 };

    for (const key of ['calls', 'rows', 'charged', 'failed']) sum[key] += row[key];
    sums.set(name, sum);
  }
  return [...sums.values()].sort((a, b) => b.calls - a.calls);
}

function sumTable(title, sums) {
  return el('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': title }, el('table', {},
    el('caption', {}, title),
    el('thead', {}, el('tr', {}, ['Name', 'Calls', 'Rows', 'Charged', 'Refused'].map((text, i) =>
      el('th', { scope: 'col', class: i > 0 ? 'number' : null }, text)))),
    el('tbody', {}, sums.map((sum) => el('tr', {}, el('th', { scope: 'row' }, sum.name),
      [sum.calls, sum.rows, sum.charged, sum.failed].map((value) => el('td', { class: 'number' }, number(value))))))));
}

/* All pages of the sums: there is one row for each day, key and model. */
async function allUsage(since) {
  const usage = [];
  let total = 1;

  while (usage.length < total) {
    const page = await askJson('GET', 'admin/usage', { query: { since, limit: 1000, offset: usage.length } });

    if (page.usage.length === 0) break;
    usage.push(...page.usage);
    total = page.total;
  }
  return usage;
}

export function usagePanel() {
  return fetched(() => allUsage('30d'), (usage) => {
    const days = [...new Set(usage.map((row) => row.day))].sort();
    const sum = (day, of) => usage.filter((row) => row.day === day).reduce((all, row) => all + of(row), 0);

    if (usage.length === 0) return el('p', { class: 'state' }, 'There was no call in the last 30 days.');
    return [
      el('h2', {}, 'Calls by day'),
      stacked('Calls by day', days, [
        { name: 'answered', kind: 'a', values: days.map((day) => sum(day, (row) => row.calls - row.failed)) },
        { name: 'refused', kind: 'd', values: days.map((day) => sum(day, (row) => row.failed)) },
      ]),
      sumTable('By model', sumsBy(usage, 'model')), sumTable('By key or user', sumsBy(usage, 'key')),
    ];
  });
}

/* What changed, member by member. */
function change(row) {
  const names = [...new Set([...Object.keys(row.before), ...Object.keys(row.after)])]
    .filter((name) => JSON.stringify(row.before[name]) !== JSON.stringify(row.after[name]));
  const text = (value) => (value === undefined || value === null ? 'none' : String(value));

  return el('ul', {}, names.map((name) => el('li', {}, name in row.before ?
    `${name}: ${text(row.before[name])} → ${text(row.after[name])}` : `${name}: ${text(row.after[name])}`)));
}

export function auditPanel() {
  const place = el('div');
  const filters = {};
  const control = (name, label) => {
    const id = freshId('audit');

    return el('p', { class: 'field' }, el('label', { for: id }, label), el('input', {
      id, spellcheck: 'false', autocapitalize: 'none', onchange: (event) => { filters[name] = event.target.value.trim(); shown.reload(); },
    }));
  };
  const shown = list(place, {
    title: 'Audit',
    columns: [
      { name: 'When', cell: (row) => when(row.at) },
      { name: 'Who', cell: (row) => row.actor_name ?? row.actor },
      { name: 'What', cell: (row) => row.action },
      { name: 'Of', cell: (row) => el('code', {}, row.target) },
      { name: 'Change', cell: change },
      { name: 'From', cell: (row) => row.address ?? '' },
    ],
    fetch: async (next) => {
      const page = await askJson('GET', 'admin/audit', { query: { ...filters, limit: 50, before: next } });

      return { rows: page.audit, next: page.next };
    },
    empty: 'Nothing was changed yet, or nothing like that.',
  });

  return el('div', {}, el('div', { class: 'row' }, control('actor', 'Who'), control('target', 'Of'), control('action', 'What')), place);
}
