/*
 * admin_audit.js: who changed what, and whether the trail of it is whole.
 */
import { fetched, filters, room, tag, twoLines } from './admin_parts.js';
import { askJson } from './api.js';
import { number } from './chart.js';
import { el } from './dom.js';
import { list } from './list.js';
import { when } from './when.js';

const kinds = ['user', 'invitation', 'key', 'tier', 'model', 'session', 'job', 'secret', 'audit'];
const since = [['', 'ever'], ['1', 'a day ago'], ['7', '7 days ago'], ['30', '30 days ago']];
const DAY = 86400000;

function proof() {
  return fetched(() => askJson('GET', 'admin/audit/check'), (found, load) => el('p', { class: found.proved ? 'note good' : 'note bad' },
    found.proved ? [tag('whole', 'good'), ` All ${number(found.rows)} rows are proved: none was changed, added or lost. `] :
      [tag('not whole', 'bad'), ` ${found.problem}. `],
    el('button', { type: 'button', class: 'plain small', onclick: load }, 'Prove it again')));
}

/* What changed, member by member. */
function change(row) {
  const before = row.before ?? {};
  const after = row.after ?? {};
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .filter((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]));
  const text = (name, value) => {
    if (value === undefined || value === null || value === '') return 'none';
    if (name.endsWith('_at') && typeof value === 'number') return new Date(value * 1000).toISOString().slice(0, 19).replace('T', ' ');
    return typeof value === 'object' ? JSON.stringify(value) : String(value);
  };

  return el('ul', { class: 'plainlist' }, names.map((name) => el('li', {}, el('span', { class: 'second inline' }, `${name} `),
    name in before ? [el('del', {}, text(name, before[name])), ' ', el('span', { class: 'unseen' }, 'to '), el('ins', {}, text(name, after[name]))] :
      text(name, after[name]))));
}

/* What it was done to, and where that is looked at. */
function target(row) {
  const [kind, ...rest] = row.target.split(':');
  const id = encodeURIComponent(rest.join(':'));
  const href = { user: `#users?search=${id}`, key: `#keys?search=${id}`, model: `#models?name=${id}`, tier: '#tiers' }[kind];
  const name = el('code', {}, row.target);

  return href === undefined ? name : el('a', { href }, name);
}

export function auditRoom(query) {
  const place = el('div');
  const search = filters('Find changes', [
    { name: 'action', label: 'What', options: [['', 'all'], ...kinds.map((kind) => [kind, kind])], value: query.get('action') },
    { name: 'actor', label: 'Who', placeholder: 'user:..., key:..., cli:...', value: query.get('actor') },
    { name: 'target', label: 'Of', placeholder: 'model:iris', value: query.get('target') },
    { name: 'since', label: 'Since', options: since },
  ], () => shown.reload());
  const shown = list(place, {
    title: 'Changes',
    columns: [
      { name: 'When', cell: (row) => when(row.at) },
      { name: 'Who', cell: (row) => twoLines(row.actor_name ?? row.actor, row.address) },
      { name: 'What', cell: (row) => row.action },
      { name: 'Of', cell: target },
      { name: 'Change', cell: change, wide: true },
    ],
    fetch: async (next) => {
      const { since: days, ...values } = search.values();
      const page = await askJson('GET', 'admin/audit', {
        query: {
          ...values, limit: 50, before: next,
          since: days === '' ? '' : new Date(Date.now() - Number(days) * DAY).toISOString(),
        },
      });

      return { rows: page.audit, next: page.next };
    },
    empty: () => (search.any() ? 'No change is like that.' : 'Nothing was changed yet.'),
  });

  return room('Audit', 'Who changed what, newest first. Nothing is ever taken out of it.', null, proof(), search.element, place);
}
