/*
 * limit_words.js: what a tier or a key allows, in words, and to be changed by people.
 *
 * As text it is "5/60s,1000/day,20000/month": rates, of which no more than so many calls are in
 * any such time, and quotas of a day or month by UTC.
 */
import { el, freshId, replace } from './dom.js';

const units = [['s', 'second', 1], ['m', 'minute', 60], ['h', 'hour', 3600], ['d', 'day', 86400], ['w', 'week', 604800]];
const RATES_MOST = 4;

const count = (number) => Number(number).toLocaleString('en');

/* "60s" as {size, unit}, in the largest unit that fits evenly. */
function windowOf(text) {
  const [, size, letter] = /^(\d+)([smhdw])$/.exec(text);
  const seconds = Number(size) * units.find(([unit]) => unit === letter)[2];
  const [unit, , length] = units.slice(0, 4).findLast(([, , of]) => seconds % of === 0);

  return { size: seconds / length, unit };
}

function windowWords({ size, unit }) {
  const name = units.find(([letter]) => letter === unit)[1];

  return size === 1 ? name : `${count(size)} ${name}s`;
}

/* The parts of the text: {rates: [{count, size, unit}], day, month}. */
export function limitsRead(text) {
  const limits = { rates: [], day: '', month: '' };

  for (const item of (text ?? '').split(/[\s,]+/).filter((part) => part !== '')) {
    const [number, of] = item.split('/');

    if (of === 'day' || of === 'month') limits[of] = number;
    else limits.rates.push({ count: number, ...windowOf(of) });
  }
  return limits;
}

function limitsPrint({ rates, day, month }) {
  return [...rates.map((rate) => `${rate.count}/${rate.size}${rate.unit}`),
    day === '' ? null : `${day}/day`, month === '' ? null : `${month}/month`].filter(Boolean).join(',');
}

/* The same in words: ["100 in any minute", "10,000 a day"]. */
function limitsWords(text) {
  const { rates, day, month } = limitsRead(text);

  return [...rates.map((rate) => `${count(rate.count)} in any ${windowWords(rate)}`),
    day === '' ? null : `${count(day)} a day`, month === '' ? null : `${count(month)} a month`].filter(Boolean);
}

/* For a cell of a list. */
export function limitsCell(text) {
  const words = text === null || text === undefined ? [] : limitsWords(text);

  return words.length === 0 ? 'no limit' : el('ul', { class: 'plainlist' }, words.map((line) => el('li', {}, line)));
}

function numberInput(label, value, described) {
  return el('input', {
    type: 'text', inputmode: 'numeric', pattern: '[0-9]*', size: 9, autocomplete: 'off', 'aria-label': label,
    'aria-describedby': described, value,
  });
}

/* One rate: "at most [100] in any [1] [minute]". */
function rateLine(rate, described, remove) {
  const most = numberInput('Calls at most', rate.count, described);
  const size = numberInput('in any so many', rate.size, described);
  const unit = el('select', { 'aria-label': 'seconds, minutes, hours or days' }, units.slice(0, 4).map(([letter, name]) =>
    el('option', { value: letter, selected: letter === rate.unit }, `${name}s`)));
  const line = el('p', { class: 'limitline' }, 'At most ', most, ' in any ', size, ' ', unit, ' ',
    el('button', { type: 'button', class: 'plain small', onclick: () => remove(line) }, 'Remove',
      el('span', { class: 'unseen' }, ' this rate')));

  return {
    line,
    most,
    read: () => ({ count: most.value.trim(), size: size.value.trim(), unit: unit.value }),
  };
}

/* A field of fields.js (custom) whose value is the text; none is what it means where there is no limit. */
export function limitsField({ value, none = 'No limit: as many calls as anybody likes.' }, described) {
  const start = limitsRead(value);
  const lines = [];
  const place = el('div', {});
  const day = numberInput('Calls at most a day', start.day, described);
  const month = numberInput('Calls at most a month', start.month, described);
  const said = el('p', { class: 'hint', 'aria-live': 'polite' });
  const add = el('button', { type: 'button', class: 'plain small', onclick: () => put({ count: '', size: 1, unit: 'm' }).most.focus() },
    'Add a rate');

  const text = () => limitsPrint({
    rates: lines.map((one) => one.read()).filter((rate) => rate.count !== ''),
    day: day.value.trim(),
    month: month.value.trim(),
  });

  function tellWords() {
    const wrong = /[^0-9]/.test([...lines.flatMap((one) => [one.read().count, one.read().size]), day.value, month.value].join('').trim());
    const words = wrong ? [] : limitsWords(text());

    add.hidden = lines.length >= RATES_MOST;
    replace(said, wrong ? 'Whole numbers alone, please.' :
      words.length === 0 ? none : `So: ${words.join(', ')}.`);
  }

  function put(rate) {
    const one = rateLine(rate, described, (line) => {
      lines.splice(lines.findIndex((other) => other.line === line), 1);
      line.remove();
      tellWords();
      add.focus();
    });

    lines.push(one);
    place.append(one.line);
    tellWords();
    return one;
  }

  const element = el('div', { class: 'limitfield', id: freshId('limits'), oninput: tellWords }, place, el('p', {}, add),
    el('p', { class: 'limitline' }, 'At most ', day, ' a day'),
    el('p', { class: 'limitline' }, 'At most ', month, ' a month'), said);

  start.rates.forEach(put);
  tellWords();
  const before = text();

  // What nobody has touched is as it was written: 60s is not told as a change to 1m.
  return { element, control: day, value: () => (text() === before ? value ?? '' : text()) };
}
