/*
 * paged.js: lists of the service that count from an offset, for list.js.
 */
import { askJson } from './api.js';

/* A fetch for list(): the rows are the member of this name. */
export function paged(path, member, query = () => ({})) {
  return async (next) => {
    const offset = next ?? 0;
    const page = await askJson('GET', path, { query: { ...query(), limit: 50, offset } });
    const reached = offset + page[member].length;

    return { rows: page[member], next: reached < page.total ? reached : null };
  };
}
