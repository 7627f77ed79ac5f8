/*
 * admin_users.js: the users: found, invited, let in and shut out; and the invitations that
 * nobody has used.
 */
import { modelsAll, modelsField, tierOptions, tiersAll } from './admin_fields.js';
import { inviteSheet, newUserSheet } from './admin_invite.js';
import { act, button, changeForm, fetched, filters, room, sheet, tag, twoLines } from './admin_parts.js';
import { askJson } from './api.js';
import { confirm, confirmByName, showOnce } from './dialog.js';
import { el } from './dom.js';
import { form } from './fields.js';
import { list } from './list.js';
import { tell } from './notice.js';
import { paged } from './paged.js';
import { when } from './when.js';

const roles = [['user', 'User'], ['admin', 'Administrator']];
const path = (user) => `admin/users/${encodeURIComponent(user.id)}`;

export function modelsWords(models) {
  if (models === '*') return 'all';
  return models === '' ? 'none' : models.split(',').join(', ');
}

/* What is said of a user's rights: fields of fields.js. */
export function rightsFields({ models, tiers }, { role, tier, models: may } = {}) {
  return [
    { name: 'role', label: 'Role', options: roles, value: role ?? 'user', hint: 'An administrator may do all that this page does.' },
    { name: 'models', label: 'Models', value: may ?? '*', custom: modelsField, models: models.map((model) => model.name) },
    { name: 'tier', label: 'Tier', options: tierOptions(tiers, tier), value: tier ?? 'standard', hint: 'Its limits hold for all calls of this user together.' },
  ];
}

export async function rightsKnown() {
  const [models, tiers] = await Promise.all([modelsAll(), tiersAll()]);

  return { models, tiers };
}

const names = ['first_name', 'last_name', 'role', 'models', 'tier', 'is_active'];
const part = (user) => Object.fromEntries(names.map((name) => [name, user[name] ?? '']));

async function readUser(user) {
  try {
    return part(await askJson('GET', path(user)));
  } catch (error) {
    if (error.status === 404) return null;
    throw error;
  }
}

/* ---- one user ---- */

function passwordForm(user, done) {
  const made = form({
    fields: [{
      name: 'new_password', label: 'Another password', type: 'password', autocomplete: 'new-password',
      hint: '12 characters or more. Leave it empty to have one made, which is shown once.',
    }],
    verb: 'Set the password',
    send: async ({ new_password: typed }) => {
      const random = typed ? null : crypto.getRandomValues(new Uint32Array(4)).reduce((text, word) =>
        `${text}${text === '' ? '' : '-'}${word.toString(36).padStart(7, '0')}`, '');

      await askJson('PUT', `${path(user)}/password`, { body: { new_password: typed ?? random } });
      return random;
    },
    done: async (random) => {
      done();
      tell(`${user.username} has another password, and is logged out everywhere.`);
      if (random !== null) {
        await showOnce({ title: `The password of ${user.username}`, secret: random, text: 'It is shown this once. Tell it to nobody else, and have it changed at the next login.' });
      }
    },
  });

  // For programs that keep passwords: whose it is.
  made.prepend(el('input', { type: 'text', autocomplete: 'username', value: user.username, hidden: true, readonly: true }));
  return made;
}

function manage(user, reload) {
  const { close } = sheet(user.username, fetched(rightsKnown, (known) => show(known)), { guards: true });
  const after = () => {
    close();
    reload();
  };

  async function logOut() {
    if (!await confirm({
      title: 'Log out everywhere', verb: 'Log out',
      text: `All sessions of ${user.username} end at once. Keys go on, and logging in again is allowed.`,
    })) return;
    if (await act(() => askJson('DELETE', `${path(user)}/sessions`), `${user.username} is logged out everywhere.`)) after();
  }

  async function remove() {
    if (!await confirmByName({
      title: 'Delete a user', name: user.username, verb: 'Delete for good',
      text: 'Sessions end, keys are revoked, jobs and what was kept are deleted. The calls stay in the log. It cannot be taken back.',
    })) return;
    if (await act(() => askJson('DELETE', path(user)), `${user.username} is deleted.`)) after();
  }

  const show = (known) => [
    el('p', { class: 'hint' }, 'Made ', when(user.created_at), ', last logged in ', when(user.last_login_at), '. ',
      el('a', { href: `#keys?user=${encodeURIComponent(user.username)}`, onclick: close }, 'Keys'), ' ',
      el('a', { href: `#calls?user=${encodeURIComponent(user.username)}`, onclick: close }, 'Calls')),
    changeForm({
      fields: [
        { name: 'first_name', label: 'First name' }, { name: 'last_name', label: 'Last name' },
        ...rightsFields(known, user),
        { name: 'is_active', label: 'May log in and call', type: 'checkbox' },
      ],
      values: part(user),
      read: () => readUser(user),
      send: (changes) => askJson('PUT', path(user), { body: changes }),
      done: (made, before) => {
        after();
        if (made === null) tell('Nothing was changed.');
        else tell(`${user.username} is changed; it counts from the next request on.`, () => undo(before));
      },
    }),
    el('details', { class: 'more' }, el('summary', {}, 'Password'), passwordForm(user, after)),
    el('div', { class: 'actions end' }, button('Log out everywhere', logOut), button('Delete', remove, { kind: 'danger' })),
  ];

  async function undo(before) {
    await askJson('PUT', path(user), { body: before });
    reload();
    return `${user.username} is as before.`;
  }
}

/* ---- the lists ---- */

function invitations() {
  const place = el('div');
  const shown = list(place, {
    title: 'Invitations',
    columns: [
      { name: 'For', cell: (row) => row.username ?? 'whoever has the link' },
      { name: 'Role', cell: (row) => (row.role === 'admin' ? 'Administrator' : 'User') },
      { name: 'Models', cell: (row) => modelsWords(row.models) },
      { name: 'Tier', cell: (row) => row.tier },
      { name: 'Ends', cell: (row) => when(row.expires_at) },
      { name: 'Change', cell: (row) => button('End it', () => end(row), { of: `for ${row.username ?? 'whoever has the link'}` }) },
    ],
    fetch: paged('admin/invitations', 'invitations'),
    empty: 'No invitation is open.',
  });

  async function end(row) {
    const whom = row.username ?? 'whoever has the link';

    if (!await confirm({
      title: 'End an invitation', verb: 'End the invitation',
      text: `The link for ${whom} opens nothing any more. It cannot be had back; another can be made.`,
    })) return;
    await act(() => askJson('DELETE', `admin/invitations/${encodeURIComponent(row.id)}`),
      `The invitation for ${whom} has ended: its link opens nothing any more.`);
    shown.reload();
  }
  return { place, reload: shown.reload };
}

export function usersRoom(query) {
  const place = el('div');
  const open = invitations();
  const search = filters('Find users', [
    { name: 'search', label: 'Name or e-mail address', value: query.get('search') },
    { name: 'role', label: 'Role', options: [['', 'any'], ...roles] },
    { name: 'is_active', label: 'State', options: [['', 'any'], ['true', 'active'], ['false', 'shut out']] },
  ], () => shown.reload());
  const reload = () => {
    shown.reload();
    open.reload();
  };
  const shown = list(place, {
    title: 'Users',
    columns: [
      { name: 'User', cell: (user) => twoLines(user.username, `${user.first_name} ${user.last_name}`.trim()) },
      { name: 'State', cell: (user) => (user.is_active ? tag('active', 'good') : tag('shut out', 'warn')) },
      { name: 'Role', cell: (user) => (user.role === 'admin' ? tag('Administrator') : 'User') },
      { name: 'Models', cell: (user) => modelsWords(user.models) },
      { name: 'Tier', cell: (user) => user.tier },
      { name: 'Last login', cell: (user) => when(user.last_login_at) },
      { name: 'Change', cell: (user) => button('Manage', () => manage(user, reload), { of: user.username }) },
    ],
    fetch: paged('admin/users', 'users', search.values),
    empty: () => (search.any() ? 'Nobody is like that.' : 'There is no user yet. Invite somebody.'),
  });

  return room('Users', 'Who may log in, what each may use, and by which limits.',
    [button('Make a user', () => newUserSheet(reload)), button('Invite somebody', () => inviteSheet(reload), { kind: '' })],
    search.element, place, el('h3', {}, 'Open invitations'), open.place);
}
