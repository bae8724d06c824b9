/** Does all of it, so many at once; stops at the first that fails, when those under way have ended. */
export async function inLanes<E>(
  elements: Iterable<E>,
  lanes: number,
  act: (element: E) => Promise<void>,
): Promise<void> {
  const left = [...elements];
  let failure: { readonly error: unknown } | null = null;
  const run = async (): Promise<void> => {
    while (left.length > 0 && !failure) {
      try {
        await act(left.shift() as E);
      } catch (error) {
        failure ??= { error };
      }
    }
  };
  await Promise.all(Array.from({ length: lanes }, run));
  if (failure) throw (failure as { readonly error: unknown }).error;
}
