/*
 * docs.js: Swagger UI on this service, with nothing of any other. Who is logged in on the other
 * pages, or is let in by "Authorize", finds the models described that this one may use.
 */
import { askJson } from './api.js';
import { kind } from './session.js';

const DOCUMENT = new URL('../openapi.json', import.meta.url).href;

async function described() {
  if (kind() === 'none') return {};
  try {
    return { spec: await askJson('GET', 'openapi.json') };
  } catch {
    return {};
  }
}

/* The headers of what "Authorize" was given. */
function headers(given) {
  for (const [way, { value, token }] of Object.entries(given)) {
    if (way === 'key') return { 'X-API-Key': value };
    return { Authorization: `Bearer ${token?.access_token ?? value}` };
  }
  return {};
}

/* Has the document read again, as who is let in sees it; without one that holds it stays. */
function anew(original, system) {
  return (given) => {
    const done = original(given);

    fetch(DOCUMENT, { headers: headers(given.auth ? { [given.auth.name]: given } : given), cache: 'no-store' })
      .then((answer) => (answer.ok ? answer.text() : null))
      .then((text) => { if (text !== null) system.specActions.updateSpec(text); })
      .catch(() => {});
    return done;
  };
}

window.SwaggerUIBundle({
  dom_id: '#docs',
  url: DOCUMENT,
  presets: [window.SwaggerUIBundle.presets.apis],
  plugins: [{ statePlugins: { auth: { wrapActions: { authorize: anew, authorizeOauth2: anew } } } }],
  layout: 'BaseLayout',
  deepLinking: true,
  docExpansion: 'none',
  defaultModelsExpandDepth: 0,
  validatorUrl: null,
  ...await described(),
});
