/*
 * admin_compare.js: two versions of a model on the same rows: where they differ, and which of
 * the two is right.
 */
import { sheet } from './admin_parts.js';
import { ofFile, only } from './admin_upload.js';
import { Problem, ask, askJson } from './api.js';
import { bars, number, percent } from './chart.js';
import { el, replace } from './dom.js';
import { form } from './fields.js';

const figures = [['accuracy', 'Accuracy'], ['f1_macro', 'F1 (macro)'], ['log_loss', 'Log loss'],
  ['right_alone', 'Rows that it alone has right'], ['r2', 'R²'], ['mae', 'Mean absolute error'], ['rmse', 'Root mean squared error']];
const sources = [['file', 'a file of rows'], ['kept', 'the rows that are kept']];

/* Numbers stand right, words left. */
function table(title, head, rows) {
  const side = (cell) => (/^[\d.,<>-]*$/.test(cell) ? 'number' : null);

  return el('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': title }, el('table', {},
    el('caption', {}, title),
    el('thead', {}, el('tr', {}, head.map((name, i) => el('th', { scope: 'col', class: i > 0 ? side(rows[0]?.[i] ?? '') : null }, name)))),
    el('tbody', {}, rows.map((row) => el('tr', {}, row.map((cell, i) =>
      (i === 0 ? el('th', { scope: 'row' }, cell) : el('td', { class: side(cell) }, cell))))))));
}

const answerText = (answer, k) => (answer.label === undefined ? number(answer.value) :
  `${answer.label}${answer.probabilities ? ` ${percent(Math.max(...answer.probabilities))}` : ''}`) + (k ?? '');

function shown(found, a, b) {
  const nameA = `Version ${a}`;
  const nameB = `Version ${b}`;
  const apart = found.confusion?.filter((pair) => pair.a !== pair.b) ?? [];

  return el('section', { class: 'found' },
    el('h3', { tabindex: '-1' }, found.differ === 0 ? 'They answer the same' : `They differ in ${number(found.differ)} of ${number(found.rows)} rows`),
    bars('Rows', [{ name: 'the same answer', value: found.agree / found.rows }, { name: 'another answer', value: found.differ / found.rows }]),
    el('p', {}, `The ${found.compared} is ${number(found.apart_mean)} apart on average, and ${number(found.apart_most)} at most.`),
    found.truth === undefined ? el('p', { class: 'hint' }, 'The rows do not say what is true: a column of the target would tell which of the two is right.') :
      table(`By the column ${found.truth.target}, in ${number(found.truth.rows)} rows`, ['Figure', nameA, nameB],
        figures.filter(([name]) => typeof found.truth.a[name] === 'number' || typeof found.truth.b[name] === 'number')
          .map(([name, label]) => [label, number(found.truth.a[name]), number(found.truth.b[name])])),
    apart.length === 0 ? null : table('Which answers differ', [`${nameA} says`, `${nameB} says`, 'Rows'],
      apart.map((pair) => [pair.a, pair.b, number(pair.rows)])),
    found.rows_that_differ.length === 0 ? null : table('The first rows that differ', ['Line', nameA, nameB, 'Apart'],
      found.rows_that_differ.map((row) => [number(row.line), answerText(row.a), answerText(row.b), number(row.apart)])));
}

async function rowsOf(name, source, file) {
  if (source === 'file') {
    if (file === '') throw new Problem(422, { errors: [{ field: 'file', problem: 'No file is chosen', allowed: 'CSV with a header, or an array of NumPy\'s' }] });
    return { body: file, type: file.name.endsWith('.npy') ? 'application/x-npy' : 'text/csv' };
  }
  const kept = await (await ask('GET', `admin/models/${encodeURIComponent(name)}/kept`, { query: { columns: 'all' }, accept: 'text/csv' })).text();

  if (kept.trim().split('\n').length < 2) throw new Problem(422, { errors: [{ field: 'source', problem: 'No row is kept yet', allowed: 'a file of rows' }] });
  // The truth stands in a column of that name, or with _ before it where a feature has that.
  return { body: kept, type: 'text/csv', target: kept.slice(0, kept.indexOf('\n')).trim().split(',').findLast((name) => /^_*truth$/.test(name)) };
}

export function compareSheet(model) {
  const numbers = model.versions.map(({ version, state }) => [String(version), `${version} (${state})`]).reverse();
  const serving = model.versions.find(({ state }) => state === 'serving')?.version ?? numbers[0][0];
  const other = model.versions.findLast(({ version }) => version !== serving).version;
  const result = el('div', { 'aria-live': 'polite' });

  sheet(`Compare versions of ${model.name}`, [
    only(form({
      fields: [
        { name: 'a', label: 'Version', options: numbers, value: String(serving) },
        { name: 'b', label: 'with version', options: numbers, value: String(other) },
        { name: 'source', label: 'On', options: sources, value: model.keep === null ? 'file' : 'kept' },
        {
          name: 'file', label: 'File of rows', type: 'file', accept: '.csv,.npy,text/csv',
          hint: 'CSV with a header that names the features, or .npy. With a column of what is true it is told which version is right.',
        },
        { name: 'target', label: 'Column of what is true', hint: 'If nothing is said, the one that the version was trained to predict.' },
      ],
      verb: 'Compare',
      send: async ({ a, b, source, file, target }) => {
        replace(result);
        const { target: column, ...rows } = await rowsOf(model.name, source, file ?? '');
        const found = await ofFile(askJson('POST', `admin/models/${encodeURIComponent(model.name)}/compare`,
          { ...rows, query: { a, b, target: source === 'file' ? target : column } }));

        return { a, b, found };
      },
      done: ({ a, b, found }) => {
        replace(result, shown(found, a, b));
        result.querySelector('h3').focus();
      },
    }), 'source', 'file', ['File of rows', 'Column of what is true']), result,
  ]);
}
