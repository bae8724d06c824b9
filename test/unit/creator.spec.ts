import { describe, expect, it } from 'vitest';
import type { UserId } from '../../src/chunked-upload/chunked-upload.context.js';
import { UserMistake, creatorIn, creatorOf } from '../../src/chunked-upload/creator.js';
import { userOfRequest } from '../../src/chunked-upload/protocols/http/caller.js';

/** As bson has it: what it holds is no text, and in no way one of its own properties. */
class ObjectId {
  readonly id = Buffer.from('507f1f77bcf86cd799439011', 'hex');

  toHexString(): string {
    return this.id.toString('hex');
  }
}

describe('An id of a user', () => {
  it.each([
    ['ann', 'ann'],
    [' ann ', ' ann '],
    ['7', '7'],
    [7, '7'],
    [0, '0'],
    [Number.MAX_SAFE_INTEGER, '9007199254740991'],
    [9_007_199_254_740_993n, '9007199254740993'],
    [new ObjectId(), '507f1f77bcf86cd799439011'],
    [null, null],
    [undefined, null],
  ])('%o is kept as %o', (user, text) => {
    expect(creatorOf(user)).toBe(text);
  });

  it.each<[string, unknown]>([
    ['an empty text', ''],
    ['a text with a NUL, which no row can hold', 'an\0n'],
    ['half of a letter, which a row would hold as another', '\uD800'],
    ['no number', Number.NaN],
    ['a number that others share', 2 ** 53],
    ['a number that is not whole', 1.5],
    ['an endless number', Infinity],
    ['yes', true],
    ['no', false],
    ['a user', { id: 7 }],
    ['an object of no class', Object.create(null)],
    ['a list', ['ann']],
    ['bytes', Buffer.from('ann')],
    ['a time', new Date()],
    ['a function', () => 'ann'],
    ['a symbol', Symbol('ann')],
    ['an ObjectId that answers nothing', { toHexString: () => undefined }],
    ['an ObjectId that is empty', { toHexString: () => '' }],
  ])('is not %s', (_, user) => {
    expect(() => creatorOf(user as UserId)).toThrow(UserMistake);
    expect(() => creatorOf(user as UserId)).toThrow(/option "user"/);
  });

  it('is not repeated in the error', () => {
    expect(() => creatorOf({ password: 'secret' } as never)).toThrow(/an object with password/);
    expect(() => creatorOf('s\0ecret')).toThrow(/^(?!.*ecret)/s);
  });
});

describe('The caller of the service', () => {
  it('is anonymous where that is said', () => {
    expect(creatorIn({ creator: null })).toBeNull();
    expect(creatorIn({ creator: 'ann' })).toBe('ann');
  });

  it('is nobody where nothing is said', () => {
    expect(() => creatorIn({ creator: undefined } as never)).toThrow(/needs a "creator"/);
    expect(() => creatorIn({} as never)).toThrow(UserMistake);
    expect(() => creatorIn({ creator: '' })).toThrow(UserMistake);
  });
});

describe('Without the option, the user of a request', () => {
  it.each<[string, unknown, UserId]>([
    ['its id', { id: 7, userId: 8, sub: '9' }, 7],
    ['else its userId, as with Passport', { userId: 8, username: 'ann', sub: '9' }, 8],
    ['else its sub, as with JWT', { sub: '9', username: 'ann' }, '9'],
    ['the next one where one is null', { id: null, userId: undefined, sub: '9' }, '9'],
    ['nobody without a user', undefined, null],
    ['nobody with a null', null, null],
    ['nobody with the false of Passport', false, null],
    ['an empty id, which is refused later and nobody else', { id: '', sub: '9' }, ''],
    ['a zero', { id: 0, sub: '9' }, 0],
  ])('is %s', (_, user, id) => {
    expect(userOfRequest({ user })).toBe(id);
  });

  it.each<[string, unknown]>([
    ['an object with email, roles', { email: 'ann@example.com', roles: [] }],
    ['an object with id', { id: null }],
    ['an object without properties', {}],
    ['a text', 'ann'],
    ['an empty text', ''],
    ['a boolean', true],
    ['0', 0],
  ])('is a mistake where it is %s', (what, user) => {
    expect(() => userOfRequest({ user })).toThrow(UserMistake);
    expect(() => userOfRequest({ user })).toThrow(
      `The option "user" is needed: request.user is ${what}`,
    );
  });
});
