/*
 * admin_keys.js: all API keys: found, made, changed, given a new secret, revoked.
 */
import { choicesField, lastingField, modelsField, tierOptions, usersAll } from './admin_fields.js';
import { act, button, changeForm, fetched, filters, room, sheet, tag, twoLines } from './admin_parts.js';
import { modelsWords, rightsKnown } from './admin_users.js';
import { askJson } from './api.js';
import { confirmByName, showOnce } from './dialog.js';
import { el, replace } from './dom.js';
import { form } from './fields.js';
import { limitsCell, limitsField } from './limit_words.js';
import { list } from './list.js';
import { tell } from './notice.js';
import { paged } from './paged.js';
import { when } from './when.js';

const states = { active: 'good', expired: 'warn', revoked: 'bad' };
const lasts = [['never', 'for ever'], ['7d', '7 days'], ['30d', '30 days'], ['90d', '90 days'], ['365d', 'a year']];
const overlaps = [['0s', 'It ends now'], ['1h', 'an hour'], ['24h', 'a day'], ['7d', '7 days']];
const scopes = [
  ['predict', 'Predict', 'ask models, and tell what was true'], ['jobs', 'Jobs', 'have predictions made later'],
  ['read', 'Read', 'see models, limits and calls'], ['admin', 'Administer', 'all that this page does'],
  ['metrics', 'Metrics', 'read /metrics, and nothing else'],
];
const names = ['name', 'tier', 'scopes', 'models', 'addresses', 'expires', 'own_limits'];
const path = (key) => `admin/keys/${encodeURIComponent(key.id)}`;
const part = (key) => Object.fromEntries(names.map((name) => [name, key[name] ?? '']));

function fields({ models, tiers }, key, owned) {
  return [
    { name: 'name', label: 'What it is for', required: true, placeholder: 'billing service' },
    ...(owned ? [] : [{
      name: 'tier', label: 'Tier', options: tierOptions(tiers, key?.tier), value: 'standard',
      hint: 'Its limits hold for this key. The key of a user has the tier of that user.',
    }]),
    { name: 'scopes', label: 'It may', value: 'predict,jobs,read', custom: choicesField, choices: scopes },
    { name: 'models', label: 'Models', value: '*', custom: modelsField, models: models.map((model) => model.name) },
    { name: 'addresses', label: 'Only from these addresses', hint: 'Ranges such as 10.0.0.0/8, 2001:db8::/32. Empty: from anywhere.' },
  ];
}

/* A dialog whose form needs what models and tiers there are. */
function keySheet(title, make) {
  const { close } = sheet(title, fetched(rightsKnown, (all) => make(all, close)), { guards: true });
}

/* Limits of a key's own: rates and quotas are given apart. */
function own(limits) {
  const all = (limits ?? '').split(',').filter((item) => item !== '');
  const quotas = all.filter((item) => /\/(day|month)$/.test(item));
  const rates = all.filter((item) => !quotas.includes(item));

  return { ...(rates.length > 0 ? { rates: rates.join(',') } : {}), ...(quotas.length > 0 ? { quotas: quotas.join(',') } : {}) };
}

/* The field of them, which a user's key has not: all of a user's keys count together. */
function ownField(name, value) {
  return {
    name, label: 'Limits of its own', value, custom: limitsField, none: 'None: those of the tier hold.',
    hint: 'Rates here take the place of all of the tier\'s, a quota that of the same time.',
  };
}

/* What is changed as the service takes it: both parts of the limits, since what is left out stays. */
function changed({ own_limits: limits, ...values }) {
  return limits === undefined ? values : { rates: '', quotas: '', ...own(limits), ...values };
}

/* A promise whose refusals of the limits are told at their field. */
async function ofLimits(name, promise) {
  try {
    return await promise;
  } catch (error) {
    for (const one of error.errors ?? []) {
      if (one.field === 'rates' || one.field === 'quotas') one.field = name;
    }
    throw error;
  }
}

function create(reload) {
  keySheet('Make a key', (all, close) => form({
    fields: [
      ...fields(all),
      { name: 'user', label: 'Whose', hint: 'An e-mail address. Empty: of nobody, for a program.' },
      { name: 'expires', label: 'It holds', value: 'never', custom: lastingField, times: lasts },
      ownField('limits', ''),
    ],
    verb: 'Make the key',
    send: ({ tier, limits, ...values }) => ofLimits('limits', askJson('POST', 'admin/keys', { body: { ...(values.user ? {} : { tier }), ...own(limits), ...values } })),
    done: async (made) => {
      close();
      reload();
      tell(`The key "${made.name}" is made.`);
      await showOnce({ title: `The key "${made.name}"`, secret: made.key, text: 'It is shown this once: keep it where the program finds it.' });
    },
  }));
}

function rotation(key, close, reload) {
  return form({
    fields: [{ name: 'overlap', label: 'How long the old secret holds beside it', value: '0s', custom: lastingField, times: overlaps }],
    verb: 'Give it a new secret',
    send: (values) => askJson('POST', `${path(key)}/rotate`, { body: values }),
    done: async (made) => {
      close();
      reload();
      tell(`The key "${key.name}" has a new secret. What is left of its limits is as it was.`);
      await showOnce({ title: `The key "${key.name}"`, secret: made.key, text: 'It is shown this once: keep it where the program finds it.' });
    },
  });
}

async function read(key) {
  const now = await askJson('GET', path(key));

  return now.state === 'revoked' ? null : part(now);
}

function manage(key, reload) {
  async function revoke(close) {
    if (!await confirmByName({
      title: 'Revoke a key', name: key.name, verb: 'Revoke it',
      text: 'From the next request on nobody is let in with it. It cannot be taken back; a new key can be made.',
    })) return;
    if (await act(() => askJson('DELETE', path(key)), `The key "${key.name}" is revoked.`)) {
      close();
      reload();
    }
  }

  keySheet(key.name, (all, close) => [
    el('p', { class: 'hint' }, el('code', {}, key.masked_key), ' was made ', when(key.created_at), '. ',
      el('a', { href: `#calls?key=${encodeURIComponent(key.id)}`, onclick: close }, 'Its calls'), ' ',
      el('a', { href: `#usage?key=${encodeURIComponent(key.id)}`, onclick: close }, 'Its usage')),
    changeForm({
      fields: [...fields(all, key, key.user !== null), ...(key.user === null ? [ownField('own_limits')] : []),
        { name: 'expires', label: 'It holds from now', custom: lastingField, times: [['', 'as long as it does'], ...lasts] }],
      values: part(key),
      read: () => read(key),
      send: (changes) => ofLimits('own_limits', askJson('PUT', path(key), { body: changed(changes) })),
      done: (made, before) => {
        close();
        reload();
        if (made === null) tell('Nothing was changed.');
        else {
          // When it would have ended is said by a time from now on, so that cannot be had back.
          tell(`The key "${made.name}" is changed; it counts from the next request on.`, 'expires' in before ? undefined : async () => {
            await askJson('PUT', path(key), { body: changed(before) });
            reload();
            return `The key "${key.name}" is as before.`;
          });
        }
      },
    }),
    el('details', { class: 'more' }, el('summary', {}, 'A new secret'), rotation(key, close, reload)),
    el('div', { class: 'actions end' }, button('Revoke', () => revoke(close), { kind: 'danger' })),
  ]);
}

/* Names of users by their ids, of which keys know nothing else; fetched once for the room. */
function owners() {
  let users = null;

  return (id) => {
    if (id === null) return 'nobody';
    const place = el('span', {}, id);

    users ??= usersAll().then((rows) => new Map(rows.map((user) => [user.id, user.username])));
    users.then((map) => replace(place, map.get(id) ?? id), () => { users = null; });
    return place;
  };
}

function ends(key) {
  if (key.state === 'revoked') return ['revoked ', when(key.revoked_at)];
  return [key.state === 'expired' ? 'ended ' : 'ends ', when(key.expires_at)];
}

export function keysRoom(query) {
  const place = el('div');
  const owner = owners();
  const search = filters('Find keys', [
    { name: 'search', label: 'Name or id', value: query.get('search') },
    { name: 'user', label: 'Whose', type: 'search', placeholder: 'ann@example.org', value: query.get('user') },
    { name: 'state', label: 'State', options: [['', 'any'], ...Object.keys(states).map((state) => [state, state])], value: query.get('state') },
  ], () => shown.reload());
  const reload = () => shown.reload();
  const shown = list(place, {
    title: 'Keys',
    columns: [
      { name: 'Key', cell: (key) => twoLines(key.name, key.masked_key) },
      { name: 'State', cell: (key) => tag(key.state, states[key.state]) },
      { name: 'Whose', cell: (key) => owner(key.user) },
      { name: 'Limits', cell: (key) => [el('span', { class: 'second' }, `tier ${key.tier}`), limitsCell(key.limits)] },
      { name: 'May', cell: (key) => [key.scopes.replaceAll(',', ', ') || 'nothing', el('span', { class: 'second' }, `models: ${modelsWords(key.models)}`)] },
      { name: 'Last used', cell: (key) => [when(key.last_used_at), el('span', { class: 'second' }, ends(key))] },
      {
        name: 'Change',
        cell: (key) => (key.state === 'revoked' ? '' : button('Manage', () => manage(key, reload), { of: `the key ${key.name}` })),
      },
    ],
    fetch: paged('admin/keys', 'keys', search.values),
    empty: () => (search.any() ? 'No key is like that.' : 'There is no key yet. Make one.'),
  });

  return room('Keys', 'What programs call with. A key is shown once, when it is made.',
    button('Make a key', () => create(reload), { kind: '' }), search.element, place);
}
