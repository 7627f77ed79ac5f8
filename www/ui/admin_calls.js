/*
 * admin_calls.js: the log of all calls.
 */
import { usersAll, keysAll } from './admin_fields.js';
import { button, filters, room, tag, twoLines } from './admin_parts.js';
import { askJson } from './api.js';
import { number } from './chart.js';
import { el, replace } from './dom.js';
import { list } from './list.js';
import { tellProblem } from './notice.js';
import { save } from './save.js';
import { when } from './when.js';

const statuses = [['', 'any'], ['2xx', 'answered (2xx)'], ['4xx', 'refused (4xx)'], ['429', 'over a limit (429)'], ['5xx', 'failed (5xx)']];
const since = [['', 'ever'], ['0.04', 'an hour ago'], ['1', 'a day ago'], ['7', '7 days ago'], ['30', '30 days ago']];
const DAY = 86400000;

function kindOf(status) {
  if (status < 400) return 'good';
  return status < 500 ? 'warn' : 'bad';
}

/* Names of keys and users, of which the log has the ids alone; fetched once for the room. */
function callers() {
  let names = null;

  const load = async () => {
    const [keys, users] = await Promise.all([keysAll(), usersAll()]);

    return new Map([...keys.map((key) => [key.id, key.name]), ...users.map((user) => [user.id, user.username])]);
  };

  return (call) => {
    const first = el('span', {}, call.key ?? call.user ?? 'nobody');
    const second = el('span', {}, call.key === null ? 'logged in' : call.user ?? '');

    names ??= load();
    names.then((map) => {
      replace(first, map.get(call.key ?? call.user) ?? call.key ?? call.user ?? 'nobody');
      if (call.key !== null) replace(second, map.get(call.user) ?? call.user ?? '');
    }, () => { names = null; });
    return twoLines(first, second);
  };
}

function query(values) {
  const { since: days, ...rest } = values;

  return { ...rest, since: days === '' ? '' : new Date(Date.now() - Number(days) * DAY).toISOString() };
}

function sums(totals) {
  return totals === null || totals === undefined ? '' :
    `${number(totals.calls)} calls with ${number(totals.rows)} rows: ${number(totals.charged)} charged, ${number(totals.failed)} refused or failed, ${number(totals.mean_ms)} ms on average.`;
}

export function callsRoom(asked) {
  const place = el('div');
  const total = el('p', { class: 'hint', role: 'status' });
  const caller = callers();
  const search = filters('Find calls', [
    { name: 'user', label: 'By the user', placeholder: 'ann@example.org', value: asked.get('user') },
    { name: 'key', label: 'By the key (id)', value: asked.get('key') },
    { name: 'model', label: 'To the model', value: asked.get('model') },
    { name: 'status', label: 'Status', options: statuses },
    { name: 'request_id', label: 'Request id', value: asked.get('request_id') },
    { name: 'since', label: 'Since', options: since },
  ], () => shown.reload());
  const shown = list(place, {
    title: 'Calls',
    columns: [
      { name: 'When', cell: (call) => when(call.started_at) },
      { name: 'Status', cell: (call) => tag(String(call.status), kindOf(call.status)) },
      { name: 'What', cell: (call) => twoLines(call.model === null ? 'no model' : `${call.model} ${call.version ?? ''}`, call.route) },
      { name: 'By', cell: caller },
      { name: 'Rows', number: true, cell: (call) => number(call.rows) },
      { name: 'Charged', number: true, cell: (call) => number(call.charged) },
      { name: 'ms', number: true, cell: (call) => number(call.duration_us / 1000) },
      { name: 'From', cell: (call) => [call.address, el('span', { class: 'second' }, call.request_id)] },
    ],
    fetch: async (next) => {
      const page = await askJson('GET', 'admin/calls', { query: { ...query(search.values()), before: next, limit: 50 } });

      replace(total, sums(page.totals));
      return { rows: page.calls, next: page.next };
    },
    empty: () => (search.any() ? 'No call is like that.' : 'There was no call yet.'),
  });
  const csv = () => save('admin/calls', 'calls.csv', { query: { ...query(search.values()), format: 'csv' }, accept: 'text/csv' }).catch(tellProblem);

  return room('Calls', 'Every metered request, newest first: what was asked, by whom, and how it ended.',
    [button('Look again', () => shown.reload()), button('Get as CSV', csv)], search.element, total, place);
}
