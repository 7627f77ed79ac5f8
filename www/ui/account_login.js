/*
 * account_login.js: logging in, and becoming somebody who can.
 */
import { askJson } from './api.js';
import { el, replace } from './dom.js';
import { form } from './fields.js';
import { loading } from './load.js';
import { tell } from './notice.js';
import { tokensTake } from './session.js';

const NAME = 'forestgate.username'; // of who has just made the account, by setup.js too

function nameTake() {
  try {
    const name = sessionStorage.getItem(NAME) ?? '';

    sessionStorage.removeItem(NAME);
    return name;
  } catch {
    return '';
  }
}

function loginForm(name) {
  return form({
    fields: [
      { name: 'username', label: 'E-mail address', type: 'email', required: true, autocomplete: 'username', value: name },
      { name: 'password', label: 'Password', type: 'password', required: true, autocomplete: 'current-password' },
    ],
    verb: 'Log in',
    send: (values) => askJson('POST', 'login', { body: values, open: true }),
    done: tokensTake,
  });
}

function short(password) {
  return password !== '' && [...password].length < 12 ? 'It is too short: 12 characters or more.' : '';
}

function registerForm(registration, done) {
  const needed = registration !== 'open';

  return form({
    fields: [
      needed ? {
        name: 'invitation', label: 'Invitation', required: true,
        hint: 'It begins with fgi_. Whoever has a link with it opens that instead.',
      } : null,
      { name: 'username', label: 'E-mail address', type: 'email', required: true, autocomplete: 'username' },
      { name: 'first_name', label: 'First name', required: true, autocomplete: 'given-name' },
      { name: 'last_name', label: 'Last name', required: true, autocomplete: 'family-name' },
      {
        name: 'password', label: 'Password', type: 'password', required: true, autocomplete: 'new-password', check: short,
        hint: '12 characters or more. A few words that only you would put together are good.',
      },
      needed ? null : { name: 'invitation', label: 'Invitation, if you have one', hint: 'It begins with fgi_.' },
    ].filter(Boolean),
    verb: 'Make the account',
    send: (values) => askJson('POST', 'auth/create', { body: values, open: true }),
    done,
  });
}

const said = {
  open: 'You have no account? Make one; an administrator lets you in.',
  invitation: 'You have no account? An administrator invites you, by a link or a text that begins with fgi_.',
  closed: 'Accounts are made by the administrators here. You were invited? Then you can make yours.',
};

/* What stands below the login: how one gets an account, as the service has it. */
async function registration(place, open) {
  replace(place, loading());
  try {
    const { authentication } = await askJson('GET', 'api/status', { open: true });
    const kind = authentication.registration;

    replace(place, el('p', {}, said[kind] ?? ''),
      el('p', {}, el('button', { type: 'button', class: 'plain', onclick: () => open(kind) },
        kind === 'open' ? 'Make an account' : 'I have an invitation')));
  } catch {
    replace(place); // logging in says what is wrong
  }
}

/*
 * What is shown to somebody who has not logged in; lapsed: who had, and whose session the service
 * has ended.
 */
export function strangers(place, lapsed) {
  function login(name = nameTake(), note = null) {
    const below = el('div', { class: 'below' });

    replace(place, el('section', { class: 'card door', 'aria-labelledby': 'door' },
      el('h2', { id: 'door', tabindex: '-1' }, 'Log in'), note, loginForm(name), below));
    registration(below, register);
  }

  function register(kind) {
    replace(place, el('section', { class: 'card door', 'aria-labelledby': 'door' },
      el('h2', { id: 'door', tabindex: '-1' }, 'Make an account'),
      registerForm(kind, (user) => {
        login(user.username);
        place.querySelector('h2').focus();
        tell(user.is_active ? `The account is made. You can log in as ${user.username} now.` :
          `The account is made. An administrator has to let ${user.username} in before you can log in.`);
      }),
      el('div', { class: 'below' }, el('p', {}, 'You have an account already?'),
        el('p', {}, el('button', { type: 'button', class: 'plain', onclick: () => { login(''); place.querySelector('h2').focus(); } }, 'Log in')))));
    place.querySelector('h2').focus();
  }

  login(undefined, lapsed ?
    el('p', { class: 'note warn', role: 'alert' }, 'Your session has ended. Log in to go on where you were.') : null);
  if (lapsed) place.querySelector('input').focus();
  else if (document.activeElement === document.body && lapsed !== undefined) place.querySelector('h2').focus();
}
