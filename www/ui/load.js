/*
 * load.js: something of the service in its place, with what there is to say until it is there,
 * and where it does not come.
 */
import { countdown, span } from './countdown.js';
import { el, replace } from './dom.js';

/* What a person is told who waits. */
export function loading() {
  return el('div', { class: 'state', role: 'status' }, el('p', {}, 'Loading...'));
}

/*
 * Why something did not come, with a button that tries again; where the service said when that is
 * worth it, it is counted down.
 */
export function failure(error, again) {
  const button = el('button', { type: 'button', class: 'plain', onclick: () => again() }, 'Try again');
  const wait = Number(error.wait ?? 0);
  const text = error.faults?.() ?? error.message;

  if (wait > 0) {
    button.setAttribute('aria-disabled', 'true');
    button.disabled = true;
    countdown(wait, (left) => replace(button, `Try again in ${span(left)}`), () => {
      button.disabled = false;
      button.removeAttribute('aria-disabled');
      replace(button, 'Try again');
    });
  }
  return el('div', { class: 'state' },
    el('p', { class: 'note bad', role: 'alert' }, text, error.requestId ? ` (Request ${error.requestId}.)` : null),
    el('p', {}, button));
}

/*
 * Shows in place what comes: fetch is async () => anything, show (anything) => what to put there.
 * Returns the function that does it anew; what is there stays until then.
 */
export function load(place, fetch, show) {
  let turn = 0;

  async function reload() {
    const mine = ++turn;

    place.setAttribute('aria-busy', 'true');
    if (place.childElementCount === 0) replace(place, loading());
    try {
      const found = await fetch();

      if (mine === turn) put(place, show(found));
    } catch (error) {
      if (mine === turn) put(place, failure(error, reload));
    } finally {
      if (mine === turn) place.removeAttribute('aria-busy');
    }
  }

  reload();
  return reload;
}

/* What is there again of a thing that had the focus: the same button of the same name. */
function again(place, { localName, textContent }) {
  return textContent === '' ? undefined :
    [...place.querySelectorAll(localName)].find((one) => one.textContent === textContent);
}

/*
 * Replaces what is in a place.  Where the focus was in it, it stays with what is there again, or
 * comes to the place itself, instead of being lost.
 */
export function put(place, ...content) {
  const at = place.contains(document.activeElement) ? document.activeElement : null;

  replace(place, ...content);
  if (at === null) return;
  place.tabIndex = -1;
  (again(place, at) ?? place).focus({ preventScroll: true });
}
