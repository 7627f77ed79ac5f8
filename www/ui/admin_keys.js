/*
 * admin_keys.js: all API keys.
 */
import { askJson } from './api.js';
import { confirmByName, showOnce } from './dialog.js';
import { el, replace } from './dom.js';
import { form } from './fields.js';
import { list } from './list.js';
import { tell, tellProblem } from './notice.js';
import { paged } from './paged.js';
import { when } from './when.js';

const states = { active: 'good', expired: 'warn', revoked: 'bad' };

function fields(key = {}) {
  return [
    { name: 'name', label: 'What it is for', value: key.name, required: true },
    { name: 'tier', label: 'Tier', value: key.tier, hint: 'standard if nothing is said; a user\'s key has the user\'s' },
    { name: 'models', label: 'Models', value: key.models, hint: 'names, or * for all' },
    { name: 'scopes', label: 'Scopes', value: key.scopes, hint: 'of predict, jobs, read, admin, metrics' },
    { name: 'addresses', label: 'From these addresses alone', value: key.addresses, hint: '10.0.0.0/8; empty: from anywhere' },
  ];
}

export function keysPanel() {
  const place = el('div');
  const change = el('div');
  const path = (key) => `admin/keys/${encodeURIComponent(key.id)}`;
  const shown = list(place, {
    title: 'Keys',
    columns: [
      { name: 'Name', cell: (key) => key.name },
      { name: 'Key', cell: (key) => el('code', {}, key.masked_key) },
      { name: 'State', cell: (key) => el('span', { class: `tag ${states[key.state] ?? ''}` }, key.state) },
      { name: 'User', cell: (key) => (key.user === null ? 'nobody' : el('code', {}, key.user)) },
      { name: 'Tier', cell: (key) => key.tier },
      { name: 'Limits', cell: (key) => key.limits || 'none' },
      { name: 'Scopes', cell: (key) => key.scopes },
      { name: 'Models', cell: (key) => (key.models === '*' ? 'all' : key.models || 'none') },
      { name: 'Last used', cell: (key) => when(key.last_used_at) },
      {
        name: 'Change',
        cell: (key) => (key.state === 'revoked' ? '' : el('span', { class: 'actions' },
          el('button', { type: 'button', class: 'plain', onclick: () => edit(key) }, 'Change'),
          el('button', { type: 'button', class: 'plain', onclick: () => rotate(key) }, 'Rotate'),
          el('button', { type: 'button', class: 'plain', onclick: () => revoke(key) }, 'Revoke'))),
      },
    ],
    fetch: paged('admin/keys', 'keys'),
    empty: 'There is no key yet. Make one below.',
  });

  function edit(key) {
    replace(change, el('section', { class: 'card' }, el('h2', { tabindex: '-1' }, `The key "${key.name}"`), form({
      fields: fields(key).map((field) => ({ ...field, empty: true }))
        .filter((field) => key.user === null || field.name !== 'tier'),
      verb: 'Keep',
      send: (values) => askJson('PUT', path(key), { body: values }),
      done: () => {
        replace(change);
        tell(`The key "${key.name}" is changed; that counts from the next request on.`);
        shown.reload();
      },
    })));
    change.querySelector('h2').focus();
  }

  async function rotate(key) {
    if (!await confirmByName({
      title: 'Rotate a key', name: key.name, verb: 'Give it a new secret',
      text: 'It gets a new secret. What is left of its limits stays as it is.',
    })) return;
    try {
      const made = await askJson('POST', `${path(key)}/rotate`, { body: {} });

      await showOnce({ title: `The key "${key.name}"`, secret: made.key, text: 'It is shown this once.' });
    } catch (error) {
      tellProblem(error);
    }
    shown.reload();
  }

  async function revoke(key) {
    if (!await confirmByName({
      title: 'Revoke a key', name: key.name, verb: 'Revoke it',
      text: 'From the next request on nobody is let in with it, and it cannot be had back.',
    })) return;
    try {
      await askJson('DELETE', path(key));
      tell(`The key "${key.name}" is revoked.`);
    } catch (error) {
      tellProblem(error);
    }
    shown.reload();
  }

  return el('div', {}, place, change, el('section', { class: 'card' }, el('h2', {}, 'Another key'), form({
    fields: [...fields(), { name: 'user', label: 'Whose', hint: 'an e-mail address; empty: nobody\'s' },
      { name: 'expires', label: 'Ends after', hint: '30d or 12h; empty: never' }],
    verb: 'Make a key',
    send: (values) => askJson('POST', 'admin/keys', { body: values }),
    done: async (made) => {
      shown.reload();
      await showOnce({ title: 'The new key', secret: made.key, text: 'It is shown this once.' });
    },
  })));
}
