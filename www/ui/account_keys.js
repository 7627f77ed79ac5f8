/*
 * account_keys.js: one's API keys: made, rotated, revoked, and how much each is used.
 */
import { daysBack, keyDays, limitsOf, since } from './account_usage.js';
import { askJson } from './api.js';
import { askForm, confirmByName, showOnce } from './dialog.js';
import { el, freshId } from './dom.js';
import { load } from './load.js';
import { tell, tellProblem } from './notice.js';
import { when } from './when.js';

const DAYS = 31;
const SOON_MS = 7 * 86400000;
const states = { active: 'good', expired: 'warn', revoked: 'bad' };
const once = 'It is shown this once, and nobody can find it for you again. Keep it where your programs find it, and nowhere else.';

const ends = [['90d', 'In 90 days'], ['7d', 'In 7 days'], ['30d', 'In 30 days'], ['365d', 'In a year'], ['', 'Never']];
const overlaps = [['1h', 'For an hour'], ['1d', 'For a day'], ['7d', 'For a week'], ['', 'Not at all: it ends at once']];

function words(list) {
  return list.replaceAll(',', ', ');
}

function path(key, more = '') {
  return `users/me/keys/${encodeURIComponent(key.id)}${more}`;
}

function endsSoon(key) {
  return key.state === 'active' && key.expires_at !== null && new Date(key.expires_at) - Date.now() < SOON_MS;
}

/* ---- what is done ---- */

async function modelNames() {
  return (await askJson('GET', 'models')).models.map((model) => model.name);
}

/* The form of a new key; the answer of the service, or null. */
async function make(user) {
  const names = await modelNames().catch(() => []); // without them all of one's models it is
  const scopes = [['predict', 'predict'], ['jobs', 'jobs'], ['read', 'read']];

  if (user.role === 'admin') scopes.push(['admin', 'admin: whatever you may']);
  return askForm({
    title: 'A new key',
    fields: [
      { name: 'name', label: 'What it is for', required: true, placeholder: 'laptop', autofocus: true },
      { name: 'expires', label: 'Ends', options: ends, value: '90d' },
      {
        name: 'scopes', label: 'What it may do', type: 'set', options: scopes, value: 'predict,jobs,read', required: true,
      },
      names.length < 2 ? null : {
        name: 'models', label: 'Which models', type: 'set', options: names.map((name) => [name, name]),
        hint: 'None chosen: all that you may use, also those to come.',
      },
      { name: 'addresses', label: 'From these addresses alone', hint: 'Such as 10.0.0.0/8, 2001:db8::/32. Empty: from anywhere.' },
    ].filter(Boolean),
    verb: 'Make the key',
    send: (values) => askJson('POST', 'users/me/keys', { body: values }),
  });
}

async function rotate(key) {
  const made = await askForm({
    title: `Rotate "${key.name}"`,
    text: 'The key gets a new secret. Its limits, and what is left of them, stay as they are.',
    fields: [{ name: 'overlap', label: 'The secret that it has now holds on', options: overlaps, value: '1h' }],
    verb: 'Give it a new secret',
    send: (values) => askJson('POST', path(key, '/rotate'), { body: values }),
  });

  if (made === null) return false;
  await showOnce({ title: `The new secret of "${key.name}"`, secret: made.key, text: once });
  tell(made.old_until === null ? `The key "${key.name}" has a new secret; the one before has ended.` :
    `The key "${key.name}" has a new secret; the one before holds until ${new Date(made.old_until).toLocaleString('en')}.`);
  return true;
}

async function revoke(key) {
  if (!await confirmByName({
    title: 'Revoke a key', name: key.name, verb: 'Revoke it',
    text: `From the next request on nobody is let in with ${key.masked_key}, and it cannot be had back.`,
  })) return false;
  await askJson('DELETE', path(key));
  tell(`The key "${key.name}" (${key.masked_key}) is revoked: nobody is let in with it any more.`);
  return true;
}

/* ---- what is shown ---- */

function facts(key) {
  return el('dl', { class: 'facts' }, [
    ['May', words(key.scopes)],
    ['Models', key.models === '*' ? 'all that you may use' : words(key.models)],
    ['From', key.addresses === '' ? 'anywhere' : words(key.addresses)],
    ['Last used', when(key.last_used_at)],
    key.revoked_at === null ? ['Ends', when(key.expires_at)] : ['Revoked', when(key.revoked_at)],
    key.old_until === null ? null : ['Old secret', ['ends ', when(key.old_until)]],
  ].filter(Boolean).map(([name, value]) => el('div', {}, el('dt', {}, name), el('dd', {}, value))));
}

function card(key, days, rows, act) {
  const button = (verb, what) => el('button', { type: 'button', class: 'plain small', onclick: () => act(what, key) },
    verb, el('span', { class: 'unseen' }, ` ${key.name}`));

  return el('li', { class: `card key ${key.state}` },
    el('div', { class: 'head' }, el('h3', {}, key.name),
      el('span', {}, el('span', { class: `tag ${states[key.state] ?? ''}` }, key.state), ' ',
        endsSoon(key) ? el('span', { class: 'tag warn' }, 'ends soon') : null)),
    el('p', {}, el('code', {}, key.masked_key)),
    facts(key), keyDays(days, rows),
    key.state === 'revoked' ? null : el('p', { class: 'actions' },
      key.state === 'active' ? button('Rotate', rotate) : null, button('Revoke', revoke)));
}

async function fetchKeys(revoked) {
  const days = daysBack(DAYS);
  const [{ keys }, { usage, limits }] = await Promise.all([
    askJson('GET', 'users/me/keys', { query: { revoked: revoked ? true : '' } }),
    askJson('GET', 'users/me/usage', { query: { by: 'key', since: since(days) } }),
  ]);

  return { days, limits, keys: keys.reverse(), usage: Map.groupBy?.(usage, (row) => row.key) ?? grouped(usage) };
}

/* Where the browser has no Map.groupBy yet. */
function grouped(rows) {
  const found = new Map();

  for (const row of rows) found.set(row.key, [...found.get(row.key) ?? [], row]);
  return found;
}

export function keysPanel(user) {
  const place = el('div');
  const show = freshId('revoked');
  let revoked = false;
  const reload = load(place, () => fetchKeys(revoked), ({ keys, usage, days, limits }) => [
    el('h3', { class: 'unseen' }, 'What is left'), limitsOf(limits),
    limits.length > 0 && keys.length > 1 ? el('p', { class: 'hint' }, 'All your keys count together.') : null,
    keys.length === 0 ? el('div', { class: 'state' }, el('p', {}, 'You have no key yet. Programs call with one; here you need none.')) :
      el('ul', { class: 'cards keys' }, keys.map((key) => card(key, days, usage.get(key.id) ?? [], act))),
  ]);

  async function act(what, key) {
    try {
      if (await what(key)) reload();
    } catch (error) {
      tellProblem(error);
      reload();
    }
  }

  async function create() {
    const made = await make(user);

    if (made === null) return;
    await showOnce({ title: `The key "${made.name}"`, secret: made.key, text: once });
    tell(`The key "${made.name}" is made.`);
    reload();
  }

  return el('div', {},
    el('div', { class: 'head' }, el('h2', { tabindex: '-1' }, 'Keys'),
      el('button', { type: 'button', onclick: create }, 'Make a key')),
    place,
    el('p', { class: 'check' }, el('input', {
      type: 'checkbox', id: show, onchange: (event) => { revoked = event.target.checked; reload(); },
    }), el('label', { for: show }, 'Show those that are revoked, too')));
}
