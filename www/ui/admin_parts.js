/*
 * admin_parts.js: what the rooms of the administration share: their heads, lists with filters,
 * dialogs in which something is changed, and parts that are fetched once.
 */
import { Problem } from './api.js';
import { el, freshId, replace } from './dom.js';
import { form } from './fields.js';
import { load } from './load.js';
import { tell, tellProblem } from './notice.js';

/* The head of a room, and what is in it. */
export function room(name, lead, acts, ...content) {
  return el('div', {},
    el('header', { class: 'roomhead' },
      el('div', {}, el('h2', { tabindex: '-1' }, name), el('p', { class: 'lead' }, lead)),
      el('div', { class: 'actions' }, acts)),
    content);
}

/* A button; `of` says to whom the label alone is no name of what it acts on. */
export function button(label, onclick, { of, kind = 'plain' } = {}) {
  return el('button', { type: 'button', class: kind || null, onclick },
    label, of === undefined ? null : el('span', { class: 'unseen' }, ` ${of}`));
}

export function tag(text, kind = '') {
  return el('span', { class: `tag ${kind}` }, text);
}

/* A name with what else there is to know it by, in one cell. */
export function twoLines(first, second) {
  return [el('span', { class: 'first' }, first), second ? el('span', { class: 'second' }, second) : null];
}

/* A part of a page that is fetched: show(what came, load) => content. */
export function fetched(fetch, show) {
  const place = el('div', {});
  const again = load(place, fetch, (found) => show(found, () => again()));

  return place;
}

/* Does something and tells that it was done, or why not; whether it was. */
export async function act(what, said, undo) {
  try {
    await what();
    tell(said, undo);
    return true;
  } catch (error) {
    tellProblem(error);
    return false;
  }
}

/*
 * A dialog beside the page, until it is closed.  Escape closes it; where something was typed
 * it asks for a second one.  Returns {dialog, close}.
 */
export function sheet(title, content, { onclose = () => {}, guards = false } = {}) {
  const heading = freshId('sheet');
  const warning = el('p', { role: 'status', class: 'hint' });
  const dialog = el('dialog', {
    class: 'sheet',
    'aria-labelledby': heading,
    oninput: () => { dialog.dataset.changed = guards ? 'yes' : ''; },
    oncancel: (event) => leave(event),
    onclose: () => {
      dialog.remove();
      onclose();
    },
  });
  const close = () => {
    if (dialog.open) dialog.close();
  };

  function leave(event) {
    if (dialog.dataset.changed !== 'yes') return true;
    event.preventDefault();
    dialog.dataset.changed = 'asked';
    replace(warning, 'What you have changed is not saved. Once more, and it is thrown away.');
    return false;
  }

  replace(dialog,
    el('header', { class: 'sheethead' }, el('h2', { id: heading, tabindex: '-1', autofocus: true }, title),
      el('button', {
        type: 'button',
        class: 'plain',
        onclick: (event) => { if (leave(event)) close(); },
      }, 'Close')),
    warning, content);
  document.body.append(dialog);
  dialog.showModal();
  return { dialog, close };
}

/* The browser asks before a page goes away on which something is being changed. */
addEventListener('beforeunload', (event) => {
  if (document.querySelector('dialog.sheet[data-changed="yes"]') !== null) event.preventDefault();
});

const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

/*
 * The form of a thing that is there.  What was not changed is not sent; and where somebody else
 * has changed the same meanwhile, that is said first and nothing done.
 *
 *   values  what it is now, by the names of the fields
 *   fields  of fields.js, whose values are set by this
 *   read    async () => the same values as they are by now; null where it is gone
 *   send    async (changes) => anything
 *   done    (what send returned, or null where nothing was changed; the values that those which
 *           were changed had before, to undo it) => void
 */
export function changeForm({ fields, values, read, send, done, verb = 'Save' }) {
  let known = values;
  let back = {};

  async function attempt(entered) {
    const full = Object.fromEntries(fields.map(({ name }) => [name, entered[name] ?? '']));
    const changed = fields.map(({ name }) => name).filter((name) => !same(full[name], known[name]));
    const now = await read();

    if (now === null) throw new Problem(404, { detail: 'It is gone: somebody else has deleted it.' });
    const clashes = changed.filter((name) => !same(now[name], known[name]) && !same(now[name], full[name]));

    if (clashes.length > 0) {
      known = { ...known, ...Object.fromEntries(clashes.map((name) => [name, now[name]])) };
      throw new Problem(409, {
        errors: clashes.map((field) => ({
          field, problem: `Somebody else has changed this to "${now[field]}" meanwhile`,
          allowed: `press "${verb}" again to put yours in its place`,
        })),
      });
    }
    back = Object.fromEntries(changed.map((name) => [name, now[name]]));
    return changed.length === 0 ? null : send(Object.fromEntries(changed.map((name) => [name, full[name]])));
  }

  return form({
    fields: fields.map((field) => ({ ...field, value: values[field.name], empty: true })),
    verb,
    send: attempt,
    done: (result) => done(result, back),
  });
}

/* Fields above a list that say what is in it: [{name, label, options or type, value}]. */
export function filters(label, specs, onchange) {
  const values = Object.fromEntries(specs.map(({ name, value }) => [name, value ?? '']));
  let timer = 0;
  const set = (name, text, wait) => {
    if (values[name] === text.trim()) return;
    values[name] = text.trim();
    clearTimeout(timer);
    timer = setTimeout(onchange, wait);
  };
  const controls = specs.map((spec) => {
    const id = freshId('filter');
    const control = spec.options === undefined ?
      el('input', {
        id, type: spec.type ?? 'search', value: values[spec.name], placeholder: spec.placeholder, spellcheck: 'false',
        autocapitalize: 'none', autocomplete: 'off', oninput: () => set(spec.name, control.value, 300),
        onchange: () => set(spec.name, control.value, 0),
      }) :
      el('select', { id, onchange: () => set(spec.name, control.value, 0) }, spec.options.map(([value, name]) =>
        el('option', { value, selected: value === values[spec.name] }, name)));

    return el('p', { class: 'field' }, el('label', { for: id }, spec.label), control);
  });

  return {
    element: el('form', {
      class: 'filters', role: 'search', 'aria-label': label, onsubmit: (event) => event.preventDefault(),
    }, controls),
    values: () => ({ ...values }),
    any: () => Object.values(values).some((value) => value !== ''),
  };
}
