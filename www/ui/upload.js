/*
 * upload.js: sends a file and tells how far it is, which fetch cannot.
 */
import { Problem, address, ask } from './api.js';
import { credentials } from './session.js';

function headersOf(request) {
  return { get: (name) => request.getResponseHeader(name) };
}

function answerOf(request) {
  try {
    return JSON.parse(request.responseText);
  } catch {
    return {};
  }
}

/*
 * The JSON that a file is answered with.  A Problem is thrown where it is refused.
 *
 *   type     its content type
 *   query    {name: value}
 *   each     (bytes sent, bytes in all) => void
 *   signal   of an AbortController: ends it, with a Problem
 */
export async function upload(path, file, { type, query, each, signal }) {
  const url = new URL(address(path));

  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== '') url.searchParams.set(name, value);
  }
  await ask('GET', 'protected'); // the token is renewed before, not after the file is sent
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    let sent = 0;

    request.open('POST', url);
    for (const [name, value] of Object.entries({ Accept: 'application/json', 'Content-Type': type, ...credentials() })) {
      request.setRequestHeader(name, value);
    }
    request.upload.addEventListener('progress', (event) => {
      sent = event.loaded;
      each(event.loaded, event.total);
    });
    request.addEventListener('load', () => {
      if (request.status < 300) resolve(answerOf(request));
      else reject(new Problem(request.status, answerOf(request), headersOf(request)));
    });
    request.addEventListener('error', () => reject(new Problem(0, sent === 0 ? {} :
      { detail: 'The connection ended while the file was sent. It may be larger than the service takes.' })));
    request.addEventListener('abort', () => reject(new Problem(0, { detail: 'It was stopped; nothing was taken.' })));
    signal?.addEventListener('abort', () => request.abort());
    request.send(file);
  });
}
