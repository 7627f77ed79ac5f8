/*
 * admin_calls.js: the log of all calls.
 */
import { callsPanel } from './account_calls.js';
import { room } from './admin_parts.js';

export function callsRoom() {
  return room('Calls', 'Every metered request, newest first: what was asked, by whom, and how it ended.', null,
    callsPanel('admin/calls', [['user', 'User']]));
}
