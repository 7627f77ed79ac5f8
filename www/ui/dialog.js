/*
 * dialog.js: asks a person before something is done, in the browser's own dialog: it keeps the
 * focus, and Escape is no.
 */
import { el, freshId, replace } from './dom.js';
import { form } from './fields.js';

const GONE = 'gone';

/*
 * Opens a dialog; content is given what closes it with a value.  Returns a promise of that value,
 * null where somebody pressed Escape.  stays: Escape does not close it.
 */
function open(title, content, stays) {
  const heading = freshId('dialog');
  let value; // undefined until one is chosen
  const close = (by) => {
    value = by;
    dialog.close();
  };
  const dialog = el('dialog', { 'aria-labelledby': heading }, el('h2', { id: heading }, title), content(close));

  return new Promise((resolve) => {
    dialog.addEventListener('cancel', (event) => {
      if (stays) event.preventDefault();
    });
    dialog.addEventListener('close', () => {
      // A browser takes a second Escape for a yes, whatever is said to the first.
      if (stays && value === undefined && dialog.returnValue !== GONE) {
        dialog.showModal();
        return;
      }
      dialog.remove();
      resolve(value ?? null);
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

/* Closes whatever is asked, as by Escape: who it was asked of is gone. */
export function dialogsClose() {
  for (const dialog of document.querySelectorAll('dialog[open]')) dialog.close(GONE);
}

function cancelButton(close, first = false) {
  return el('button', { type: 'button', class: 'plain', autofocus: first, onclick: () => close(null) }, 'Cancel');
}

/*
 * Whether something that cannot be taken back is meant: the name of what it is done to has to
 * be typed.  verb is what the button says ("Revoke the key").
 */
export async function confirmByName({ title, text, name, verb }) {
  const id = freshId('confirm');
  const button = el('button', { class: 'danger', disabled: true }, verb);
  const input = el('input', {
    id,
    autocomplete: 'off',
    spellcheck: 'false',
    autocapitalize: 'none',
    // Blanks around a name are not seen, and are not what is asked about.
    oninput: () => { button.disabled = input.value.trim() !== name.trim(); },
  });
  const content = (close) => el('form', {
    onsubmit: (event) => {
      event.preventDefault();
      close(true);
    },
  }, el('p', {}, text),
  el('p', { class: 'field' }, el('label', { for: id }, 'To go on, type ', el('code', { class: 'name' }, name)), input),
  el('p', { class: 'actions' }, button, cancelButton(close)));

  return (await open(title, content)) === true;
}

/* Whether something is meant whose text names what it is done to; who presses Enter at once says no. */
export async function confirm({ title, text, verb }) {
  return (await open(title, (close) => [
    el('p', {}, text),
    el('p', { class: 'actions' },
      el('button', { type: 'button', class: 'danger', onclick: () => close(true) }, verb), cancelButton(close, true)),
  ])) === true;
}

/*
 * A form in a dialog, as form() has it.  Returns what send returned, or null where somebody would
 * rather not.
 */
export function askForm({ title, text, ...rest }) {
  return open(title, (close) => [
    text === undefined ? null : el('p', {}, text),
    form({ ...rest, done: close, also: cancelButton(close) }),
  ]);
}

/* Puts a text where it can be pasted from; an element that shows it is what there is without https. */
async function copyText(text, shown) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    getSelection().selectAllChildren(shown);
    return document.execCommand('copy');
  }
}

/* Shows a secret that is never shown again, until it was taken. */
export async function showOnce({ title, text, secret }) {
  const said = el('span', { role: 'status', class: 'hint' });
  const shown = el('code', {}, secret);
  const copy = el('button', {
    type: 'button',
    autofocus: true,
    onclick: async () => {
      replace(said, await copyText(secret, shown) ? 'Copied.' :
        'It cannot be copied here: it is marked now, copy it by hand.');
    },
  }, 'Copy');

  await open(title, (close) => [
    el('p', { class: 'note warn' }, text),
    el('pre', { tabindex: '0', class: 'secret', role: 'region', 'aria-label': 'The secret' }, shown),
    el('p', { class: 'actions' }, copy,
      el('button', { type: 'button', class: 'plain', onclick: () => close(null) }, 'I have kept it'), said),
  ], true);
}
