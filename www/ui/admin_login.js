/*
 * admin_login.js: logging in on the page of administration, at first and when a session has
 * ended in the middle of something.
 */
import { askJson } from './api.js';
import { sheet } from './admin_parts.js';
import { el } from './dom.js';
import { form } from './fields.js';
import { tokensTake } from './session.js';

function fields() {
  return [
    { name: 'username', label: 'E-mail address', type: 'email', required: true, autocomplete: 'username' },
    { name: 'password', label: 'Password', type: 'password', required: true, autocomplete: 'current-password' },
  ];
}

const send = (values) => askJson('POST', 'login', { body: values, open: true });

export function loginForm() {
  return form({ fields: fields(), verb: 'Log in', send, done: tokensTake });
}

let asking = null;

/* Asks for the password in front of all that is open; whether there is a session again. */
export function loginAgain() {
  asking ??= new Promise((resolve) => {
    let back = false;
    const { close } = sheet('Your session has ended', [
      el('p', {}, 'Log in to go on. What you have begun is still here; nothing of it was sent.'),
      form({
        fields: fields(),
        verb: 'Log in',
        send,
        done: (tokens) => {
          back = true;
          tokensTake(tokens);
          close();
        },
      }),
    ], { onclose: () => resolve(back) });
  }).finally(() => {
    asking = null;
  });
  return asking;
}
