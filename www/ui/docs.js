/*
 * docs.js: Swagger UI on this service, with nothing of any other. Who is logged in, or has given
 * a key on the other pages, finds the models described that this one may use; what is tried out
 * goes with what "Authorize" was given.
 */
import { askJson } from './api.js';
import { kind } from './session.js';

async function described() {
  if (kind() === 'none') return {};
  try {
    return { spec: await askJson('GET', 'openapi.json') };
  } catch {
    return {};
  }
}

window.SwaggerUIBundle({
  dom_id: '#docs',
  url: new URL('../openapi.json', import.meta.url).href,
  presets: [window.SwaggerUIBundle.presets.apis],
  layout: 'BaseLayout',
  deepLinking: true,
  docExpansion: 'none',
  defaultModelsExpandDepth: 0,
  validatorUrl: null,
  ...await described(),
});
