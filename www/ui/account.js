/*
 * account.js: logging in, and what is one's own: keys, calls, jobs, sessions, profile.
 */
import { callsPanel, usagePanel } from './account_calls.js';
import { jobsPanel } from './account_jobs.js';
import { keysPanel } from './account_keys.js';
import { askJson } from './api.js';
import { byId, el, replace } from './dom.js';
import { form } from './fields.js';
import { list } from './list.js';
import { nav } from './nav.js';
import { tell, tellProblem } from './notice.js';
import { forget, kind, tokensTake } from './session.js';
import { tabs } from './snippet.js';
import { when } from './when.js';

function loginForm() {
  return form({
    fields: [
      { name: 'username', label: 'E-mail address', type: 'email', required: true, autocomplete: 'username' },
      { name: 'password', label: 'Password', type: 'password', required: true, autocomplete: 'current-password' },
    ],
    verb: 'Log in',
    send: (values) => askJson('POST', 'login', { body: values, open: true }),
    done: tokensTake,
  });
}

function registerForm() {
  return form({
    fields: [
      { name: 'username', label: 'E-mail address', type: 'email', required: true, autocomplete: 'username' },
      { name: 'first_name', label: 'First name', required: true, autocomplete: 'given-name' },
      { name: 'last_name', label: 'Last name', required: true, autocomplete: 'family-name' },
      {
        name: 'password', label: 'Password', type: 'password', required: true, autocomplete: 'new-password',
        hint: '12 characters or more. A few words that only you would put together are good.',
      },
      { name: 'invitation', label: 'Invitation, if you have one', hint: 'It begins with fgi_.' },
    ],
    verb: 'Make the account',
    send: (values) => askJson('POST', 'auth/create', { body: values, open: true }),
    done: (user) => {
      strangers();
      tell(user.is_active ? `You can log in as ${user.username} now.` :
        `An administrator has to let ${user.username} in before you can log in.`);
    },
  });
}

function strangers() {
  replace(byId('account'), el('div', { class: 'cards' },
    el('section', { class: 'card', 'aria-labelledby': 'login-title' }, el('h2', { id: 'login-title' }, 'Log in'), loginForm()),
    el('section', { class: 'card', 'aria-labelledby': 'register-title' },
      el('h2', { id: 'register-title' }, 'Make an account'), registerForm())));
}

function sessionsPanel() {
  const place = el('div');
  const shown = list(place, {
    title: 'Sessions',
    columns: [
      { name: 'Where', cell: (row) => [row.address, row.current ? el('span', { class: 'tag good' }, 'this one') : null] },
      { name: 'Since', cell: (row) => when(row.created_at) },
      { name: 'Last used', cell: (row) => when(row.used_at) },
      { name: 'Ends', cell: (row) => when(row.expires_at) },
      {
        name: 'Log out',
        cell: (row) => el('button', { type: 'button', class: 'plain', onclick: () => end(row) }, 'Log out there'),
      },
    ],
    fetch: async () => ({ rows: (await askJson('GET', 'users/me/sessions')).sessions, next: null }),
    empty: 'There is no session.',
  });

  async function end(row) {
    try {
      await askJson('DELETE', `users/me/sessions/${encodeURIComponent(row.id)}`);
      if (row.current) forget();
      else shown.reload();
      tell('That session has ended.');
    } catch (error) {
      tellProblem(error);
    }
  }
  return place;
}

function profilePanel(user) {
  return el('div', { class: 'cards' },
    el('section', { class: 'card' }, el('h2', {}, 'Names'), form({
      fields: [
        { name: 'first_name', label: 'First name', value: user.first_name, required: true, autocomplete: 'given-name' },
        { name: 'last_name', label: 'Last name', value: user.last_name, required: true, autocomplete: 'family-name' },
        { name: 'country', label: 'Country', value: user.country, autocomplete: 'country-name' },
      ],
      verb: 'Keep',
      send: (values) => askJson('PUT', 'users/me', { body: { country: null, ...values } }),
      done: () => tell('It is kept.'),
    })),
    el('section', { class: 'card' }, el('h2', {}, 'Password'), form({
      fields: [
        { name: 'password', label: 'The password as it is', type: 'password', required: true, autocomplete: 'current-password' },
        { name: 'new_password', label: 'The new one', type: 'password', required: true, autocomplete: 'new-password', hint: '12 characters or more.' },
      ],
      verb: 'Change it',
      send: (values) => askJson('PUT', 'users/me/password', { body: values }),
      done: () => tell('The password is changed, and all other sessions have ended.'),
    })));
}

function mine(user) {
  replace(byId('account'),
    el('p', {}, `${user.first_name} ${user.last_name}, ${user.username}: `,
      el('span', { class: 'tag' }, user.role), ' ', el('span', { class: 'tag' }, `tier ${user.tier}`), ' ',
      el('span', { class: 'tag' }, user.models === '*' ? 'all models' : user.models || 'no models')),
    tabs('What is yours', [
      { name: 'Keys', content: () => keysPanel() },
      { name: 'Usage', content: () => usagePanel() },
      { name: 'Calls', content: () => callsPanel() },
      { name: 'Jobs', content: () => jobsPanel() },
      { name: 'Sessions', content: () => sessionsPanel() },
      { name: 'Profile', content: () => profilePanel(user) },
    ]));
}

async function refresh() {
  if (kind() !== 'user') {
    strangers();
    return;
  }
  try {
    mine(await askJson('GET', 'users/me'));
  } catch (error) {
    if (kind() === 'user') tellProblem(error);
  }
}

nav('account');
document.addEventListener('session', () => refresh());
refresh();
