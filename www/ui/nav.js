/*
 * nav.js: the bar on top of each page: where to go, who is here, light or dark.
 */
import { logOut } from './api.js';
import { byId, el, replace } from './dom.js';
import { tellProblem } from './notice.js';
import { kind } from './session.js';

const PLACE = 'forestgate.theme';
const themes = [['', 'Auto'], ['light', 'Light'], ['dark', 'Dark']];

function theme() {
  try {
    return localStorage.getItem(PLACE) ?? '';
  } catch {
    return '';
  }
}

function themeSet(name) {
  if (name === '') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = name;
  try {
    localStorage.setItem(PLACE, name);
  } catch {
    // then it lasts as long as the page
  }
}

function themeChoice() {
  const select = el('select', { 'aria-label': 'Colours', title: 'Colours', onchange: () => themeSet(select.value) },
    themes.map(([name, label]) => el('option', { value: name, selected: name === theme() }, label)));

  return select;
}

function who() {
  if (kind() === 'none') return el('a', { href: './account' }, 'Log in');
  return el('button', { type: 'button', class: 'plain', onclick: () => logOut().catch(tellProblem) },
    kind() === 'key' ? 'Forget the key' : 'Log out');
}

/* Fills <header id="top">; here is the page's own name: "home", "account", "admin" or "reference". */
export function nav(here) {
  const link = (name, href, label) =>
    el('a', { href, 'aria-current': name === here ? 'page' : null }, label);
  const place = el('span', {}, who());

  themeSet(theme());
  byId('top').classList.add('top');
  replace(byId('top'),
    el('a', { class: 'unseen skip', href: '#main' }, 'To the content'),
    el('nav', { 'aria-label': 'Pages' },
      el('a', { class: 'brand', href: './' }, el('img', { src: './ui/icon.svg', alt: '' }), 'Forestgate'),
      link('home', './', 'Models'), link('account', './account', 'Account'),
      link('admin', './admin', 'Administration'), link('reference', './redoc', 'Reference'),
      el('span', { class: 'break' }), el('span', { class: 'right' }, place, themeChoice())));
  document.addEventListener('session', () => replace(place, who()));
}
