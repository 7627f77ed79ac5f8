/*
 * sections.js: the parts of a page, one at a time, each with an address of its own behind the #:
 * so that a part can be linked to, kept as a bookmark and gone back to.
 */
import { el, replace } from './dom.js';

/*
 * A bar of links and the part that is chosen: items are [{id, name, content: () => element}],
 * each with a heading h2 that can take the focus (tabindex -1).  title is the page's own.
 */
export function sections(label, title, items) {
  const links = items.map(({ id, name }) => el('a', { href: `#${id}` }, name));
  const place = el('div', { class: 'part' });
  const chosen = () => items.findIndex(({ id }) => `#${id}` === location.hash);

  function show(i) {
    links.forEach((link, k) => {
      if (k === i) link.setAttribute('aria-current', 'page');
      else link.removeAttribute('aria-current');
    });
    requestAnimationFrame(() => links[i].scrollIntoView({ block: 'nearest', inline: 'nearest' }));
    document.title = `${items[i].name} - ${title}`;
    replace(place, items[i].content());
  }

  function moved() {
    if (!place.isConnected) {
      removeEventListener('hashchange', moved);
      return;
    }
    const i = chosen();

    if (i < 0) return; // another link within the page
    show(i);
    place.querySelector('h2')?.focus();
  }

  addEventListener('hashchange', moved);
  show(Math.max(0, chosen()));
  return el('div', {}, el('nav', { class: 'parts', 'aria-label': label }, el('ul', {}, links.map((link) => el('li', {}, link)))), place);
}
