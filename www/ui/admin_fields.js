/*
 * admin_fields.js: fields of several controls (custom, of fields.js), and what they are filled
 * with: the names of models and tiers that there are.
 */
import { askJson } from './api.js';
import { el, freshId } from './dom.js';

/* All rows of a list that counts from an offset, up to so many. */
async function all(path, member, most = 5000) {
  const rows = [];
  let total = 1;

  while (rows.length < total && rows.length < most) {
    const page = await askJson('GET', path, { query: { limit: 1000, offset: rows.length } });

    if (page[member].length === 0) break;
    rows.push(...page[member]);
    total = page.total;
  }
  return rows;
}

export const tiersAll = () => all('admin/tiers', 'tiers');
export const keysAll = () => all('admin/keys', 'keys');
export const usersAll = () => all('admin/users', 'users');

/*
 * The models, each with all its versions.  The service pages by versions, so one model may be
 * in two pages.
 */
export async function modelsAll(name) {
  const models = new Map();
  let offset = 0;
  let total = 1;

  while (offset < total) {
    const page = await askJson('GET', 'admin/models', { query: { name, limit: 1000, offset } });
    const found = page.models.reduce((sum, model) => sum + model.versions.length, 0);

    for (const model of page.models) {
      const known = models.get(model.name);

      if (known === undefined) models.set(model.name, model);
      else known.versions.push(...model.versions);
    }
    if (found === 0) break;
    offset += found;
    total = page.total;
  }
  return [...models.values()];
}

/* Tiers to choose from: [[value, label]]; what is chosen is one of them even if it is gone. */
export function tierOptions(tiers, chosen) {
  const names = tiers.map((tier) => tier.name);

  if (chosen && !names.includes(chosen)) names.push(chosen);
  return names.map((name) => [name, name]);
}

/* As it was written, where the same words are ticked as before. */
function asBefore(words, before) {
  const old = (before ?? '').split(/[\s,]+/).filter((word) => word !== '');

  return old.length === words.length && words.every((word) => old.includes(word)) ? before ?? '' : words.join(',');
}

/* Words that are ticked: spec.choices [[word, label, hint]]; the value is "a,b". */
export function choicesField(spec, described) {
  const chosen = (spec.value ?? '').split(/[\s,]+/);
  const boxes = spec.choices.map(([word, label, hint]) => {
    const id = freshId('choice');
    const box = el('input', { type: 'checkbox', id, value: word, checked: chosen.includes(word), 'aria-describedby': described });

    return {
      box,
      element: el('p', { class: 'check' }, box, el('label', { for: id }, label,
        hint ? el('span', { class: 'second' }, hint) : null)),
    };
  });

  return {
    element: el('div', { class: 'choices' }, boxes.map(({ element }) => element)),
    control: boxes[0].box,
    value: () => asBefore(boxes.filter(({ box }) => box.checked).map(({ box }) => box.value), spec.value),
  };
}

/* All models, or those that are ticked; the value is "*", "" or "a,b". */
export function modelsField(spec, described) {
  const group = freshId('models');
  const chosen = (spec.value ?? '').split(/[\s,]+/).filter((name) => name !== '' && name !== '*');
  const names = [...new Set([...spec.models, ...chosen])].sort();
  const which = choicesField({ value: chosen.join(','), choices: names.map((name) => [name, name]) }, described);
  const radio = (label, on) => {
    const id = freshId('models');
    const control = el('input', { type: 'radio', id, name: group, checked: on, 'aria-describedby': described, onchange: () => show() });

    return { control, element: el('p', { class: 'check' }, control, el('label', { for: id }, label)) };
  };
  const every = radio('All models, those of the future too', spec.value === '*');
  const some = radio(names.length === 0 ? 'None' : 'These', spec.value !== '*');
  const list = el('div', { class: 'inner' }, names.length === 0 ? null : which.element);
  const show = () => { list.hidden = !some.control.checked || names.length === 0; };

  show();
  return {
    element: el('div', {}, every.element, some.element, list),
    control: every.control,
    value: () => (every.control.checked ? '*' : names.length === 0 ? '' : which.value()),
  };
}

/* One of spec.times [[value, label]], or another one as text: spec.other, with spec.such as it. */
export function lastingField({ other: another = 'another time...', such = '45d', ...spec }, described) {
  const other = el('input', {
    'aria-label': `${spec.label}: another, such as ${such}`, 'aria-describedby': described, placeholder: such,
    size: 6, autocomplete: 'off', hidden: true,
  });
  const select = el('select', {
    'aria-label': spec.label,
    'aria-describedby': described,
    onchange: () => {
      other.hidden = select.value !== 'other';
      if (!other.hidden) other.focus();
    },
  }, [...spec.times, ['other', another]].map(([value, label]) => el('option', { value, selected: value === spec.value }, label)));

  return {
    element: el('p', { class: 'limitline' }, select, ' ', other),
    control: select,
    value: () => (select.value === 'other' ? other.value.trim() : select.value),
  };
}
