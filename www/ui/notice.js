/*
 * notice.js: tells what happened, to eyes and to screen readers.  A page has one place for it:
 * <div id="notices" role="status">.
 */
import { byId, el } from './dom.js';

/* Puts notes, or none, in the place of what is told; who had the focus there goes on at the heading. */
function swap(...notes) {
  const place = byId('notices');
  const held = place.contains(document.activeElement);

  place.replaceChildren(...notes);
  if (held) (document.querySelector('main h2[tabindex]') ?? document.querySelector('main h1[tabindex]') ?? byId('main')).focus({ preventScroll: true });
}

function put(text, kind) {
  const note = el('p', { class: `note ${kind}` }, text, ' ',
    el('button', { type: 'button', class: 'close', 'aria-label': 'Dismiss', onclick: () => swap() }, '×'));

  swap(note);
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
      if (button.hasAttribute('aria-disabled')) return; // pressed twice
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
