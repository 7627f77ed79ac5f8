/*
 * fields.js: forms of a service that says itself what is wrong with a field.
 */
import { Problem, faultSentence } from './api.js';
import { countdown, span } from './countdown.js';
import { el, freshId, replace } from './dom.js';

function inputOf(spec, common) {
  return el('input', {
    ...common,
    type: spec.type ?? 'text',
    value: spec.value ?? '',
    autocomplete: spec.autocomplete ?? 'off',
    spellcheck: 'false',
    autocapitalize: 'none',
    placeholder: spec.placeholder,
    maxlength: spec.maxlength,
    accept: spec.accept,
    autofocus: spec.autofocus,
  });
}

/* A password with the switch that shows it. */
function passwordOf(control, spec) {
  const button = el('button', {
    type: 'button',
    class: 'plain',
    'aria-pressed': 'false',
    onclick: () => {
      const shown = control.type === 'password';

      control.type = shown ? 'text' : 'password';
      button.setAttribute('aria-pressed', shown ? 'true' : 'false');
    },
  }, 'Show', el('span', { class: 'unseen' }, ` (${spec.label})`));

  return el('span', { class: 'with-button' }, control, button);
}

/* Some of several, each with a box: its value is what of them is chosen, with commas. */
function setOf(spec, name) {
  const chosen = (spec.value ?? '').split(',');
  const boxes = spec.options.map(([value, label]) => {
    const id = freshId('choice');

    return {
      value,
      box: el('input', { type: 'checkbox', id, name, value, checked: chosen.includes(value) }),
      label: el('label', { for: id }, label),
    };
  });

  return { boxes, body: el('span', { class: 'choices' }, boxes.map(({ box, label }) => el('span', { class: 'check' }, box, label))) };
}

/* Something that a form is about and does not ask: for who fills forms in for people. */
function knownOf(spec) {
  const control = el('input', {
    class: 'unseen', name: spec.name, value: spec.value, autocomplete: spec.autocomplete, readonly: true, tabindex: '-1', 'aria-hidden': 'true',
  });

  return { spec, control, error: el('span'), element: control };
}

/*
 * One field: {name, label, type, hint, value, options, required, autocomplete}.
 *
 *   type     that of an input; "checkbox"; "set", which is some of the options; "file"; or
 *            "known", which is neither shown nor sent
 *   options  [[value, label]], one of which is chosen
 *   custom   controls of one's own: (spec, described) => {element, control, value()}, of which
 *            control is to be focused where something is wrong, and described by those ids
 */
function fieldOf(spec) {
  const id = freshId('field');

  if (spec.type === 'known') return knownOf(spec);
  const error = el('span', { class: 'error', id: `${id}-error` });
  const hint = spec.hint ? el('span', { class: 'hint', id: `${id}-hint` }, spec.hint) : null;
  const described = hint === null ? `${id}-error` : `${id}-hint ${id}-error`;
  const common = { id, name: spec.name, 'aria-describedby': described, required: spec.required };
  const label = el('label', { for: id }, spec.label);

  if (spec.custom !== undefined) {
    const { element, control, value } = spec.custom(spec, described);

    return { spec, control, value, error, element: el('fieldset', {}, el('legend', {}, spec.label), hint, element, error) };
  }
  if (spec.type === 'set') {
    const { boxes, body } = setOf(spec, spec.name);
    const control = el('fieldset', { id, 'aria-describedby': described, tabindex: '-1' },
      el('legend', {}, spec.label), hint, body, error);

    return { spec, control, boxes, error, element: control };
  }
  if (spec.type === 'checkbox') {
    const control = el('input', { ...common, type: 'checkbox', checked: spec.value });

    return { spec, control, error, element: el('p', { class: 'check' }, control, label, hint, error) };
  }
  const control = spec.options === undefined ? inputOf(spec, common) :
    el('select', common, spec.options.map(([value, text]) => el('option', { value, selected: value === spec.value }, text)));

  return {
    spec, control, error,
    element: el('div', { class: 'field' }, label, spec.type === 'password' ? passwordOf(control, spec) : control, hint, error),
  };
}

function valueOf({ spec, control, boxes, value }) {
  if (value !== undefined) return value();
  if (boxes !== undefined) return boxes.filter(({ box }) => box.checked).map(({ value }) => value).join(',');
  if (spec.type === 'checkbox') return control.checked;
  if (spec.type === 'file') return control.files[0] ?? '';
  return spec.type === 'password' ? control.value : control.value.trim();
}

/* The beginning of a sentence. */
function capital(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function faultShow(part, text) {
  part.control.setAttribute('aria-invalid', text === '' ? 'false' : 'true');
  part.error.textContent = text;
}

/*
 * Puts a refusal to its fields, and says the rest in status; faults of fields that the form has
 * not are said there too.  Where the service said how long to wait, that is counted down.
 */
function refuse(parts, status, error, hold) {
  const rest = [];

  for (const one of error.errors) {
    const part = parts.find(({ spec }) => spec.name === one.field);

    if (part === undefined) rest.push(faultSentence(one));
    else faultShow(part, capital(faultSentence({ ...one, field: '' })));
  }
  const first = parts.find(({ control }) => control.getAttribute('aria-invalid') === 'true');
  const text = rest.length > 0 ? rest.join(' ') :
    (first !== undefined ? 'Please look at what is marked above.' : error.message);
  const wait = Number(error.wait ?? 0);

  if (wait > 0) {
    const left = el('span', {});

    // The words are told once; a clock that is read out every second helps nobody.
    replace(status, el('span', { class: 'error' }, text), el('span', { class: 'hint', 'aria-hidden': 'true' }, left));
    hold(wait, (seconds) => replace(left, `It can be tried again in ${span(seconds)}.`), () => replace(status));
  } else {
    replace(status, el('span', { class: 'error' }, text));
  }
  first?.control.focus();
}

/*
 * A form that sends its fields and shows what comes back.
 *
 *   fields   see fieldOf(); what is empty and not required is not sent, unless empty is true
 *   verb     what the button says
 *   send     async (values) => anything; a Problem is shown, field by field where it can
 *   done     (what send returned) => void
 *   also     what stands beside the button
 *
 * Returns the element.
 */
export function form({ fields, verb, send, done, danger, also }) {
  const parts = fields.map(fieldOf);
  const status = el('p', { class: 'said', role: 'status' });
  const button = el('button', { type: 'submit', class: danger ? 'danger' : null }, verb);
  let waiting = false;

  // The button keeps the focus while it waits; a disabled one would lose it.
  function wait(on) {
    waiting = on;
    button.setAttribute('aria-disabled', on ? 'true' : 'false');
  }

  function hold(seconds, each, end) {
    countdown(seconds, (left) => {
      wait(true);
      each(left);
    }, () => {
      wait(false);
      end();
    });
  }

  function values() {
    const found = {};

    for (const part of parts.filter(({ spec }) => spec.type !== 'known')) {
      const value = valueOf(part);

      if (value !== '' || part.spec.required || part.spec.empty) found[part.spec.name] = value;
    }
    return found;
  }

  async function submit(event) {
    event.preventDefault();
    if (waiting) return;
    for (const part of parts) {
      const text = part.spec.required && valueOf(part) === '' ? 'Please fill this in.' : part.spec.check?.(valueOf(part));

      faultShow(part, text ?? '');
    }
    const first = parts.find(({ error }) => error.textContent !== '');

    replace(status);
    if (first !== undefined) {
      first.control.focus();
      return;
    }
    wait(true);
    replace(status, 'One moment...');
    try {
      const result = await send(values());

      wait(false);
      replace(status);
      done(result);
    } catch (error) {
      wait(false);
      if (!(error instanceof Problem)) throw error;
      refuse(parts, status, error, hold);
    }
  }

  return el('form', { novalidate: true, onsubmit: submit }, parts.map((part) => part.element),
    el('p', { class: 'actions' }, button, also), status);
}
