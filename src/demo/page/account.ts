/** Passwords of the users that the demo makes up. A real page has a session instead. */
const PASSWORDS: Readonly<Record<string, string>> = {
  alice: 'alice-pw',
  bob: 'bob-pw',
  admin: 'admin-pw',
};

/** The headers that tell the server who asks. @param user a name; empty: anonymous */
export function headersOf(user: string): Record<string, string> {
  const password = PASSWORDS[user];
  return password === undefined ? {} : { Authorization: `Basic ${btoa(`${user}:${password}`)}` };
}
