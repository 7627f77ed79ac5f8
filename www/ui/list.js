/*
 * list.js: a list of things of the service as a table, with its four states: it is being
 * fetched, it failed, there is nothing, here it is.
 */
import { el, replace } from './dom.js';
import { failure, loading, put } from './load.js';

/* What can have the focus in a row, in its order. */
function stops(row) {
  return [...row.querySelectorAll('a, button, input, select, summary')];
}

/* Puts a row in the place of another; the focus stays where it was in it. */
function exchange(row, by) {
  const at = stops(row).indexOf(document.activeElement);

  row.replaceWith(by);
  if (at >= 0) stops(by)[at]?.focus({ preventScroll: true });
}

/*
 * Shows a list in place.
 *
 *   title    what the table is of, for screen readers
 *   columns  [{name, cell: (row) => text or element, number: true where it is one}]
 *   fetch    async (next) => {rows, next}: a page of rows, and what leads to the next or null
 *   empty    what is said where there is nothing: text or element, or what gives one
 *   key      (row) => text that no other row has: for update()
 *   after    what is done when a page is there: (page) => void
 *
 * Returns {reload, update}: the first fetches it anew from the beginning.  The second fetches the
 * newest page and changes what is different, for a list that somebody watches: it throws where
 * that fails, and what is there stays.
 */
export function list(place, { title, columns, fetch, empty, key, after }) {
  let turn = 0;
  let body = null; // of the table, where there is one

  const line = (row) => el('tr', { role: 'row', 'data-key': key?.(row) }, columns.map((column, i) => {
    const content = column.cell(row);
    const attributes = { class: [column.number ? 'number' : '', column.wide ? 'wide' : ''].join(' ').trim() || null, 'data-name': column.name };

    return i === 0 ? el('th', { scope: 'row', role: 'rowheader', ...attributes }, content) :
      el('td', { role: 'cell', ...attributes }, content);
  }));

  async function more(foot, next) {
    const mine = turn;

    replace(foot, el('span', { role: 'status' }, 'Loading...'));
    try {
      const page = await fetch(next);
      const lines = page.rows.map(line);

      if (mine !== turn) return;
      body.append(...lines);
      offer(foot, page.next);
      if (lines.length > 0) { // on from where one was
        lines[0].tabIndex = -1;
        lines[0].focus();
      }
    } catch (error) {
      if (mine === turn) replace(foot, failure(error, () => more(foot, next)));
    }
  }

  function offer(foot, next) {
    if (next === null || next === undefined) replace(foot);
    else replace(foot, el('button', { type: 'button', class: 'plain', onclick: () => more(foot, next) }, 'Show more'));
  }

  function table(page) {
    const foot = el('div', { class: 'more' });

    body = el('tbody', { role: 'rowgroup' }, page.rows.map(line));
    put(place,
      el('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': title },
        el('table', { class: 'list', role: 'table' }, // said, since a phone shows its rows as cards
          el('caption', { class: 'unseen' }, title),
          el('thead', { role: 'rowgroup' }, el('tr', { role: 'row' }, columns.map((column) =>
            el('th', { scope: 'col', role: 'columnheader', class: column.number ? 'number' : null }, column.name)))),
          body)),
      foot);
    offer(foot, page.next);
  }

  function show(page) {
    const none = typeof empty === 'function' ? empty() : empty;

    body = null;
    if (page.rows.length > 0) table(page);
    else put(place, el('div', { class: 'state' }, typeof none === 'string' ? el('p', {}, none) : none));
    after?.(page);
  }

  async function reload() {
    const mine = ++turn;

    place.setAttribute('aria-busy', 'true');
    if (place.childElementCount === 0) replace(place, loading());
    try {
      const page = await fetch(null);

      if (mine === turn) show(page);
    } catch (error) {
      body = null;
      if (mine === turn) put(place, failure(error, reload));
    } finally {
      if (mine === turn) place.removeAttribute('aria-busy');
    }
  }

  async function update() {
    const mine = turn;
    const page = await fetch(null);

    if (mine !== turn) return;
    if (body === null || page.rows.length === 0) {
      show(page);
      return;
    }
    const old = new Map([...body.rows].map((row) => [row.dataset.key, row]));
    let fresh = 0;

    for (const row of page.rows) {
      const there = old.get(String(key(row)));
      const by = line(row);

      if (there === undefined) body.insertBefore(by, body.rows[fresh++] ?? null);
      else if (there.textContent !== by.textContent) exchange(there, by);
    }
    after?.(page);
  }

  reload();
  return { reload, update };
}
