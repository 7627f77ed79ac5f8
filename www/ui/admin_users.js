/*
 * admin_users.js: users and invitations.
 */
import { address, askJson } from './api.js';
import { confirmByName, showOnce } from './dialog.js';
import { el, replace } from './dom.js';
import { form } from './fields.js';
import { list } from './list.js';
import { tell, tellProblem } from './notice.js';
import { paged } from './paged.js';
import { when } from './when.js';

const roles = [['user', 'user'], ['admin', 'administrator']];

/* What of a user can be said anew, and of a new one. */
function rights(user = {}) {
  return [
    { name: 'role', label: 'Role', options: roles, value: user.role ?? 'user' },
    { name: 'models', label: 'Models', value: user.models, hint: 'names, or * for all', empty: true },
    { name: 'tier', label: 'Tier', value: user.tier ?? 'standard', required: true },
  ];
}

export function usersPanel() {
  const users = el('div');
  const invitations = el('div');
  const change = el('div');
  const shown = list(users, {
    title: 'Users',
    columns: [
      { name: 'User', cell: (user) => user.username },
      { name: 'Name', cell: (user) => `${user.first_name} ${user.last_name}` },
      { name: 'State', cell: (user) => el('span', { class: user.is_active ? 'tag good' : 'tag warn' }, user.is_active ? 'active' : 'inactive') },
      { name: 'Role', cell: (user) => user.role },
      { name: 'Models', cell: (user) => (user.models === '*' ? 'all' : user.models || 'none') },
      { name: 'Tier', cell: (user) => user.tier },
      { name: 'Last login', cell: (user) => when(user.last_login_at) },
      {
        name: 'Change',
        cell: (user) => el('span', { class: 'actions' },
          el('button', { type: 'button', class: 'plain', onclick: () => edit(user) }, 'Rights'),
          el('button', { type: 'button', class: 'plain', onclick: () => activate(user) }, user.is_active ? 'Shut out' : 'Let in'),
          el('button', { type: 'button', class: 'plain', onclick: () => remove(user) }, 'Delete')),
      },
    ],
    fetch: paged('admin/users', 'users'),
    empty: 'There is no user yet. Invite one below.',
  });
  const open = list(invitations, {
    title: 'Invitations',
    columns: [
      { name: 'For', cell: (row) => row.username ?? 'whoever has it' },
      { name: 'Role', cell: (row) => row.role },
      { name: 'Models', cell: (row) => row.models || 'none' },
      { name: 'Ends', cell: (row) => when(row.expires_at) },
      { name: 'Change', cell: (row) => el('button', { type: 'button', class: 'plain', onclick: () => end(row) }, 'End it') },
    ],
    fetch: paged('admin/invitations', 'invitations'),
    empty: 'No invitation is open.',
  });

  async function act(what, said) {
    try {
      await what();
      tell(said);
    } catch (error) {
      tellProblem(error);
    }
    shown.reload();
    open.reload();
  }

  const path = (user) => `admin/users/${encodeURIComponent(user.id)}`;

  async function activate(user) {
    if (user.is_active && !await confirmByName({
      title: 'Shut a user out', name: user.username, verb: 'Shut out',
      text: 'The user is logged out everywhere, and no key of the user is let in until this is taken back.',
    })) return;
    await act(() => askJson('PUT', path(user), { body: { is_active: !user.is_active } }),
      `${user.username} is ${user.is_active ? 'shut out' : 'let in'}.`);
  }

  async function remove(user) {
    if (!await confirmByName({
      title: 'Delete a user', name: user.username, verb: 'Delete for good',
      text: 'Sessions end and keys are revoked. The calls stay in the log.',
    })) return;
    await act(() => askJson('DELETE', path(user)), `${user.username} is deleted.`);
  }

  async function end(row) {
    await act(() => askJson('DELETE', `admin/invitations/${encodeURIComponent(row.id)}`), 'The invitation has ended.');
  }

  function edit(user) {
    replace(change, el('section', { class: 'card' }, el('h2', { tabindex: '-1' }, `Rights of ${user.username}`), form({
      fields: rights(user),
      verb: 'Keep',
      send: (values) => askJson('PUT', path(user), { body: values }),
      done: () => {
        replace(change);
        tell(`The rights of ${user.username} are changed; they count from the next request on.`);
        shown.reload();
      },
    })));
    change.querySelector('h2').focus();
  }

  return el('div', {}, el('h2', {}, 'Users'), users, change, el('h2', {}, 'Invitations'), invitations,
    el('section', { class: 'card' }, el('h2', {}, 'Invite somebody'), form({
      fields: [{ name: 'username', label: 'E-mail address', type: 'email', required: true },
        ...rights(), { name: 'expires', label: 'Holds for', hint: '7d if nothing is said' }],
      verb: 'Invite',
      send: (values) => askJson('POST', 'admin/users', { body: values }),
      done: async (made) => {
        open.reload();
        await showOnce({
          title: `An invitation for ${made.username}`, secret: `${address('setup')}#${made.invitation}`,
          text: 'Send this link to nobody else: whoever opens it first chooses the password. It is shown this once.',
        });
      },
    })));
}
