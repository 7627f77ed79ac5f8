/*
 * notice.js: tells what happened, to eyes and to screen readers.  A page has one place for it:
 * <div id="notices" role="status">.
 */
import { byId, el } from './dom.js';

function put(text, kind) {
  const place = byId('notices');
  const note = el('p', { class: `note ${kind}` }, text, ' ',
    el('button', { type: 'button', class: 'close', 'aria-label': 'Dismiss', onclick: () => note.remove() }, '×'));

  place.replaceChildren(note);
  return note;
}

/* It was done.  undo, if it can be taken back: async () => what is told then. */
export function tell(text, undo) {
  const note = put(text, 'good');

  if (undo === undefined) return;
  const button = el('button', {
    type: 'button',
    class: 'plain',
    onclick: async () => {
      button.setAttribute('aria-disabled', 'true');
      try {
        tell(await undo());
      } catch (error) {
        tellProblem(error);
      }
    },
  }, 'Undo');

  note.lastElementChild.before(button, ' ');
}

/* It was not: a Problem or another error. */
export function tellProblem(error) {
  const text = typeof error.sentence === 'function' ? error.sentence() : error.message;
  const id = error.requestId ? ` (Request ${error.requestId}.)` : '';

  put(`${text}${id}`, 'bad');
}

export function quiet() {
  byId('notices').replaceChildren();
}
