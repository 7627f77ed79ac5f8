/*
 * account_keys.js: one's API keys: made, rotated, revoked.
 */
import { askJson } from './api.js';
import { confirmByName, showOnce } from './dialog.js';
import { el, replace } from './dom.js';
import { form } from './fields.js';
import { list } from './list.js';
import { tell, tellProblem } from './notice.js';
import { when } from './when.js';

const states = { active: 'good', expired: 'warn', revoked: 'bad' };

export function keysPanel() {
  const place = el('div');
  const shown = list(place, {
    title: 'Keys',
    columns: [
      { name: 'Name', cell: (key) => key.name },
      { name: 'Key', cell: (key) => el('code', {}, key.masked_key) },
      { name: 'State', cell: (key) => el('span', { class: `tag ${states[key.state] ?? ''}` }, key.state) },
      { name: 'For', cell: (key) => key.scopes },
      { name: 'Limits', cell: (key) => key.limits || 'none' },
      { name: 'Last used', cell: (key) => when(key.last_used_at) },
      { name: 'Ends', cell: (key) => when(key.expires_at) },
      {
        name: 'Change',
        cell: (key) => (key.state === 'revoked' ? '' : el('span', { class: 'actions' },
          el('button', { type: 'button', class: 'plain', onclick: () => rotate(key) }, 'Rotate'),
          el('button', { type: 'button', class: 'plain', onclick: () => revoke(key) }, 'Revoke'))),
      },
    ],
    fetch: async () => ({ rows: (await askJson('GET', 'users/me/keys')).keys, next: null }),
    empty: 'You have no key yet. Make one below: programs call with it.',
  });

  async function revoke(key) {
    if (!await confirmByName({
      title: 'Revoke a key', name: key.name, verb: 'Revoke it',
      text: 'From the next request on nobody is let in with it, and it cannot be had back.',
    })) return;
    try {
      await askJson('DELETE', `users/me/keys/${encodeURIComponent(key.id)}`);
      tell(`The key "${key.name}" is revoked.`);
    } catch (error) {
      tellProblem(error);
    }
    shown.reload();
  }

  async function rotate(key) {
    if (!await confirmByName({
      title: 'Rotate a key', name: key.name, verb: 'Give it a new secret',
      text: 'It gets a new secret. What is left of its limits stays as it is.',
    })) return;
    try {
      const made = await askJson('POST', `users/me/keys/${encodeURIComponent(key.id)}/rotate`, { body: {} });

      await showOnce({ title: 'The new key', secret: made.key, text: 'It is shown this once: keep it where your programs find it.' });
    } catch (error) {
      tellProblem(error);
    }
    shown.reload();
  }

  const maker = el('div');
  const make = () => replace(maker, form({
    fields: [
      { name: 'name', label: 'What it is for', required: true, placeholder: 'laptop' },
      { name: 'expires', label: 'Ends after', hint: '30d or 12h; empty: never' },
      { name: 'addresses', label: 'From these addresses alone', hint: '10.0.0.0/8, 2001:db8::/32; empty: from anywhere' },
    ],
    verb: 'Make a key',
    send: (values) => askJson('POST', 'users/me/keys', { body: values }),
    done: async (made) => {
      make();
      shown.reload();
      await showOnce({ title: 'Your new key', secret: made.key, text: 'It is shown this once: keep it where your programs find it.' });
    },
  }));

  make();
  return el('div', {}, place, el('section', { class: 'card' }, el('h2', {}, 'Another key'), maker));
}
