/*
 * account.js: the page of what is one's own: keys, usage, calls, jobs, sessions, profile.
 */
import { callsPanel } from './account_calls.js';
import { jobsPanel } from './account_jobs.js';
import { keysPanel } from './account_keys.js';
import { strangers } from './account_login.js';
import { profilePanel, sessionsPanel } from './account_self.js';
import { usagePanel } from './account_usage.js';
import { askJson } from './api.js';
import { dialogsClose } from './dialog.js';
import { byId, el, replace } from './dom.js';
import { load } from './load.js';
import { nav } from './nav.js';
import { quiet, tell } from './notice.js';
import { sections } from './sections.js';
import { kind } from './session.js';

function identity(user) {
  const name = `${user.first_name} ${user.last_name}`.trim();
  return el('p', { class: 'identity' },
    name === '' ? '' : el('strong', {}, name), name === '' ? '' : ' ',
    el('span', { class: 'soft' }, user.username), ' ',
    el('span', { class: 'tag' }, user.role), ' ',
    el('span', { class: 'tag' }, `tier ${user.tier}`));
}

function mine(user) {
  const who = el('div', {}, identity(user));
  const changed = (now) => replace(who, identity(Object.assign(user, now)));

  return [who, sections('Account', 'Account - Forestgate', [
    { id: 'keys', name: 'Keys', content: () => keysPanel(user) },
    { id: 'usage', name: 'Usage', content: () => usagePanel(user) },
    { id: 'calls', name: 'Calls', content: () => callsPanel() },
    { id: 'jobs', name: 'Jobs', content: () => jobsPanel() },
    { id: 'sessions', name: 'Sessions', content: () => sessionsPanel() },
    { id: 'profile', name: 'Profile', content: () => profilePanel(user, changed) },
  ])];
}

function show(lapsed) {
  const place = el('div'); // anew, so that nothing late of who was here before comes into it

  replace(byId('account'), place);
  if (kind() === 'user') {
    load(place, () => askJson('GET', 'users/me'), mine);
  } else {
    document.title = 'Account - Forestgate';
    strangers(place, lapsed);
  }
}

nav('account');
addEventListener('hashchange', quiet); // what was told was of the part before
// Somebody else, or nobody: what is asked was asked of who was here before.
document.addEventListener('session', (event) => {
  dialogsClose();
  quiet();
  show(event.detail.lapsed);
  if (kind() === 'user') byId('title').focus();
  else if (!event.detail.lapsed) tell('You are logged out.');
});
show();
