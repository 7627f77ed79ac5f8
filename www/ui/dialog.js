/*
 * dialog.js: asks a person before something is done, in the browser's own dialog: it keeps the
 * focus, and Escape is no.
 */
import { el, freshId, replace } from './dom.js';

/* Shows content with buttons until one is pressed; its value, or null. */
function show(title, content, buttons) {
  const heading = freshId('dialog');
  const form = el('form', { method: 'dialog' },
    el('h2', { id: heading }, title), content,
    el('p', { class: 'actions' }, buttons));
  const dialog = el('dialog', { 'aria-labelledby': heading }, form);

  return new Promise((resolve) => {
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(dialog.returnValue === '' ? null : dialog.returnValue);
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

/*
 * Whether something that cannot be taken back is meant: the name of what it is done to has to
 * be typed.  verb is what the button says ("Revoke the key").
 */
export async function confirmByName({ title, text, name, verb }) {
  const id = freshId('confirm');
  const button = el('button', { class: 'danger', value: 'yes', disabled: true }, verb);
  const input = el('input', {
    id,
    autocomplete: 'off',
    spellcheck: 'false',
    autocapitalize: 'none',
    oninput: () => { button.disabled = input.value !== name; },
  });
  const content = [
    el('p', {}, text),
    el('p', { class: 'field' }, el('label', { for: id }, 'To go on, type ', el('code', {}, name)), input),
  ];
  // Without formnovalidate Enter in the field would press the first button, which is no.
  const cancel = el('button', { class: 'plain', value: '', type: 'submit', formnovalidate: true },
    'Cancel');

  return (await show(title, content, [button, cancel])) === 'yes';
}

/* Shows a secret that is never shown again, until it was taken. */
export async function showOnce({ title, text, secret }) {
  const said = el('span', { role: 'status', class: 'hint' });
  const copy = el('button', {
    type: 'button',
    class: 'plain',
    onclick: async () => {
      try {
        await navigator.clipboard.writeText(secret);
        replace(said, 'Copied.');
      } catch {
        replace(said, 'It cannot be copied here: mark it, and copy it by hand.');
      }
    },
  }, 'Copy');

  await show(title, [
    el('p', {}, text),
    el('pre', { tabindex: '0', class: 'secret' }, el('code', {}, secret)),
    el('p', {}, copy, ' ', said),
  ], [el('button', { value: 'done' }, 'I have kept it')]);
}
