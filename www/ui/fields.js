/*
 * fields.js: forms of a service that says itself what is wrong with a field.
 */
import { Problem, faultSentence } from './api.js';
import { el, freshId, replace } from './dom.js';

/* A field of several controls: spec.custom(spec, described) => {element, control, value()}. */
function groupOf(spec, id, described) {
  const made = spec.custom(spec, described);
  const error = el('span', { class: 'error', id: `${id}-error` });

  return {
    spec,
    control: made.control,
    error,
    value: made.value,
    element: el('fieldset', { class: 'group' }, el('legend', {}, spec.label), made.element,
      el('span', { class: 'hint', id: `${id}-hint` }, spec.hint ?? ''), error),
  };
}

/* One field: {name, label, type, hint, value, options, required, autocomplete, custom}. */
function fieldOf(spec) {
  const id = freshId('field');
  const described = `${id}-hint ${id}-error`;

  if (spec.custom !== undefined) return groupOf(spec, id, described);
  const common = { id, name: spec.name, 'aria-describedby': described, required: spec.required };
  let control;

  if (spec.options !== undefined) {
    control = el('select', common, spec.options.map(([value, label]) =>
      el('option', { value, selected: value === spec.value }, label)));
  } else if (spec.type === 'checkbox') {
    control = el('input', { ...common, type: 'checkbox', checked: spec.value });
  } else {
    control = el('input', {
      ...common,
      type: spec.type ?? 'text',
      value: spec.value ?? '',
      autocomplete: spec.autocomplete ?? 'off',
      spellcheck: 'false',
      autocapitalize: 'none',
      placeholder: spec.placeholder,
    });
  }
  const label = el('label', { for: id }, spec.label);
  const error = el('span', { class: 'error', id: `${id}-error` });
  const element = spec.type === 'checkbox' ?
    el('p', { class: 'check' }, control, label, error) :
    el('p', { class: 'field' }, label, control, el('span', { class: 'hint', id: `${id}-hint` }, spec.hint ?? ''), error);

  return { spec, control, error, element };
}

function valueOf({ spec, control, value }) {
  if (value !== undefined) return value();
  if (spec.type === 'checkbox') return control.checked;
  return spec.type === 'password' ? control.value : control.value.trim();
}

/*
 * A form that sends its fields and shows what comes back.
 *
 *   fields   see fieldOf(); what is empty and not required is not sent
 *   verb     what the button says
 *   send     async (values) => anything; a Problem is shown, field by field where it can
 *   done     (what send returned) => void
 *
 * Returns the element.
 */
export function form({ fields, verb, send, done, danger }) {
  const parts = fields.map(fieldOf);
  const status = el('p', { role: 'status' });
  const button = el('button', { type: 'submit', class: danger ? 'danger' : null }, verb);
  let waiting = false;

  function fault(part, text) {
    part.control.setAttribute('aria-invalid', text === '' ? 'false' : 'true');
    part.error.textContent = text;
  }

  function refuse(error) {
    const rest = [];

    for (const one of error.errors ?? []) {
      const part = parts.find(({ spec }) => spec.name === one.field);

      if (part === undefined) rest.push(faultSentence(one));
      else fault(part, faultSentence({ ...one, field: '' }));
    }
    if (!(error instanceof Problem)) throw error;
    const text = rest.length > 0 ? rest.join(' ') :
      (error.errors.length > 0 ? 'Please look at what is marked above.' : error.sentence());

    replace(status, el('span', { class: 'error' }, text));
    parts.find(({ control }) => control.getAttribute('aria-invalid') === 'true')?.control.focus();
  }

  function values() {
    const found = {};

    for (const part of parts) {
      const value = valueOf(part);

      if (value !== '' || part.spec.required || part.spec.empty) found[part.spec.name] = value;
    }
    return found;
  }

  async function submit(event) {
    event.preventDefault();
    if (waiting) return;
    for (const part of parts) fault(part, part.spec.required && valueOf(part) === '' ? 'Please fill this in.' : '');
    const first = parts.find(({ error }) => error.textContent !== '');

    if (first !== undefined) {
      first.control.focus();
      return;
    }
    // The button keeps the focus while it waits; a disabled one would lose it.
    waiting = true;
    button.setAttribute('aria-disabled', 'true');
    replace(status, 'One moment...');
    try {
      const result = await send(values());

      replace(status);
      done(result);
    } catch (error) {
      refuse(error);
    } finally {
      waiting = false;
      button.setAttribute('aria-disabled', 'false');
    }
  }

  return el('form', { novalidate: true, onsubmit: submit }, parts.map((part) => part.element),
    el('p', { class: 'actions' }, button), status);
}
