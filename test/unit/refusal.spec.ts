import { QueryFailedError } from 'typeorm';
import { describe, expect, it } from 'vitest';
import { ChunkedUploadError } from '../../src/chunked-upload/chunked-upload.errors.js';
import { databaseFailure, isConflict } from '../../src/chunked-upload/database/database-failure.js';
import { NoAnswer } from '../../src/chunked-upload/database/no-answer.js';
import { NoConnection } from '../../src/chunked-upload/database/no-connection.js';
import { isRefusal } from '../../src/chunked-upload/database/refusal.js';

// Errors of a real Postgres: test/e2e/refusals.spec.ts.

function fromServer(code: string): Error {
  return Object.assign(new Error(code), { code, severity: 'ERROR' });
}

function fromNode(code: string, syscall?: string): Error {
  return Object.assign(new Error(`${syscall} ${code}`), { code, syscall, errno: -1 });
}

function byTypeOrm(error: Error): Error {
  return new QueryFailedError('COMMIT', [], error);
}

/** What is thrown on, as the repositories do. */
function failure(error: unknown): unknown {
  try {
    return databaseFailure(error);
  } catch (thrown) {
    return thrown;
  }
}

const refused: [string, Error][] = [
  ['a unique violation', fromServer('23505')],
  ['a foreign key', fromServer('23503')],
  ['a deferred check at COMMIT', fromServer('23514')],
  ['a number out of range', fromServer('22003')],
  ['a serialization failure', fromServer('40001')],
  ['a deadlock', fromServer('40P01')],
  ['a lock that was not to be had', fromServer('55P03')],
  ['no more memory', fromServer('53200')],
  ['too many connections', fromServer('53300')],
  ['a read-only server', fromServer('25006')],
  ['an aborted transaction', fromServer('25P02')],
  ['no such table', fromServer('42P01')],
  ['a wrong password', fromServer('28P01')],
  ['a host that does not listen', fromNode('ECONNREFUSED', 'connect')],
  ['a host that cannot be reached', fromNode('EHOSTUNREACH', 'connect')],
  ['a host that does not answer', fromNode('ETIMEDOUT', 'connect')],
  ['a socket that is not there', fromNode('ENOENT', 'connect')],
  ['a name that is none', fromNode('ENOTFOUND', 'getaddrinfo')],
  ['a name server that is away', fromNode('EAI_AGAIN', 'getaddrinfo')],
  [
    'a host with two addresses that does not listen',
    Object.assign(new AggregateError([fromNode('ECONNREFUSED', 'connect')]), {
      code: 'ECONNREFUSED',
    }),
  ],
  ['a pool that is used up', new Error('timeout exceeded when trying to connect')],
  ['a slow handshake', new Error('Connection terminated due to connection timeout')],
  ['a pool that has ended', new Error('Cannot use a pool after calling end on the pool')],
  [
    'a connection that was lost before',
    new Error('Client has encountered a connection error and is not queryable'),
  ],
  ['a connection that was closed before', new Error('Client was closed and is not queryable')],
  ['no connection within the limit', new NoConnection('No connection within 100 ms')],
  [
    'a connection that was lost as it was made',
    new NoConnection('No connection', { cause: new Error('Connection terminated unexpectedly') }),
  ],
  [
    'a server that is just starting',
    new NoConnection('No connection', { cause: fromServer('57P03') }),
  ],
];

const unknown: [string, unknown][] = [
  ['a connection that was lost', new Error('Connection terminated unexpectedly')],
  ['a connection that was closed', new Error('Connection terminated')],
  ['a connection that was reset', fromNode('ECONNRESET', 'read')],
  ['a connection that ended while it was written to', fromNode('EPIPE', 'write')],
  ['a connection that TCP gave up', fromNode('ETIMEDOUT', 'read')],
  ["pg's own time-out", new Error('Query read timeout')],
  ['no answer within the limit', new NoAnswer(100)],
  ['a connection failure that a server tells of', fromServer('08006')],
  ['a transaction whose end is unknown', fromServer('08007')],
  ['what PgBouncer says', fromServer('08P01')],
  ['an administrator', fromServer('57P01')],
  ['a crash', fromServer('57P02')],
  ['a server that is starting or stopping', fromServer('57P03')],
  ['an idle transaction', fromServer('25P03')],
  ['a long transaction', fromServer('25P04')],
  ['a completion that is unknown', fromServer('40003')],
  ["the server's disk", fromServer('58030')],
  ['a server with an error of its own', fromServer('XX000')],
  ['a code without a server', Object.assign(new Error('odd'), { code: '23505' })],
  ['a bug', new TypeError('undefined is not a function')],
  ['no error at all', undefined],
  ['no error object', 'Connection refused'],
];

describe('isRefusal', () => {
  it.each(refused)('%s: definitely refused', (_, error) => {
    expect(isRefusal(error)).toBe(true);
    expect(isRefusal(byTypeOrm(error))).toBe(true);
    expect(isRefusal(failure(error))).toBe(true);
    expect(isRefusal(failure(byTypeOrm(error)))).toBe(true);
    expect(isRefusal(ChunkedUploadError.invalidField('a', 'b', byTypeOrm(error)))).toBe(true);
  });

  it.each(unknown)('%s: unknown', (_, error) => {
    expect(isRefusal(error)).toBe(false);
    expect(isRefusal(failure(error))).toBe(false);
    if (error instanceof Error) {
      expect(isRefusal(byTypeOrm(error))).toBe(false);
      expect(isRefusal(failure(byTypeOrm(error)))).toBe(false);
    }
  });

  it('what this library says without a cause is about something else', () => {
    expect(isRefusal(ChunkedUploadError.busy())).toBe(false);
    expect(isRefusal(ChunkedUploadError.unavailable('The server is shutting down'))).toBe(false);
  });
});

describe('databaseFailure', () => {
  const states =
    '08006 08P01 25006 25P03 25P04 40001 40003 40P01 53100 53300 55P03 57014 57P01 57P02 57P03 ' +
    '57P04 57P05 58030';
  const away = states.split(' ').map((code): [string, Error] => [code, fromServer(code)]);
  const messages = [
    'Connection terminated',
    'Connection terminated unexpectedly',
    'Connection terminated due to connection timeout',
    'Query read timeout',
    'timeout exceeded when trying to connect',
    'timeout expired',
    'Client has encountered a connection error and is not queryable',
    'Client was closed and is not queryable',
    'Cannot use a pool after calling end on the pool',
    'Driver not Connected',
  ].map((message): [string, Error] => [message, new Error(message)]);
  const codes = ['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', 'EAI_AGAIN'].map(
    (code): [string, Error] => [code, fromNode(code)],
  );
  const ours: [string, Error][] = [
    ['no answer', new NoAnswer(100)],
    ['no connection', new NoConnection('No connection within 100 ms')],
  ];

  it.each([...away, ...messages, ...codes, ...ours])('%s: unavailable', (_, error) => {
    for (const each of [error, byTypeOrm(error)]) {
      expect(failure(each)).toMatchObject({ code: 'unavailable', cause: each });
    }
    const unsent = new NoConnection('No connection', { cause: error });
    expect(failure(unsent)).toMatchObject({ code: 'unavailable', cause: unsent });
  });

  it.each(['22P02', '23505', '25P02', '28P01', '3D000', '42P01', 'XX001'])(
    '%s stays what it is',
    (code) => {
      const error = byTypeOrm(fromServer(code));
      expect(failure(error)).toBe(error);
      const unsent = new NoConnection('No connection', { cause: error });
      expect(failure(unsent)).toBe(error);
    },
  );

  it.each([
    new TypeError('x is not a function'),
    fromNode('ERR_INVALID_ARG_TYPE'),
    new Error('Person has encountered a problem'),
  ])('%s stays what it is', (error) => {
    expect(failure(error)).toBe(error);
  });
});

describe('isConflict', () => {
  it.each(['40001', '40P01'])('%s, below whatever', (code) => {
    const error = byTypeOrm(fromServer(code));
    expect(isConflict(error)).toBe(true);
    expect(isConflict(failure(error))).toBe(true);
  });

  it.each(['40003', '55P03', '57014', '23505'])('not %s', (code) => {
    expect(isConflict(byTypeOrm(fromServer(code)))).toBe(false);
  });
});
