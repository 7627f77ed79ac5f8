/*
 * setup.js: makes an account from an invitation.
 *
 * The invitation stands behind the # of the address, which a browser sends to nobody; it goes
 * to the service in the body of one request, and when it was used, out of the address bar.
 */
'use strict';

(() => {
  const form = document.getElementById('form');
  const send = document.getElementById('send');
  const status = document.getElementById('status');
  const names = ['username', 'first_name', 'last_name', 'password'];
  const field = (name) => document.getElementById(name);
  const found = /fgi_[0-9A-Za-z_]+/.exec(location.hash);
  const invitation = found === null ? null : found[0];

  /* As the reader has set it on the other pages: nav.js. */
  function theme() {
    try {
      const name = localStorage.getItem('forestgate.theme') ?? '';

      if (name !== '') document.documentElement.dataset.theme = name;
    } catch {
      // then it is as the system has it
    }
  }

  /* Who logs in next, for account_login.js. */
  function nameKeep(name) {
    try {
      sessionStorage.setItem('forestgate.username', name);
    } catch {
      // then it is typed again
    }
  }

  function say(text, bad) {
    status.className = bad ? 'note bad' : 'note';
    status.hidden = text === '';
    status.textContent = text;
  }

  function fault(name, text) {
    field(name).setAttribute('aria-invalid', text === '' ? 'false' : 'true');
    field(`${name}-error`).textContent = text;
  }

  /* What can be said without asking; the service has the last word. */
  function missing(name) {
    const input = field(name);

    if (input.value === '') return 'Please fill this in.';
    if (name === 'username' && !input.validity.valid) return 'This is not an e-mail address.';
    if (name === 'password' && [...input.value].length < 12) {
      return 'It is too short: 12 characters or more.';
    }
    return '';
  }

  function focusFault() {
    const first = names.find((name) => field(name).getAttribute('aria-invalid') === 'true');

    if (first !== undefined) field(first).focus();
  }

  /* A fault as the service tells it, as a sentence. */
  function sentence({ problem, allowed }) {
    const text = problem.charAt(0).toUpperCase() + problem.slice(1);

    return `${text}.` + (allowed ? ` Allowed: ${allowed}.` : '');
  }

  /* Field by field what the service found; what is of no field here goes below. */
  function showFaults(problem) {
    const rest = [];

    for (const error of problem.errors ?? []) {
      if (names.includes(error.field)) fault(error.field, sentence(error));
      else rest.push(sentence(error));
    }
    say(rest.length > 0 ? rest.join(' ') : 'Please look at what is marked above.', true);
    focusFault();
  }

  function refused(answer, problem) {
    const wait = answer.headers.get('Retry-After');

    if (answer.status === 422) {
      showFaults(problem);
    } else if (answer.status === 409) {
      fault('username', 'There is an account of this address already.');
      say('Please look at what is marked above.', true);
      focusFault();
    } else {
      say((problem.detail ?? `The service answered ${answer.status}.`) +
        (wait === null ? '' : ` (In ${wait} s.)`), true);
    }
  }

  function done(user) {
    history.replaceState(null, '', location.pathname);
    nameKeep(user.username);
    form.reset();
    form.hidden = true;
    field('title').textContent = 'The account is there';
    field('lead').textContent = user.is_active
      ? `You can log in as ${user.username} now.`
      : `An administrator has to let ${user.username} in before you can log in.`;
    field('next').hidden = !user.is_active;
    say('', false);
    field('title').focus();
  }

  async function create() {
    const body = Object.fromEntries(names.map((name) => [name, field(name).value]));

    if (invitation !== null) body.invitation = invitation;
    const answer = await fetch('auth/create', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Accept: 'application/json' },
      credentials: 'omit',
      cache: 'no-store',
      body: JSON.stringify(body),
    });
    const said = await answer.json().catch(() => ({}));

    if (answer.status === 201) done(said);
    else refused(answer, said);
  }

  /* The button stays where the focus is while it waits: a disabled one would lose it. */
  let waiting = false;

  function wait(on) {
    waiting = on;
    send.setAttribute('aria-disabled', on ? 'true' : 'false');
  }

  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    if (waiting) return;
    for (const name of names) fault(name, missing(name));
    if (names.some((name) => field(`${name}-error`).textContent !== '')) {
      say('Please look at what is marked above.', true);
      focusFault();
      return;
    }
    wait(true);
    say('One moment...', false);
    try {
      await create();
    } catch {
      say('The service cannot be reached. Try again.', true);
    } finally {
      wait(false);
    }
  });

  field('show').addEventListener('change', (event) => {
    field('password').type = event.target.checked ? 'text' : 'password';
  });

  /* Another address with the same page before the # does not load the page anew by itself. */
  addEventListener('hashchange', () => location.reload());

  theme();
  if (invitation === null) {
    field('lead').textContent = 'There is no invitation in the address: you can register, ' +
      'where that is open to everybody, and an administrator lets you in.';
  }
})();
