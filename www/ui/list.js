/*
 * list.js: a list of things of the service as a table, with its four states: it is being
 * fetched, it failed, there is nothing, here it is.
 */
import { el, replace } from './dom.js';

/*
 * Shows a list in place.
 *
 *   title    what the table is of, for screen readers
 *   columns  [{name, cell: (row) => text or element, number: true where it is one}]
 *   fetch    async (next) => {rows, next}: a page of rows, and what leads to the next or null
 *   empty    what is said where there is nothing: text or element, or a function of no argument
 *
 * Returns {reload}: fetches it anew from the beginning.
 */
export function list(place, { title, columns, fetch, empty }) {
  let turn = 0;

  const state = (...content) => replace(place, el('div', { class: 'state' }, ...content));

  const line = (row) => el('tr', {}, columns.map((column, i) => {
    const content = column.cell(row);
    const attributes = { class: column.number ? 'number' : null, 'data-name': column.name };

    return i === 0 ? el('th', { scope: 'row', ...attributes }, content) : el('td', attributes, content);
  }));

  const failed = (error, again) => [
    el('p', { class: 'note bad', role: 'alert' },
      typeof error.sentence === 'function' ? error.sentence() : error.message),
    el('p', {}, el('button', { type: 'button', class: 'plain', onclick: again }, 'Try again')),
  ];

  async function more(body, foot, next) {
    const mine = turn;

    replace(foot, el('span', { role: 'status' }, 'Loading...'));
    try {
      const page = await fetch(next);

      if (mine !== turn) return;
      body.append(...page.rows.map(line));
      offer(body, foot, page.next);
    } catch (error) {
      if (mine === turn) replace(foot, ...failed(error, () => more(body, foot, next)));
    }
  }

  function offer(body, foot, next) {
    if (next === null || next === undefined) replace(foot);
    else replace(foot, el('button', { type: 'button', class: 'plain', onclick: () => more(body, foot, next) }, 'Show more'));
  }

  function table(page) {
    const body = el('tbody', {}, page.rows.map(line));
    const foot = el('p', { class: 'more' });

    replace(place,
      el('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': title },
        el('table', {},
          el('caption', { class: 'unseen' }, title),
          el('thead', {}, el('tr', {}, columns.map((column) =>
            el('th', { scope: 'col', class: column.number ? 'number' : null }, column.name)))),
          body)),
      foot);
    offer(body, foot, page.next);
  }

  async function reload() {
    const mine = ++turn;

    place.setAttribute('aria-busy', 'true');
    if (place.childElementCount === 0) state(el('p', { role: 'status' }, 'Loading...'));
    try {
      const page = await fetch(null);

      if (mine !== turn) return;
      if (page.rows.length > 0) table(page);
      else {
        const said = typeof empty === 'function' ? empty() : empty;

        state(typeof said === 'string' ? el('p', {}, said) : said);
      }
    } catch (error) {
      if (mine === turn) state(...failed(error, reload));
    } finally {
      if (mine === turn) place.removeAttribute('aria-busy');
    }
  }

  reload();
  return { reload };
}
