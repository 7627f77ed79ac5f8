/*
 * admin_tiers.js: tiers: named sets of limits.
 */
import { act, button, changeForm, room, sheet, tag, twoLines } from './admin_parts.js';
import { Problem, askJson } from './api.js';
import { number } from './chart.js';
import { confirmByName } from './dialog.js';
import { form } from './fields.js';
import { limitsCell, limitsField } from './limit_words.js';
import { list } from './list.js';
import { tell } from './notice.js';
import { paged } from './paged.js';
import { tiersAll } from './admin_fields.js';

const prices = [['call', 'one, however many rows it has'], ['row', 'its rows']];
const path = (name) => `admin/tiers/${encodeURIComponent(name)}`;
const names = ['limits', 'price', 'shadow'];
const part = (tier) => Object.fromEntries(names.map((name) => [name, tier[name]]));

function fields() {
  return [
    { name: 'limits', label: 'Limits', custom: limitsField, hint: 'A rate holds in any stretch of that length. Days and months are those of UTC.' },
    { name: 'price', label: 'A call costs of the quotas', options: prices, value: 'call' },
    { name: 'shadow', label: 'Only count and report, refuse nothing', type: 'checkbox', value: false },
  ];
}

async function find(name) {
  return (await tiersAll()).find((tier) => tier.name === name) ?? null;
}

/* A tier is put as a whole, so what was not changed is sent as it is by now. */
async function put(name, changes) {
  const now = await find(name);

  return askJson('PUT', path(name), { body: { ...(now === null ? {} : part(now)), ...changes } });
}

function create(reload) {
  const { close } = sheet('Make a tier', form({
    fields: [{ name: 'name', label: 'Name', required: true, hint: 'a-z 0-9 _ and -, such as gold' },
      ...fields().map((field) => ({ ...field, empty: true }))],
    verb: 'Make the tier',
    send: async ({ name, ...body }) => {
      if (await find(name) !== null) {
        throw new Problem(409, { errors: [{ field: 'name', problem: 'There is a tier of this name already', allowed: 'another name, or change that one' }] });
      }
      return askJson('PUT', path(name), { body });
    },
    done: (tier) => {
      close();
      reload();
      tell(`The tier ${tier.name} is made.`);
    },
  }), { guards: true });
}

function edit(tier, reload) {
  const { close } = sheet(`The tier ${tier.name}`, changeForm({
    fields: fields(),
    values: part(tier),
    read: async () => {
      const now = await find(tier.name);

      return now === null ? null : part(now);
    },
    send: (changes) => put(tier.name, changes),
    done: (made, before) => {
      close();
      reload();
      if (made === null) tell('Nothing was changed.');
      else {
        tell(`The tier ${tier.name} is changed; it counts from the next request on.`, async () => {
          await put(tier.name, before);
          reload();
          return `The tier ${tier.name} is as before.`;
        });
      }
    },
  }), { guards: true });
}

async function remove(tier, reload) {
  if (!await confirmByName({
    title: 'Delete a tier', name: tier.name, verb: 'Delete it', text: 'A tier that a key or a user is of stays.',
  })) return;
  await act(() => askJson('DELETE', path(tier.name)), `The tier ${tier.name} is deleted.`, async () => {
    await askJson('PUT', path(tier.name), { body: part(tier) });
    reload();
    return `The tier ${tier.name} is there again.`;
  });
  reload();
}

export function tiersRoom() {
  const place = document.createElement('div');
  const reload = () => shown.reload();
  const shown = list(place, {
    title: 'Tiers',
    columns: [
      { name: 'Tier', cell: (tier) => twoLines(tier.name, tier.shadow ? 'counts, refuses nothing' : null) },
      { name: 'Limits', cell: (tier) => limitsCell(tier.limits) },
      { name: 'A call costs', cell: (tier) => (tier.price === 'row' ? 'its rows' : 'one') },
      { name: 'Refuses', cell: (tier) => (tier.shadow ? tag('no', 'warn') : tag('yes', 'good')) },
      { name: 'Keys', number: true, cell: (tier) => number(tier.keys) },
      {
        name: 'Change',
        cell: (tier) => [button('Change', () => edit(tier, reload), { of: `the tier ${tier.name}` }), ' ',
          button('Delete', () => remove(tier, reload), { of: `the tier ${tier.name}` })],
      },
    ],
    fetch: paged('admin/tiers', 'tiers'),
    empty: 'There is no tier. Make one: keys and users are of tiers.',
  });

  return room('Tiers', 'How often, and how much: each user and each key is of one.',
    button('Make a tier', () => create(reload), { kind: '' }), place);
}
