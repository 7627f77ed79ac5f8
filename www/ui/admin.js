/*
 * admin.js: the page of administration: who may be here, and its rooms.
 *
 * Which room is open stands in the address behind the #, with what is looked for in it
 * (#keys?user=...), so that it can be gone back to, kept and passed on.  No secret is in it.
 */
import { auditRoom } from './admin_audit.js';
import { callsRoom } from './admin_calls.js';
import { healthRoom } from './admin_health.js';
import { keysRoom } from './admin_keys.js';
import { loginAgain, loginForm } from './admin_login.js';
import { modelsRoom } from './admin_models.js';
import { tiersRoom } from './admin_tiers.js';
import { usageRoom } from './admin_usage.js';
import { usersRoom } from './admin_users.js';
import { askJson } from './api.js';
import { dialogsClose } from './dialog.js';
import { byId, el, replace } from './dom.js';
import { failure } from './load.js';
import { nav } from './nav.js';
import { quiet } from './notice.js';
import { kind } from './session.js';

const rooms = [
  { id: 'health', name: 'Health', make: healthRoom },
  { id: 'models', name: 'Models', make: modelsRoom },
  { id: 'users', name: 'Users', make: usersRoom },
  { id: 'keys', name: 'Keys', make: keysRoom },
  { id: 'tiers', name: 'Tiers', make: tiersRoom },
  { id: 'usage', name: 'Usage', make: usageRoom },
  { id: 'calls', name: 'Calls', make: callsRoom },
  { id: 'audit', name: 'Audit', make: auditRoom },
];

/* Who is here: null while nobody is known to be. */
let caller = null;

/* What the address says: {room, query}. */
function asked() {
  const [id, query] = location.hash.slice(1).split('?');

  return { room: rooms.find((room) => room.id === id) ?? rooms[0], query: new URLSearchParams(query ?? '') };
}

/* On a phone the names of the rooms are a strip that is wider than the window. */
function middle(link) {
  const strip = byId('rooms');

  strip.scrollLeft += link.getBoundingClientRect().left - strip.getBoundingClientRect().left - (strip.clientWidth - link.offsetWidth) / 2;
}

/* Opens the room that the address names; its heading has the focus when somebody went there. */
function open(moved) {
  const { room, query } = asked();

  document.title = `${room.name} - Administration - Forestgate`;
  for (const link of byId('rooms').querySelectorAll('a')) {
    const here = link.getAttribute('href') === `#${room.id}`;

    if (here) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
    if (here) middle(link);
  }
  replace(byId('room'), room.make(query));
  if (moved) byId('room').querySelector('h2')?.focus();
}

function house() {
  replace(byId('admin'), el('div', { class: 'house' },
    el('nav', { id: 'rooms', class: 'rooms', 'aria-label': 'Administration' },
      el('ul', {}, rooms.map((room) => el('li', {}, el('a', { href: `#${room.id}` }, room.name))))),
    el('div', { id: 'room', class: 'room' })));
  open(false);
}

function strangers() {
  dialogsClose();
  replace(byId('admin'), el('section', { class: 'card entry', 'aria-labelledby': 'entry' },
    el('h2', { id: 'entry' }, 'For administrators'),
    el('p', {}, 'Log in with an account that administers this service.'), loginForm()));
}

function refused(who) {
  dialogsClose();
  replace(byId('admin'), el('div', { class: 'state' },
    el('p', {}, `This is for administrators, and ${who} is none.`),
    el('p', {}, el('a', { href: './account' }, 'Your own keys, calls and jobs'))));
}

/* Whoever comes is asked for once; who was here and may no more is told so. */
async function enter() {
  const known = kind() === 'none' ? null : await askJson('GET', 'protected');

  if (known === null) strangers();
  else if (!known.scopes.split(',').includes('admin')) refused(known.username ?? 'this key');
  else if (caller === null || caller.user !== known.user || byId('room') === null) house();
  caller = known !== null && known.scopes.split(',').includes('admin') ? known : null;
}

async function refresh() {
  try {
    await enter();
  } catch (error) {
    if (kind() === 'none') strangers();
    else replace(byId('admin'), failure(error, refresh));
  }
}

/*
 * A session that ends in the middle takes nothing from the page: who logs in again goes on
 * where it ended.  Who logs out sees none of it any more.
 */
async function sessionChanged(event) {
  if (kind() === 'none' && caller !== null && event.detail.lapsed && await loginAgain()) return;
  if (kind() === 'none') {
    caller = null;
    quiet();
  }
  await refresh();
}

nav('admin');
document.addEventListener('session', sessionChanged);
document.addEventListener('denied', refresh);
addEventListener('hashchange', () => {
  if (byId('room') !== null) open(true);
});
refresh();
