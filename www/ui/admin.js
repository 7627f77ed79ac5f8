/*
 * admin.js: what an administrator looks at and changes.
 */
import { callsPanel } from './account_calls.js';
import { keysPanel } from './admin_keys.js';
import { modelsPanel } from './admin_models.js';
import { auditPanel, healthPanel, usagePanel } from './admin_state.js';
import { tiersPanel } from './admin_tiers.js';
import { usersPanel } from './admin_users.js';
import { askJson } from './api.js';
import { byId, el, replace } from './dom.js';
import { nav } from './nav.js';
import { tellProblem } from './notice.js';
import { kind } from './session.js';
import { tabs } from './snippet.js';

function rooms() {
  replace(byId('admin'), tabs('What is administered', [
    { name: 'Health', content: () => healthPanel() },
    { name: 'Models', content: () => modelsPanel() },
    { name: 'Users', content: () => usersPanel() },
    { name: 'Keys', content: () => keysPanel() },
    { name: 'Tiers', content: () => tiersPanel() },
    { name: 'Usage', content: () => usagePanel() },
    { name: 'Calls', content: () => callsPanel('admin/calls', [['user', 'User']]) },
    { name: 'Audit', content: () => auditPanel() },
  ]));
}

async function refresh() {
  if (kind() === 'none') {
    replace(byId('admin'), el('p', { class: 'state' }, 'This is for administrators: ',
      el('a', { href: './account' }, 'log in'), ' first.'));
    return;
  }
  try {
    const caller = await askJson('GET', 'protected');

    if (caller.scopes.split(',').includes('admin')) rooms();
    else {
      replace(byId('admin'), el('p', { class: 'state' },
        `This is for administrators, and ${caller.username ?? 'this key'} is none.`));
    }
  } catch (error) {
    tellProblem(error);
  }
}

nav('admin');
document.addEventListener('session', refresh);
refresh();
