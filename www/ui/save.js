/*
 * save.js: has the browser keep what the service answers as a file.  A plain link could not: it
 * would have no credential, and one must not stand in an address.
 */
import { ask } from './api.js';
import { el } from './dom.js';

const KEEP_MS = 60000; // until the browser has it for certain

export async function save(path, name, { query, accept } = {}) {
  const answer = await ask('GET', path, { query, accept: accept ?? '*/*' });
  const url = URL.createObjectURL(await answer.blob());

  el('a', { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), KEEP_MS);
}
