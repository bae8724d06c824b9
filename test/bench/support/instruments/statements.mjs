import { Client } from 'pg';
import { countCalls } from './calls.mjs';

const LENGTH = 80;

/** The beginning of a statement, long enough to know it by. */
const labelOf = (query) => {
  const text = (typeof query === 'string' ? query : query.text).replaceAll(/\s+/g, ' ').trim();
  return `sql ${text.length > LENGTH ? `${text.slice(0, LENGTH)}…` : text}`;
};

/** Counts the statements of this process, transactions' own included. */
export const countStatements = () =>
  countCalls(Client.prototype, 'query', ([query]) => labelOf(query));
