/*
 * account_calls.js: one's calls, what is left of each limit, and how it went day by day.
 */
import { ask, askJson } from './api.js';
import { number, stacked } from './chart.js';
import { el, freshId, replace } from './dom.js';
import { list } from './list.js';
import { tellProblem } from './notice.js';
import { when } from './when.js';

function kindOf(status) {
  if (status < 300) return 'good';
  return status < 500 ? 'warn' : 'bad';
}

function limitRow(limit) {
  const id = freshId('limit');

  return el('p', {}, el('label', { for: id }, `${limit.name}: ${number(limit.remaining)} of ${number(limit.limit)} left`), ' ',
    el('meter', { id, min: 0, max: limit.limit, value: limit.remaining, low: limit.limit / 10 }),
    el('span', { class: 'hint' }, `more in ${limit.reset_seconds} s`));
}

export function usagePanel() {
  const place = el('div', { 'aria-busy': 'true' }, el('p', { role: 'status' }, 'Loading...'));

  (async () => {
    try {
      const { usage, limits } = await askJson('GET', 'users/me/usage');
      const days = [...new Set(usage.map((row) => row.day))].sort();
      const sum = (day, of) => usage.filter((row) => row.day === day).reduce((all, row) => all + of(row), 0);

      replace(place, el('h2', {}, 'What is left'),
        limits.length > 0 ? limits.map(limitRow) : el('p', {}, 'You have no limits.'),
        el('h2', {}, 'Calls by day'),
        days.length === 0 ? el('p', { class: 'state' }, 'There was no call yet.') :
          stacked('Calls by day', days, [
            { name: 'answered', kind: 'a', values: days.map((day) => sum(day, (row) => row.calls - row.failed)) },
            { name: 'refused', kind: 'd', values: days.map((day) => sum(day, (row) => row.failed)) },
          ]));
    } catch (error) {
      replace(place, el('p', { class: 'note bad', role: 'alert' }, error.message));
    } finally {
      place.removeAttribute('aria-busy');
    }
  })();
  return place;
}

/* The call log through some filters: path is users/me/calls or admin/calls. */
export function callsPanel(path = 'users/me/calls', more = []) {
  const place = el('div');
  const filters = {};
  const control = (name, label, options) => {
    const id = freshId('filter');
    const change = (event) => {
      filters[name] = event.target.value.trim();
      shown.reload();
    };

    return el('p', { class: 'field' }, el('label', { for: id }, label), options === undefined ?
      el('input', { id, onchange: change, spellcheck: 'false', autocapitalize: 'none' }) :
      el('select', { id, onchange: change }, options.map(([value, text]) => el('option', { value }, text))));
  };
  const query = (next) => ({ ...filters, before: next, limit: 50 });
  const shown = list(place, {
    title: 'Calls',
    columns: [
      { name: 'When', cell: (call) => when(call.started_at) },
      { name: 'Status', cell: (call) => el('span', { class: `tag ${kindOf(call.status)}` }, String(call.status)) },
      { name: 'Model', cell: (call) => (call.model === null ? '' : `${call.model} ${call.version ?? ''}`) },
      { name: 'Route', cell: (call) => call.route },
      { name: 'Key', cell: (call) => (call.key === null ? 'logged in' : el('code', {}, call.key)) },
      { name: 'Rows', number: true, cell: (call) => number(call.rows) },
      { name: 'Charged', number: true, cell: (call) => number(call.charged) },
      { name: 'ms', number: true, cell: (call) => number(call.duration_us / 1000) },
      { name: 'Address', cell: (call) => call.address },
      { name: 'Request', cell: (call) => el('code', {}, call.request_id) },
    ],
    fetch: async (next) => {
      const page = await askJson('GET', path, { query: query(next) });

      return { rows: page.calls, next: page.next };
    },
    empty: 'There is no such call.',
  });

  async function download() {
    try {
      const answer = await ask('GET', path, { query: { ...filters, format: 'csv' }, accept: 'text/csv' });
      const url = URL.createObjectURL(await answer.blob());

      el('a', { href: url, download: 'calls.csv' }).click();
      setTimeout(() => URL.revokeObjectURL(url), 1000);
    } catch (error) {
      tellProblem(error);
    }
  }

  return el('div', {}, el('div', { class: 'row' },
    control('model', 'Model'), control('key', 'Key'),
    control('status', 'Status', [['', 'any'], ['2xx', 'answered'], ['4xx', 'refused'], ['5xx', 'failed']]),
    control('since', 'Since'), more.map(([name, label]) => control(name, label)),
    el('p', {}, el('button', { type: 'button', class: 'plain', onclick: download }, 'Get as CSV'))), place);
}
