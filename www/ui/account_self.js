/*
 * account_self.js: where one is logged in, one's names and password.
 */
import { askJson, logOut } from './api.js';
import { confirm } from './dialog.js';
import { el } from './dom.js';
import { form } from './fields.js';
import { list } from './list.js';
import { tell, tellProblem } from './notice.js';
import { when } from './when.js';

function endSession(row) {
  return askJson('DELETE', `users/me/sessions/${encodeURIComponent(row.id)}`);
}

/* This one first, then the one that was used last. */
function byUse(a, b) {
  return b.current - a.current || (b.used_at ?? '').localeCompare(a.used_at ?? '');
}

export function sessionsPanel() {
  const place = el('div');
  const everywhere = el('button', { type: 'button', class: 'plain', hidden: true, onclick: endOthers }, 'Log out everywhere else');
  let rows = [];
  const others = () => rows.filter((row) => !row.current);
  const shown = list(place, {
    title: 'Sessions',
    columns: [
      { name: 'From', cell: (row) => [row.address ?? 'unknown', ' ', row.current ? el('span', { class: 'tag good' }, 'this one') : null] },
      { name: 'Since', cell: (row) => when(row.created_at) },
      { name: 'Last used', cell: (row) => when(row.used_at) },
      { name: 'Ends', cell: (row) => when(row.expires_at) },
      {
        name: 'Log out',
        wide: true,
        cell: (row) => el('button', { type: 'button', class: 'plain small', onclick: () => end(row) },
          row.current ? 'Log out' : 'Log out there', el('span', { class: 'unseen' }, ` (session ${row.id})`)),
      },
    ],
    fetch: async () => {
      rows = (await askJson('GET', 'users/me/sessions')).sessions.sort(byUse);
      return { rows, next: null };
    },
    after: () => { everywhere.hidden = others().length === 0; },
    empty: 'There is no session.',
  });

  async function end(row) {
    try {
      if (row.current) {
        await logOut();
        return;
      }
      if (!await confirm({
        title: 'Log out there', verb: 'Log out there',
        text: `The session from ${row.address ?? 'an unknown address'} ends at once.`,
      })) return;
      await endSession(row);
      tell(`The session from ${row.address ?? 'there'} has ended.`);
    } catch (error) {
      tellProblem(error);
    }
    shown.reload();
  }

  async function endOthers() {
    const ended = others();

    if (!await confirm({
      title: 'Log out everywhere else', verb: `End ${ended.length === 1 ? 'it' : `all ${ended.length}`}`,
      text: `${ended.length === 1 ? 'One session ends' : `${ended.length} sessions end`} at once; this one goes on.`,
    })) return;
    try {
      for (const row of ended) await endSession(row);
      tell(ended.length === 1 ? 'The other session has ended.' : `${ended.length} sessions have ended.`);
    } catch (error) {
      tellProblem(error);
    }
    shown.reload();
  }

  return el('div', {}, el('div', { class: 'head' }, el('h2', { tabindex: '-1' }, 'Sessions'), everywhere),
    el('p', { class: 'hint' }, 'Where somebody is logged in as you. One that you do not know: end it, and change your password.'), place);
}

function nameForm(user, changed) {
  return form({
    fields: [
      { name: 'first_name', label: 'First name', value: user.first_name, required: true, autocomplete: 'given-name' },
      { name: 'last_name', label: 'Last name', value: user.last_name, required: true, autocomplete: 'family-name' },
      { name: 'country', label: 'Country', value: user.country, autocomplete: 'country-name' },
    ],
    verb: 'Keep',
    send: (values) => askJson('PUT', 'users/me', { body: { country: null, ...values } }),
    done: (now) => {
      changed(now);
      tell('Your names are kept.');
    },
  });
}

function passwordForm(user, done) {
  return form({
    fields: [
      // For who keeps passwords for people: whose they are.
      { name: 'username', type: 'known', value: user.username, autocomplete: 'username' },
      { name: 'password', label: 'The password as it is', type: 'password', required: true, autocomplete: 'current-password' },
      {
        name: 'new_password', label: 'The new one', type: 'password', required: true, autocomplete: 'new-password',
        hint: '12 characters or more. A few words that only you would put together are good.',
        check: (text) => (text !== '' && [...text].length < 12 ? 'It is too short: 12 characters or more.' : ''),
      },
    ],
    verb: 'Change it',
    send: (values) => askJson('PUT', 'users/me/password', { body: values }),
    done,
  });
}

function facts(user) {
  return el('dl', { class: 'facts' }, [
    ['E-mail address', user.username], ['Role', user.role], ['Tier', user.tier],
    ['Models', user.models === '*' ? 'all' : (user.models || 'none yet').replaceAll(',', ', ')],
    ['Account since', when(user.created_at)], ['Last login', when(user.last_login_at)],
  ].map(([name, value]) => el('div', {}, el('dt', {}, name), el('dd', {}, value))));
}

export function profilePanel(user, changed) {
  const password = el('div');
  const fresh = () => password.replaceChildren(passwordForm(user, () => {
    fresh();
    tell('The password is changed, and all other sessions have ended.');
  }));

  fresh();
  return el('div', {}, el('h2', { tabindex: '-1' }, 'Profile'), facts(user),
    el('div', { class: 'cards' },
      el('section', { class: 'card', 'aria-labelledby': 'names' }, el('h3', { id: 'names' }, 'Names'), nameForm(user, changed)),
      el('section', { class: 'card', 'aria-labelledby': 'password' }, el('h3', { id: 'password' }, 'Password'), password)));
}
