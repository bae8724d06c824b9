/**
 * Hands properties that were set before the script was there, which hide those of the class, to the
 * class.
 */
export function upgradeProperties<Name extends string>(
  element: { [Key in Name]: unknown },
  ...names: readonly Name[]
): void {
  for (const name of names) {
    if (!Object.hasOwn(element, name)) continue;
    const { [name]: value } = element;
    delete (element as Partial<typeof element>)[name];
    element[name] = value;
  }
}
