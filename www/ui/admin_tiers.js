/*
 * admin_tiers.js: tiers and their limits.
 */
import { askJson } from './api.js';
import { number } from './chart.js';
import { confirmByName } from './dialog.js';
import { el } from './dom.js';
import { form } from './fields.js';
import { list } from './list.js';
import { tell, tellProblem } from './notice.js';
import { paged } from './paged.js';

export function tiersPanel() {
  const place = el('div');
  const shown = list(place, {
    title: 'Tiers',
    columns: [
      { name: 'Tier', cell: (tier) => tier.name },
      { name: 'Limits', cell: (tier) => tier.limits || 'none' },
      { name: 'A call costs', cell: (tier) => (tier.price === 'row' ? 'its rows' : 'one') },
      { name: 'Refuses', cell: (tier) => (tier.shadow ? 'no, it only counts' : 'yes') },
      { name: 'Keys', number: true, cell: (tier) => number(tier.keys) },
      { name: 'Change', cell: (tier) => el('button', { type: 'button', class: 'plain', onclick: () => remove(tier) }, 'Delete') },
    ],
    fetch: paged('admin/tiers', 'tiers'),
    empty: 'There is no tier.',
  });

  async function remove(tier) {
    if (!await confirmByName({
      title: 'Delete a tier', name: tier.name, verb: 'Delete it', text: 'A tier that somebody is of stays.',
    })) return;
    try {
      await askJson('DELETE', `admin/tiers/${encodeURIComponent(tier.name)}`);
      tell(`The tier ${tier.name} is deleted.`);
    } catch (error) {
      tellProblem(error);
    }
    shown.reload();
  }

  return el('div', {}, place, el('section', { class: 'card' }, el('h2', {}, 'Make or change a tier'), form({
    fields: [
      { name: 'name', label: 'Name', required: true },
      { name: 'limits', label: 'Limits', hint: 'rates and quotas: 100/60s,10000/day; empty: none', empty: true },
      { name: 'price', label: 'A call costs', options: [['call', 'one'], ['row', 'its rows']], value: 'call' },
      { name: 'shadow', label: 'Only count and report, refuse nothing', type: 'checkbox' },
    ],
    verb: 'Keep the tier',
    send: ({ name, ...body }) => askJson('PUT', `admin/tiers/${encodeURIComponent(name)}`, { body }),
    done: (tier) => {
      tell(`The tier ${tier?.name ?? ''} is kept; it counts from the next request on.`);
      shown.reload();
    },
  })));
}
